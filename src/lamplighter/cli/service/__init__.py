"""The service that runs an engine: a unit of systemd."""
