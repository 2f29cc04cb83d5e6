"""Store the data of SNS, a module for each table."""
