"""Build the list of states that colours the graph: each with its status, a note and the transitions that it took.

The states inside a distributed Map are not part of the run's history: their items are runs of their own. They get the
counts of their items, as far as these are known: an engine counts them by state; AWS only all together, so that a state
is known to have succeeded only if every item passes it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.json_text import Json
from lamplighter.console.view.runs.graph import is_distributed, map_processor
from lamplighter.runs.history.map_items import only_items
from lamplighter.runs.history.state_status import StateStatus, state_statuses
from lamplighter.runs.history.story import Story
from lamplighter.runs.history.transitions import list_transitions, taken_transitions


@dataclass(frozen=True, slots=True)
class MapProgress:
    """How far a Map Run is."""

    state: str
    """The name of the distributed Map."""
    about: Json
    """The Map Run, as DescribeMapRun returns it."""
    by_state: Json = None
    """The counts by state, as the operation CountMapRunStates returns them; None if they are not known."""

    @property
    def counts(self) -> Json:
        """The numbers of items by status."""
        return self.about["itemCounts"]

    @property
    def failed(self) -> int:
        """The number of items that failed."""
        return int(self.counts["failed"] + self.counts["timedOut"])

    @property
    def text(self) -> str:
        """The progress in words: `12 of 200 running, 3 failed`."""
        counts = self.counts
        done = f"{counts['running']} of {counts['total']} running" if counts["running"] else ""
        done = done or f"{counts['succeeded']} of {counts['total']} done"
        return done + (f", {self.failed} failed" if self.failed else "")


@dataclass(frozen=True, slots=True)
class GraphState:
    """A state that the run reached."""

    name: str
    status: str
    note: str
    taken: Sequence[int]
    """The indexes of the transitions that it took; see `runs/history/transitions.py`."""


def build_graph_states(
    story: Story, definition: Json, steps: Sequence[str] = (), progress: Sequence[MapProgress] = ()
) -> Sequence[GraphState]:
    """Build the list for a run. Of Maps in `steps`, only the chosen items count, such as `Files[3]`."""
    chosen = only_items(story, steps)
    taken = taken_transitions(chosen, definition)
    latest = {each.state: each for each in progress}
    own = [
        GraphState(each.name, each.status, _note(each, latest.get(each.name)), taken.get(each.name, ()))
        for each in state_statuses(chosen).values()
    ]
    inner = [
        each
        for name, state in walk_states(definition)
        if name in latest and is_distributed(state)
        for each in _inner_states(map_processor(state), latest[name])
    ]
    return [*own, *inner]


def _note(state: StateStatus, progress: MapProgress | None) -> str:
    if progress is not None:
        return progress.text
    if state.paths > 1:
        return f"{state.done} of {state.paths}"
    return "waits for a worker" if state.waits_for_worker else ""


def _inner_states(block: Json, progress: MapProgress) -> Iterator[GraphState]:
    counts, names = progress.about["executionCounts"], [name for name, _ in walk_states(block)]
    by_state = progress.by_state
    if by_state is None and len(names) == 1:
        failed = counts["failed"] + counts["timedOut"]
        only = {"running": counts["running"], "failed": failed, "aborted": counts["aborted"]}
        by_state = {kind: {names[0]: number} for kind, number in only.items()}
    always = states_of_every_item(block)
    for name in names:
        passed = counts["succeeded"] if name in always else 0
        state = _inner_state(name, by_state or {}, passed, counts["total"])
        if state is not None:
            yield state


def _inner_state(name: str, by_state: Json, passed: int, total: int) -> GraphState | None:
    complete = by_state.get("complete", {})
    here = {kind: by_state.get(kind, {}).get(name, 0) for kind in ("running", "failed", "aborted")}
    passed = max(passed, by_state.get("passed", {}).get(name, 0))
    parts = [
        f"{number}{'' if complete.get(kind, True) else '+'} {'stopped' if kind == 'aborted' else kind}"
        for kind, number in here.items()
        if number
    ]
    if not parts:
        return GraphState(name, "SUCCEEDED", f"{passed} of {total}", ()) if passed else None
    status = next(kind.upper() for kind, number in here.items() if number)
    return GraphState(name, status, ", ".join(parts), ())


def states_of_every_item(block: Json) -> Sequence[str]:
    """Return the states of a block that every successful item passes: without one of them, none can end."""
    states: Mapping[str, Json] = block.get("States", {}) if isinstance(block, dict) else {}
    return [name for name in states if not _can_succeed(states, block.get("StartAt"), without=name)]


def _can_succeed(states: Mapping[str, Json], start: Json, without: str) -> bool:
    seen, ahead = {without}, [start]
    while ahead:
        name = ahead.pop()
        state = states.get(name) if isinstance(name, str) and name not in seen else None
        if not isinstance(state, dict):
            continue
        seen.add(name)
        if state.get("End") is True or state.get("Type") == "Succeed":
            return True
        ahead += [each.to for each in list_transitions(state)]
    return False
