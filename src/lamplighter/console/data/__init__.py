"""Read through a port the data that the pages show."""
