"""Put runs, attempts and times into words and columns."""
