"""Activities and task tokens, for work that programs of the user do."""
