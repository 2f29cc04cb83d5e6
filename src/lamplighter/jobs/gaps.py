"""How far apart the times of a job are: from that follows how long nobody has to wait before a run is missing."""

from collections.abc import Iterator
from heapq import merge
from itertools import islice, pairwise, takewhile

from lamplighter.jobs.model import Job
from lamplighter.lang.schedule import parse_schedule

START = 1_767_225_600_000
"""2026-01-01T00:00:00Z: the same file has to give the same template whenever it is read."""
DAY = 86_400_000
YEAR = 366 * DAY
MOST_TIMES = 3_000


def longest(job: Job) -> int | None:
    """The longest time in seconds from one start to the next; None where there is no next one."""
    looked = list(islice(_times(job, START), MOST_TIMES))
    if len(looked) < 2:
        return None
    within = [time for time in looked if time <= START + YEAR]
    gap = max(later - earlier for earlier, later in pairwise(within if len(within) > 1 else looked))
    return max([gap, *_pauses(job, gap, looked[-1])]) // 1000


def _times(job: Job, after: int) -> Iterator[int]:
    schedules = [parse_schedule(expression) for expression in job.schedule]
    return merge(*(each.times(after, job.timezone) for each in schedules if each.kind != "at"))


def _pauses(job: Job, known: int, after: int) -> Iterator[int]:
    """Gaps that are longer than those that are known, in the rest of a year that has too many times to look at all."""
    for day in range(after, START + YEAR, DAY):
        following = next(_times(job, day), None)
        if following is not None and following - day > known:
            before = list(takewhile(day.__ge__, _times(job, day - DAY)))
            yield following - (before[-1] if before else day)
