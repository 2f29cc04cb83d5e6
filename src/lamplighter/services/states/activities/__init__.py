"""Activities and task tokens: work done by programs of the user."""
