"""Calculate the longest interval between a job's scheduled times; a longer time without a start means a missing run."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from heapq import merge
from itertools import islice, pairwise, takewhile

from lamplighter.jobs.file.model import Job
from lamplighter.lang.schedule.expression import parse_schedule

START = 1_767_225_600_000
"""2026-01-01T00:00:00Z, a fixed time, because the same file must always produce the same template."""
DAY = 86_400_000
YEAR = 366 * DAY
MOST_TIMES = 3_000


def longest_interval(job: Job) -> int | None:
    """Return the longest interval between two starts in seconds, or None if there are not two starts."""
    return _longest(job.schedule, job.timezone)


@lru_cache(maxsize=256)
def _longest(expressions: tuple[str, ...], zone: str) -> int | None:
    schedules = [each for each in map(parse_schedule, expressions) if each.kind != "at"]

    def times(after: int) -> Iterator[int]:
        return merge(*(each.times(after, zone) for each in schedules))

    looked = list(islice(times(START), MOST_TIMES))
    if len(looked) < 2:
        return None
    within = [time for time in looked if time <= START + YEAR]
    gap = max(later - earlier for earlier, later in pairwise(within if len(within) > 1 else looked))
    return max([gap, *_pauses(times, gap, looked[-1])]) // 1000


def _pauses(times: Callable[[int], Iterator[int]], known: int, after: int) -> Iterator[int]:
    """Yield longer intervals than `known` in the rest of a year with more than MOST_TIMES times."""
    for day in range(after, START + YEAR, DAY):
        following = next(times(day), None)
        if following is not None and following - day > known:
            before = list(takewhile(day.__ge__, times(day - DAY)))
            yield following - (before[-1] if before else day)
