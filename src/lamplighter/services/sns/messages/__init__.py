"""Publish, sign and format messages."""
