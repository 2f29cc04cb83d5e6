"""Read the jobs that pages show."""
