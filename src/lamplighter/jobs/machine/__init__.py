"""Compile a job into a state machine in the Amazon States Language."""
