"""How far apart the times of a job are: from that follows how long nobody has to wait before a run is missing."""

from heapq import merge
from itertools import islice, pairwise

from lamplighter.jobs.model import Job
from lamplighter.lang.schedule import parse_schedule

START = 1_767_225_600_000
"""2026-01-01T00:00:00Z: the same file has to give the same template whenever it is read."""
YEAR = 366 * 86_400_000
MOST_TIMES = 3_000


def longest(job: Job) -> int | None:
    """The longest time in seconds from one start to the next; None where there is no next one."""
    schedules = [parse_schedule(expression) for expression in job.schedule]
    times = merge(*(each.times(START, job.timezone) for each in schedules if each.kind != "at"))
    looked = list(islice(times, MOST_TIMES))
    if len(looked) < 2:
        return None
    within = [time for time in looked if time <= START + YEAR]
    gaps = [later - earlier for earlier, later in pairwise(within if len(within) > 1 else looked)]
    return max(gaps) // 1000
