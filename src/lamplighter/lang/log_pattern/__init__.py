"""Match log events against the filter patterns of CloudWatch Logs."""
