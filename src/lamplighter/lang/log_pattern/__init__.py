"""Filter patterns of CloudWatch Logs."""
