"""How far apart the times of a job are: from that follows how long nobody has to wait before a run is missing."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from heapq import merge
from itertools import islice, pairwise, takewhile

from lamplighter.jobs.file.model import Job
from lamplighter.lang.schedule.expression import parse_schedule

START = 1_767_225_600_000
"""2026-01-01T00:00:00Z: the same file has to give the same template whenever it is read."""
DAY = 86_400_000
YEAR = 366 * DAY
MOST_TIMES = 3_000


def longest_interval(job: Job) -> int | None:
    """The longest time in seconds from one start to the next; None where there is no next one."""
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
    """Gaps that are longer than those that are known, in the rest of a year that has too many times to look at all."""
    for day in range(after, START + YEAR, DAY):
        following = next(times(day), None)
        if following is not None and following - day > known:
            before = list(takewhile(day.__ge__, times(day - DAY)))
            yield following - (before[-1] if before else day)
