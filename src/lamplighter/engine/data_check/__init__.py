"""Check a data directory for damage and leftovers, without changing it."""
