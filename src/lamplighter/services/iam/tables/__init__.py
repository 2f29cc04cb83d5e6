"""Store IAM's roles, policies and instance profiles."""
