"""Findings about a job file that is valid but may surprise its owner."""
