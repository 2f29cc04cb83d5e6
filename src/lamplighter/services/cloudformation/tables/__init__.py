"""Read and write the tables of CloudFormation."""
