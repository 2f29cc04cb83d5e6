"""How each state of a run stands, worked out from the story of its history.

Promises one word for a state however often it was visited: of several visits on one path (a loop) the last counts, of
several paths (a Map) what is worst of what still matters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.runs.story import Story, Visit

WORST = ("RUNNING", "RETRYING", "FAILED", "TIMED_OUT", "ABORTED", "CAUGHT", "SUCCEEDED")
"""What is told of a state that stands differently on different paths: the first of these."""


@dataclass(frozen=True, slots=True)
class StateStatus:
    """One state."""

    name: str
    status: str
    """One of WORST."""
    paths: int
    """On how many paths it was visited: 1 but inside of a Map."""
    done: int
    """On how many of them it went well."""
    followers: Sequence[str]
    """The states that came next."""
    unclaimed: bool = False
    """Whether it runs an activity that no worker has taken up."""


def caught_exits(events: Sequence[Json]) -> frozenset[int]:
    """The events with which a Parallel or a Map was left whose failure was caught: its attempts are those inside."""
    failed = {event["id"] for event in events if event["type"] in ("ParallelStateFailed", "MapStateFailed")}
    left = (event for event in events if event["type"] in ("ParallelStateExited", "MapStateExited"))
    return frozenset(event["id"] for event in left if event["previousEventId"] in failed)


def state_statuses(story: Story, broken: frozenset[int] = frozenset()) -> Mapping[str, StateStatus]:
    """All states that were visited, by name; `broken` as the function has it."""
    last: dict[str, dict[tuple[str, ...], Visit]] = {}
    followers: dict[str, dict[str, None]] = {}
    for visit in story.visits:
        last.setdefault(visit.state, {})[visit.path] = visit
        if visit.follower is not None:
            followers.setdefault(visit.state, {})[visit.follower] = None
    return {
        name: _standing(story, name, list(paths.values()), broken, list(followers.get(name, ())))
        for name, paths in last.items()
    }


def _standing(
    story: Story, name: str, visits: Sequence[Visit], broken: frozenset[int], followers: Sequence[str]
) -> StateStatus:
    found = [visit_status(story, visit, broken) for visit in visits]
    worst, done = min(found, key=WORST.index), sum(each in ("SUCCEEDED", "CAUGHT") for each in found)
    latest = [story.attempts[visit.attempts[-1]] for visit in visits if visit.attempts]
    unclaimed = any(each.waits_for_worker and each.outcome == "running" for each in latest)
    return StateStatus(name, worst, len(found), done, followers, unclaimed)


def visit_status(story: Story, visit: Visit, broken: frozenset[int] = frozenset()) -> str:
    """How one visit stands."""
    if visit.exit in broken:
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
    return _given_up(visit, last.outcome if last is not None else None)


def _given_up(visit: Visit, outcome: str | None) -> str:
    """How a visit stands that nothing came of, in a run that is over."""
    if outcome == "timed out":
        return "TIMED_OUT"
    return "ABORTED" if outcome == "aborted" or (outcome is None and visit.kind == "Wait") else "FAILED"
