"""Implement CloudWatch: metrics, and alarms that watch them.

Guarantees that an alarm's new state, its history, its event and the deliveries of its actions are one transaction, and
that no action is published twice. Metrics of the engine's own services are read from these services. Metric math is
computed; alarms on anomaly bands, Metrics Insights and PromQL are stored but not evaluated. Rejects alarms on logs.
"""
