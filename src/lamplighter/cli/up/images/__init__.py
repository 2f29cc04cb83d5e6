"""Build the images of jobs for `up`."""
