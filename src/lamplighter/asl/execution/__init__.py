"""An execution of a compiled definition: `advance` takes it from one event to the next."""
