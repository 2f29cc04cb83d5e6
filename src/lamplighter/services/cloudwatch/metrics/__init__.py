"""Implement metrics: PutMetricData, metrics of the engine's own services, and statistics."""
