"""Define which calls create, update and delete a resource of each type."""
