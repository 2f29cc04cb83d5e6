"""Work out the status of each state of a run from the story of its history.

Guarantees that each state has one status, however often the run visited the state. Of several visits on one path (a
loop), the last counts. Of several paths (a Map), the most severe status counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.runs.story import Story, Visit

BY_SEVERITY = ("RUNNING", "RETRYING", "FAILED", "TIMED_OUT", "ABORTED", "CAUGHT", "SUCCEEDED")
"""The statuses in order of severity. If a state's status differs between paths, the first of these is shown."""


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
    followers: Sequence[str]
    """The states that followed."""
    waits_for_worker: bool = False
    """Whether the state runs an activity that no worker has taken."""


def caught_exits(events: Sequence[Json]) -> frozenset[int]:
    """Return the IDs of the exit events of a Parallel or a Map whose failure was caught."""
    failed = {event["id"] for event in events if event["type"] in ("ParallelStateFailed", "MapStateFailed")}
    left = (event for event in events if event["type"] in ("ParallelStateExited", "MapStateExited"))
    return frozenset(event["id"] for event in left if event["previousEventId"] in failed)


def state_statuses(story: Story, caught: frozenset[int] = frozenset()) -> Mapping[str, StateStatus]:
    """Return the status of every visited state by name; `caught` is from `caught_exits`."""
    last: dict[str, dict[tuple[str, ...], Visit]] = {}
    followers: dict[str, dict[str, None]] = {}
    for visit in story.visits:
        last.setdefault(visit.state, {})[visit.path] = visit
        if visit.follower is not None:
            followers.setdefault(visit.state, {})[visit.follower] = None
    return {
        name: _merge_statuses(story, name, list(paths.values()), caught, list(followers.get(name, ())))
        for name, paths in last.items()
    }


def _merge_statuses(
    story: Story, name: str, visits: Sequence[Visit], caught: frozenset[int], followers: Sequence[str]
) -> StateStatus:
    found = [visit_status(story, visit, caught) for visit in visits]
    worst, done = min(found, key=BY_SEVERITY.index), sum(each in ("SUCCEEDED", "CAUGHT") for each in found)
    latest = [story.attempts[visit.attempts[-1]] for visit in visits if visit.attempts]
    waits_for_worker = any(each.waits_for_worker and each.outcome == "running" for each in latest)
    return StateStatus(name, worst, len(found), done, followers, waits_for_worker)


def visit_status(story: Story, visit: Visit, caught: frozenset[int] = frozenset()) -> str:
    """Return the status of one visit."""
    if visit.exit in caught:
        return "CAUGHT"
    last = story.attempts[visit.attempts[-1]] if visit.attempts else None
    if visit.left is not None:
        return "CAUGHT" if last is not None and last.failed else "SUCCEEDED"
    if story.outcome == "running":
        if visit.kind == "Fail":
            return "FAILED"
        return "RETRYING" if last is not None and last.failed else "RUNNING"
    if story.outcome in ("aborted", "timed out"):
        return "ABORTED" if story.outcome == "aborted" else "TIMED_OUT"
    return _unfinished_status(visit, last.outcome if last is not None else None)


def _unfinished_status(visit: Visit, outcome: str | None) -> str:
    """Return the status of a visit that was not left before the run ended."""
    if outcome == "timed out":
        return "TIMED_OUT"
    return "ABORTED" if outcome == "aborted" or (outcome is None and visit.kind == "Wait") else "FAILED"
