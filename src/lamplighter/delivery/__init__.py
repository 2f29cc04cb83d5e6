"""Deliver what services send on behalf of a user: calls to targets, and the notifications of SNS.

`attempts.py` decides between a retry and the end, for all senders. `delivery_queue.py` guarantees for calls what
EventBridge guarantees: retries with backoff, then a dead-letter queue. This package does not know the senders.
"""
