"""The log of `up` and its alerts about files."""
