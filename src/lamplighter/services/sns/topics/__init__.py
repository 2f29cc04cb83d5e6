"""Topics, their access policies and their tags."""
