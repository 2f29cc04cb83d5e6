"""Make the calls of Task states, and follow the work that some of them start."""
