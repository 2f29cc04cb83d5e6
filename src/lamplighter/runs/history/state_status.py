"""Work out the status of each state of a run from the story of its history.

Guarantees that each state has one status, however often the run visited the state. Of several visits on one path (a
loop), the last counts. Of several paths (a Map), the most severe status counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.runs.history.story import Attempt, Story, Visit

BY_SEVERITY = ("RUNNING", "RETRYING", "FAILED", "TIMED_OUT", "ABORTED", "CAUGHT", "SUCCEEDED")
"""The statuses in order of severity. If a state's status differs between paths, the first of these is shown."""

OUTCOME_STATUSES = {
    "running": "RUNNING", "succeeded": "SUCCEEDED", "failed": "FAILED", "timed out": "TIMED_OUT", "aborted": "ABORTED",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StateStatus:
    """The status of one state."""

    name: str
    status: str
    """One of `BY_SEVERITY`."""
    paths: int
    """The number of paths that visited the state: 1 outside a Map."""
    done: int
    """The number of those paths on which the state succeeded."""
    waits_for_worker: bool = False
    """Whether the state runs an activity that no worker has taken."""


def state_statuses(story: Story) -> Mapping[str, StateStatus]:
    """Return the status of every visited state by name."""
    last: dict[str, dict[tuple[str, ...], Visit]] = {}
    for visit in story.visits:
        last.setdefault(visit.state, {})[visit.path] = visit
    return {name: _merge_statuses(story, name, list(paths.values())) for name, paths in last.items()}


def _merge_statuses(story: Story, name: str, visits: Sequence[Visit]) -> StateStatus:
    found = [visit_status(story, visit) for visit in visits]
    worst, done = min(found, key=BY_SEVERITY.index), sum(each in ("SUCCEEDED", "CAUGHT") for each in found)
    latest = [each for visit in visits if (each := story.last_attempt(visit)) is not None]
    waits_for_worker = any(each.waits_for_worker and each.outcome == "running" for each in latest)
    return StateStatus(name, worst, len(found), done, waits_for_worker)


def visit_status(story: Story, visit: Visit) -> str:
    """Return the status of one visit."""
    if visit.left is not None:
        return "CAUGHT" if story.caught(visit) else "SUCCEEDED"
    last = story.last_attempt(visit)
    if story.outcome == "running":
        if visit.kind == "Fail":
            return "FAILED"
        return "RETRYING" if last is not None and last.failed else "RUNNING"
    if story.outcome in ("aborted", "timed out"):
        return OUTCOME_STATUSES[story.outcome]
    if last is not None and last.outcome in ("timed out", "aborted"):
        return OUTCOME_STATUSES[last.outcome]
    return "ABORTED" if last is None and visit.kind == "Wait" else "FAILED"


def attempt_status(visit: Visit, attempt: Attempt, *, from_job_file: bool) -> str:
    """Return the status of an attempt; `from_job_file` tells whether the machine was generated from a job file.

    A failed attempt of a helper state counts as caught if the run continued after it.
    """
    caught = from_job_file and attempt.supporting and attempt.failed and visit.left is not None
    return "CAUGHT" if caught else OUTCOME_STATUSES[attempt.outcome]
