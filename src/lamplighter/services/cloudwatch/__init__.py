"""CloudWatch: metrics, and alarms that watch them.

Promises that an alarm's new state, its history, its event and what its actions publish are one transaction, and that
nothing of it is told twice. Metrics of our own services are asked of them, where the facts are. Refuses what it could
not do as AWS does: alarms on metric math, on anomaly bands, on PromQL and on logs, and composite alarms.
"""
