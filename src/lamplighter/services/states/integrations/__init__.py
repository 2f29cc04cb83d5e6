"""What the resource of a Task state means: its operation, parameters, role, and how its work is followed."""
