"""The tables of Step Functions."""
