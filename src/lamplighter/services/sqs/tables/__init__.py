"""Read and write the tables of SQS."""
