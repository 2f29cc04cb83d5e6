"""Match events against the event patterns of EventBridge and the filter policies of SNS."""
