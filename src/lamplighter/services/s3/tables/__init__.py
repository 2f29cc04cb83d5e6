"""Store the data of S3, a module for each table."""
