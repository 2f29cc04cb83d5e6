"""Messages: sent, received, deleted, and waited for."""
