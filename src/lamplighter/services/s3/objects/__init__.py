"""Handle objects and their versions."""
