"""Read the log lines that pages show."""
