"""Map Runs: items read, child executions run, results written."""
