"""Run distributed Maps: read the items, run the child executions and write the results."""
