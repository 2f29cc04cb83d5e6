"""Serve the pages of the console, with one module for each page or section."""
