"""Deliveries: one message to one subscription, with retries and a dead-letter queue."""
