"""Register, validate and list task definitions."""
