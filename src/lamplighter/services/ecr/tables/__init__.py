"""Store the data of ECR."""
