"""Create, confirm, filter and end subscriptions."""
