"""Parse schedule expressions, `success_rate(…)`, `cron(…)` and `at(…)`, and compute their times in time zones."""
