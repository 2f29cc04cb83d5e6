"""Templates as a stack uses them: read, transformed, and planned."""
