"""A job as a state machine in the Amazon States Language."""
