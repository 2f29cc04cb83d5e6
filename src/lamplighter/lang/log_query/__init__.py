"""Compile and run queries of CloudWatch Logs Insights, pure: events in, rows out, a piece at a time."""
