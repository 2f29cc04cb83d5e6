"""Compare two templates, and print their differences: no calls."""
