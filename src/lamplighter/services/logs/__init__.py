"""Implement CloudWatch Logs: groups, streams, events, and the patterns that find events.

Guarantees that events are on disk when PutLogEvents returns, and are read in AWS's order. Metric filters send their
values to CloudWatch. Subscription filters are only stored and shown. This package knows nothing of the services that
write log events.
"""
