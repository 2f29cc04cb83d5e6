"""Build and push the images of jobs for `deploy`."""
