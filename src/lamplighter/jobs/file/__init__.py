"""Read and check a job file, and turn it into a `Project`."""
