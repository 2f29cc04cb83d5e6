"""Parse schedule expressions, `rate(…)`, `cron(…)` and `at(…)`, and compute their times in time zones."""
