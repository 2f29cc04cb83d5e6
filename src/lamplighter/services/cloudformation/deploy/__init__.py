"""The work of a stack operation: resources created, updated, deleted and rolled back."""
