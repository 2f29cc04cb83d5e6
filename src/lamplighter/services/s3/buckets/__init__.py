"""Handle buckets: their creation and deletion, their settings, and their lifecycle rules."""
