"""CloudWatch Logs: groups, streams, events, and the patterns that find them.

Promises that what PutLogEvents accepted is on disk when it answers, and is read in AWS's order. Metric filters and
subscription filters are kept and shown; nothing is made of what they match. Refuses to know who writes.
"""
