"""Store the data of the Parameter Store."""
