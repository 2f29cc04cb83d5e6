"""Metrics: PutMetricData, metrics of other services, and statistics."""
