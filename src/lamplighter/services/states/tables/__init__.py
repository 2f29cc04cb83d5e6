"""The database tables of Step Functions."""
