"""What happened in a run and why it failed, read from its history: pure."""
