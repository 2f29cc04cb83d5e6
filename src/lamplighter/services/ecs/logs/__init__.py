"""Store the output of containers in files and send it to CloudWatch Logs."""
