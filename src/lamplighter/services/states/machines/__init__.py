"""State machines, their versions and aliases, and the validation of definitions."""
