"""The tables of CloudWatch Logs."""
