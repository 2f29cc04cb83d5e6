"""Determine which IAM permissions a job needs, and evaluate whether the policies of its roles grant them."""
