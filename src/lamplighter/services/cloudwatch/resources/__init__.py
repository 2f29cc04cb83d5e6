"""Implement dashboards, metric streams, rules of Contributor Insights, anomaly detectors, and all tags."""
