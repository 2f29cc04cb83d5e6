"""Store the data of Secrets Manager."""
