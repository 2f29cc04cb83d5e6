"""Schedule expressions: `rate(…)`, `cron(…)`, `at(…)`, and time zones."""
