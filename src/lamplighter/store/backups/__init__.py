"""Back up the data directory, and restore it."""
