"""Messages: published, signed, and formatted for each protocol."""
