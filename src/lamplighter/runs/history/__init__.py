"""What happened in a run, read from its history of events."""
