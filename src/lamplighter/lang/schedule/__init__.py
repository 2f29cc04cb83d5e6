"""Parse schedule expressions, `rate(…)`, `cron(…)`, `at(…)` and Unix cron, and compute their times in time zones."""
