"""Compute the success rate of runs and their typical duration.

Skipped runs count neither as a success nor as a failure, because their job did not start.
"""

from collections.abc import Sequence
from statistics import median

from lamplighter.base.json_text import Json
from lamplighter.runs.jobs.skipped_runs import SKIPPED
from lamplighter.runs.recovery import SUCCEEDED
from lamplighter.runs.run import is_running


def success_rate(executions: Sequence[Json]) -> float | None:
    """Return the success rate of the ended executions of a list, from 0 to 1; None if no execution has ended."""
    ended = [each["status"] for each in executions if each["status"] != SKIPPED and not is_running(each["status"])]
    return ended.count(SUCCEEDED) / len(ended) if ended else None


def median_seconds(executions: Sequence[Json], durations: Sequence[float | None]) -> float | None:
    """Return the median of the known durations of the succeeded executions in seconds; None if there is none."""
    took = zip(executions, durations, strict=True)
    known = [seconds for each, seconds in took if each["status"] == SUCCEEDED and seconds is not None]
    return median(known) if known else None
