"""Send random requests to every operation of every service, over HTTP in this process."""
