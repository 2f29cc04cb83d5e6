"""Read and write the tables of CloudWatch Logs."""
