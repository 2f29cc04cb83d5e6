"""The output of containers: kept in files and sent to CloudWatch Logs."""
