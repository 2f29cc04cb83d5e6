"""Decide whether a redrive of a failed run can help: where it would continue, and what can follow.

A redrive continues in the state that failed. The run fails again without another attempt if this is a Fail state, or if
only states without work lead from it to a Fail state. The user must then start a new run. Guarantees to advise against
a redrive only if its failure is certain. Finds the state that failed by the ids of previous events, also inside a
Parallel or a Map, as AWS's histories record it. Pure.
See https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html.
"""

from collections.abc import Iterator, Mapping, Sequence

from lamplighter.asl.definition.walk_states import inner_blocks
from lamplighter.base.json_text import Json
from lamplighter.runs.failures.failure_words import WORKING_TYPES
from lamplighter.runs.jobs.job_machine import is_made_from_job_file, is_supporting_state
from lamplighter.runs.run import Run

_Level = tuple[Mapping[str, Json], str]
"""The states of a block, and the name of one of them."""


def why_not_redrive(run: Run, events: Sequence[Json], definition: Json) -> str | None:
    """Return why a run should not be redriven, or None if it may be."""
    if run.running:
        return "it is still running"
    if run.status == "SUCCEEDED":
        return "it succeeded"
    return run.not_redrivable_reason or redrive_objection(events, definition)


def redrive_objection(events: Sequence[Json], definition: Json) -> str | None:
    """Return why a redrive of a failed run could only fail again, or None if it may help or if this is unknown."""
    state = _failed_state(events)
    levels = () if state is None else _levels(definition, state)
    if not levels or not _can_only_fail(levels, from_job_file=is_made_from_job_file(definition)):
        return None
    return f"it would continue in the state {state}, from which the run can only fail again"


def _failed_state(events: Sequence[Json]) -> str | None:
    """Return the state in which a run failed, or None if the run did not fail or no event names the state."""
    if not events or events[-1]["type"] != "ExecutionFailed":
        return None
    known = {event["id"]: event for event in events}
    event = events[-1]
    while (before := known.get(event["previousEventId"])) is not None and before["id"] < event["id"]:
        event = before
        if event["type"].endswith("StateEntered"):
            return str(event["stateEnteredEventDetails"]["name"])
    return None


def _levels(definition: Json, name: str) -> Sequence[_Level]:
    """Return a state with its block, then each state around it with its block; nothing if the state does not exist."""
    states = definition.get("States") if isinstance(definition, dict) else None
    if not isinstance(states, dict):
        return ()
    if name in states:
        return ((states, name),)
    for outer, state in states.items():
        for block in inner_blocks(state):
            if found := _levels(block, name):
                return (*found, (states, outer))
    return ()


def _can_only_fail(levels: Sequence[_Level], *, from_job_file: bool) -> bool:
    """Return whether only Fail states can follow the innermost state, without any work before them."""
    (block, name), *outer_levels = levels
    if any("Retry" in states[outer] or "Catch" in states[outer] for states, outer in outer_levels):
        return False
    reached = {each: block[each] for each in _reachable_states(block, name)}
    ends_well = any(state.get("End") or state.get("Type") == "Succeed" for state in reached.values())
    return not ends_well and not any(
        _does_work(each, state, from_job_file=from_job_file) for each, state in reached.items()
    )


def _reachable_states(block: Mapping[str, Json], name: str) -> Sequence[str]:
    """Return a state and all states that may follow it in its block."""
    found = [name]
    for each in found:
        found += [follower for follower in _followers(block[each]) if follower in block and follower not in found]
    return found


def _followers(state: Json) -> Iterator[str]:
    yield from (state[key] for key in ("Next", "Default") if isinstance(state.get(key), str))
    for key in ("Choices", "Catch"):
        yield from (each["Next"] for each in state.get(key) or () if isinstance(each.get("Next"), str))


def _does_work(name: str, state: Json, *, from_job_file: bool) -> bool:
    """Return whether a state does work that a user may want to repeat."""
    return state.get("Type") in WORKING_TYPES and not (
        from_job_file and is_supporting_state(name, state.get("Resource"))
    )
