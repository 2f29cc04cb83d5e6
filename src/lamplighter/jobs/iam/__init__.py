"""Determine which IAM permissions a job needs, and whether its roles grant them."""
