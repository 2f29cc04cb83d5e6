"""Whether a redrive would bring a run anything: where it would go on, and what can follow from there.

A redrive goes on in the state that failed. If that is a Fail state, or only states that do no work lead from there to
one, the run fails again without another attempt: it has to be started anew instead. Promises to refuse only what is
certain. The state that failed is found by the events that name each other as forerunners, also inside of a Parallel or
a Map, as AWS's histories have it. Pure.
See https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html.
"""

from collections.abc import Iterator, Mapping, Sequence

from lamplighter.base.json_text import Json
from lamplighter.runs.job_machine import is_made_from_job_file, is_supporting_state

WORK = ("Task", "Map", "Parallel")
_Level = tuple[Mapping[str, Json], str]
"""States, and the name of one of them."""


def why_futile(events: Sequence[Json], definition: Json) -> str | None:
    """Why a redrive of a run that failed could only fail again; None where it may help, or nobody can tell."""
    state = _failed(events)
    levels = () if state is None else _levels(definition, state)
    if not levels or not _is_doomed(levels, ours=is_made_from_job_file(definition)):
        return None
    return f"it would go on in the state {state}, from where the run can only fail again"


def _failed(events: Sequence[Json]) -> str | None:
    """The state that a run failed in; None where it did not fail, or no event says so."""
    if not events or events[-1]["type"] != "ExecutionFailed":
        return None
    known = {event["id"]: event for event in events}
    event = events[-1]
    while (before := known.get(event["previousEventId"])) is not None and before["id"] < event["id"]:
        event = before
        if event["type"].endswith("StateEntered"):
            name: str = event["stateEnteredEventDetails"]["name"]
            return name
    return None


def _levels(definition: Json, name: str) -> Sequence[_Level]:
    """A state in its block of states, and the states around it, each in its own; nothing where it is nowhere."""
    states = definition.get("States") if isinstance(definition, dict) else None
    if not isinstance(states, dict):
        return ()
    if name in states:
        return ((states, name),)
    for outer, state in states.items():
        for block in (state.get("ItemProcessor"), state.get("Iterator"), *(state.get("Branches") or ())):
            if found := _levels(block, name):
                return (*found, (states, outer))
    return ()


def _is_doomed(levels: Sequence[_Level], *, ours: bool) -> bool:
    """Whether nothing but Fail states comes after the innermost state, and no work before them."""
    (block, name), *around = levels
    if any("Retry" in states[outer] or "Catch" in states[outer] for states, outer in around):
        return False
    reached = {each: block[each] for each in _reached(block, name)}
    ends_well = any(state.get("End") or state.get("Type") == "Succeed" for state in reached.values())
    return not ends_well and not any(_works(each, state, ours=ours) for each, state in reached.items())


def _reached(block: Mapping[str, Json], name: str) -> Sequence[str]:
    """A state and all that may come after it in its block."""
    found = [name]
    for each in found:
        found += [follower for follower in _followers(block[each]) if follower in block and follower not in found]
    return found


def _followers(state: Json) -> Iterator[str]:
    for key in ("Next", "Default"):
        if isinstance(state.get(key), str):
            yield state[key]
    for key in ("Choices", "Catch"):
        yield from (each["Next"] for each in state.get(key) or () if isinstance(each.get("Next"), str))


def _works(name: str, state: Json, *, ours: bool) -> bool:
    """Whether a state does anything that somebody may want to have done again."""
    return state.get("Type") in WORK and not (ours and is_supporting_state(name, state.get("Resource")))
