"""Start, advance, log, redrive and describe executions."""
