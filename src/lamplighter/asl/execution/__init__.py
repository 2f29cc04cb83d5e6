"""Run an execution of a compiled definition: `advance` processes one event and returns the next step."""
