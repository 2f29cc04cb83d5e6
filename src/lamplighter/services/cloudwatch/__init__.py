"""CloudWatch: metrics, and alarms that watch them.

Promises that an alarm's new state, its history, its event and what its actions publish are one transaction, and that
nothing of it is told twice. Metrics of our own services are asked of them, where the facts are. Alarms on more
than one metric (math, anomaly bands, PromQL) are kept and not judged; composite alarms and those on logs are refused.
"""
