"""Event patterns of EventBridge and filter policies of SNS."""
