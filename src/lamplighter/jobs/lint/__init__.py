"""Find settings in a valid job file that may surprise the user."""
