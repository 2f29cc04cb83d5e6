"""Delivery: carrying calls to targets, for the services that call others on somebody's behalf.

Promises what EventBridge promises: retries with backoff, then a dead-letter queue. Refuses to know who sends and why.
"""
