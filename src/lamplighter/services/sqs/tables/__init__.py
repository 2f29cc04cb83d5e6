"""The tables of SQS."""
