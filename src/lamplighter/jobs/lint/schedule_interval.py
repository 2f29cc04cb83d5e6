"""Calculate the longest interval between a job's scheduled times; a longer time without a start means a missing run."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from heapq import merge
from itertools import islice, pairwise, takewhile

from lamplighter.jobs.file.model import Job
from lamplighter.lang.schedule.expression import parse_schedule

FIXED_START = 1_767_225_600_000
"""2026-01-01T00:00:00Z, a fixed time, because the same file must always produce the same template."""
DAY_MILLISECONDS = 86_400_000
YEAR_MILLISECONDS = 366 * DAY_MILLISECONDS
MAX_TIMES = 3_000


def longest_interval(job: Job) -> int | None:
    """Return the longest interval between two starts in seconds, or None if there are not two starts."""
    return _longest_interval(job.schedule, job.timezone)


@lru_cache(maxsize=256)
def _longest_interval(expressions: tuple[str, ...], zone: str) -> int | None:
    schedules = [each for each in map(parse_schedule, expressions) if each.kind != "at"]

    def times(after: int) -> Iterator[int]:
        return merge(*(each.times(after, zone) for each in schedules))

    first_times = list(islice(times(FIXED_START), MAX_TIMES))
    if len(first_times) < 2:
        return None
    within = [time for time in first_times if time <= FIXED_START + YEAR_MILLISECONDS]
    interval = max(later - earlier for earlier, later in pairwise(within if len(within) > 1 else first_times))
    return max([interval, *_longer_intervals(times, interval, first_times[-1])]) // 1000


def _longer_intervals(times: Callable[[int], Iterator[int]], known: int, after: int) -> Iterator[int]:
    """Yield longer intervals than `known` in the rest of a year with more than MAX_TIMES times."""
    for day in range(after, FIXED_START + YEAR_MILLISECONDS, DAY_MILLISECONDS):
        following = next(times(day), None)
        if following is not None and following - day > known:
            before = list(takewhile(day.__ge__, times(day - DAY_MILLISECONDS)))
            yield following - (before[-1] if before else day)
