"""Deliver calls to targets, for the services that call other services on behalf of a user.

Guarantees what EventBridge guarantees: retries with backoff, then a dead-letter queue. This package does not know the
senders or their reasons.
"""
