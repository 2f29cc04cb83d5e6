"""Read a build context and build images with Docker, for `up` and for `deploy`."""
