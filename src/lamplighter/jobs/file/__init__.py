"""The job file: read, checked, and turned into values."""
