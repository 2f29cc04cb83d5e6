"""TestState: run a single state without a state machine."""
