"""A state machine definition: its text checked, parsed and compiled."""
