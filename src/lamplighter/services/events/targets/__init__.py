"""Handle targets: turn events into calls, and authorise these calls."""
