"""Calculate how long a CloudWatch alarm waits for a run before it reports that none began.

"An alarm's total current evaluation period can be no longer than seven days, so Period multiplied by EvaluationPeriods
can't be more than 604,800 seconds. For alarms with a period of less than one hour (3,600 seconds), the total evaluation
period can't be longer than one day (86,400 seconds)."
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from lamplighter.jobs.file.model import Job

PERIODS = ((10 * 60, 60, 86_400), (6 * 3600, 300, 86_400), (7 * 86_400, 3600, 7 * 86_400))
"""Seconds that CloudWatch accepts: for intervals up to the first number, the period and the longest total."""
SLOT_CHECK_DELAY_SECONDS = 3600
"""Seconds that the machine SLOT_CHECK waits after a slot and its window before it checks whether a run began."""


def alarm_window(job: Job) -> tuple[int, int] | None:
    """Return the period in seconds and the number of periods of a job's alarm, or None if no alarm waits so long."""
    if job.longest_interval is None:
        return None
    wait_seconds = job.longest_interval + (job.window or 0)
    fits = [(step, wait_seconds // step + 2, span) for most, step, span in PERIODS if wait_seconds <= most]
    return next(((step, count) for step, count, span in fits if step * count <= span), None)
