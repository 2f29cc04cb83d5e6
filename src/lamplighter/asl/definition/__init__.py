"""Check, parse and compile the text of a state machine definition."""
