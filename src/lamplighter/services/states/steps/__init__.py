"""What a running execution is and waits for, and how a step of it is computed."""
