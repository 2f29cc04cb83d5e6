"""What can be asked of a process of its own, and how it is answered.

Everything here is pure and travels by pickle: a request carries the definition as text, the clock as it stands and a
seed, so that the answer is the same wherever it is made. Of an execution that has many frames only those that changed
come back; the others stay the objects that the asker has, so that it writes no row anew that is as it was.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Generic, Literal, TypeAlias, TypeVar

from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import Definition, Resource
from lamplighter.asl.definition.parse import SINGLE_STATE, parse_definition, parse_single_state
from lamplighter.asl.execution.advance import advance
from lamplighter.asl.execution.distributed_map import ChildInput, child_inputs
from lamplighter.asl.execution.frame import Execution, Frame
from lamplighter.asl.execution.messages import Event, Resumed
from lamplighter.asl.execution.single_state import Past, Probe, Verdict
from lamplighter.asl.execution.state_errors import StateError
from lamplighter.asl.execution.step import RefusalReason, Step
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import World, repeatable_world

T = TypeVar("T")

CROSSINGS = 25
"""How many states are crossed between two looks at the time that is left."""
COMPILED = 32
"""How many definitions a process keeps compiled."""


@dataclass(frozen=True, slots=True)
class DefinitionSource:
    """A definition as text."""

    text: str
    additions: tuple[tuple[str, str], ...]
    """By the resource of a task, what its integration adds to the parameters, as JSON text."""
    alone: bool = False
    """The text is one state without its machine."""


@dataclass(frozen=True, slots=True)
class RequestClock:
    """Clock and chance of one request."""

    wall: int
    steady: int
    seed: int

    def world(self) -> World:
        """Return a world that stands at this moment."""
        return repeatable_world(self.wall, self.steady, self.seed)


@dataclass(frozen=True, slots=True)
class AdvanceExecution:
    """Take an execution through events, one after another."""

    source: DefinitionSource
    timeout: int | None
    """The execution's TimeoutSeconds."""
    execution: Execution
    events: tuple[Event, ...]
    moment: RequestClock


@dataclass(frozen=True, slots=True)
class SelectItems:
    """Say what the next children of a distributed Map are given."""

    source: DefinitionSource
    execution: Execution
    frame: int
    total: int
    """How many items the data set has."""
    offset: int
    window: tuple[Json, ...]
    """The items from `offset` on, as many as were read."""
    most: int
    moment: RequestClock


MockedOutcome: TypeAlias = tuple[Literal["succeed"], Json] | tuple[Literal["fail"], tuple[str | None, str | None]]
"""How the work of a state ended: its result, or error and cause."""


@dataclass(frozen=True, slots=True)
class RunTestState:
    """Try one state, as TestState does."""

    source: DefinitionSource
    state: str
    given: Json
    variables: Mapping[str, Json]
    context: Json
    past: Past
    outcome: MockedOutcome | None
    """How its work ended; None where that is not known yet."""
    moment: RequestClock


Request: TypeAlias = AdvanceExecution | SelectItems | RunTestState


@dataclass(frozen=True, slots=True)
class MappingChange(Generic[T]):
    """How a mapping changed: all its keys in order, and the values that are new."""

    keys: tuple[int, ...]
    changed: Mapping[int, T]

    def applied(self, old: Mapping[int, T]) -> Mapping[int, T]:
        """Return the mapping as it is now; what did not change is the same object as before."""
        if not self.changed and len(self.keys) == len(old):
            return old
        return {key: self.changed[key] if key in self.changed else old[key] for key in self.keys}


@dataclass(frozen=True, slots=True)
class StepChange:
    """One step, with only those frames and results that it changed."""

    step: Step
    """Its execution has no frames and no results."""
    frames: MappingChange[Frame]
    results: Mapping[int, MappingChange[str]]


@dataclass(frozen=True, slots=True)
class Advanced:
    """The steps that the events led to, in order."""

    changes: tuple[StepChange, ...]

    def steps(self, execution: Execution) -> Iterator[Step]:
        """Return the steps, applied to the execution that was asked about."""
        for change in self.changes:
            step = _applied(change, execution)
            execution = step.execution
            yield step


@dataclass(frozen=True, slots=True)
class Selected:
    """What the next children are given."""

    given: tuple[ChildInput, ...]


@dataclass(frozen=True, slots=True)
class WindowTooSmall:
    """More items are needed than were sent."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The request ended with an error of the state; the cause says where."""

    error: str | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class StateTested:
    """What trying a state showed."""

    verdict: Verdict | None
    stages: Mapping[str, Json]
    limits: Mapping[str, float]
    variables: Mapping[str, Json]
    arguments: Json
    timeout: float
    iterations: int


Answer: TypeAlias = Advanced | Selected | WindowTooSmall | Failed | StateTested


def source_of(
    text: str, definition: Definition, additions: Callable[[Resource], Mapping[str, Json]]
) -> DefinitionSource:
    """Return what a process needs to compile this definition again."""
    added = {resource.text: dumps(dict(additions(resource))) for resource in set(definition.resources.values())}
    return DefinitionSource(text, tuple(sorted(added.items())), alone=SINGLE_STATE in definition.states)


def answer_request(request: Request, refuses: RefusalReason, hurries: Callable[[], bool]) -> Answer:
    """Answer a request; `hurries` tells between two slices whether the rest should be left for another request."""
    match request:
        case AdvanceExecution():
            return Advanced(tuple(_advance(request, refuses, hurries)))
        case SelectItems():
            return _select(request)
        case RunTestState():
            return run_test_state(request)


def _advance(request: AdvanceExecution, refuses: RefusalReason, hurries: Callable[[], bool]) -> Iterator[StepChange]:
    definition = replace(_compiled(request.source), timeout=request.timeout)
    execution, world = request.execution, request.moment.world()
    for event in request.events:
        step = advance(definition, execution, event, world, CROSSINGS, refuses)
        yield _change(execution, step)
        execution = step.execution
        while step.more and not hurries():
            step = advance(definition, execution, Resumed(), world, CROSSINGS, refuses)
            yield _change(execution, step)
            execution = step.execution


def _select(request: SelectItems) -> Answer:
    items = _Window(request.total, request.offset, request.window)
    definition, world = _compiled(request.source), request.moment.world()
    try:
        found = child_inputs(definition, request.execution, request.frame, world, items, request.offset, request.most)
    except StateError as fault:
        return Failed(fault.error, fault.cause)
    except _OutsideOfWindow:
        return WindowTooSmall()
    return Selected(tuple(found))


def run_test_state(request: RunTestState, *, may_block: bool = True) -> StateTested:
    """Try one state; raises MayTakeLong where that is not to be done here."""
    world = replace(request.moment.world(), may_block=may_block)
    state = _compiled(request.source).states[request.state]
    scope = Scope(SINGLE_STATE, request.given, request.variables, lambda: request.context, world)
    probe = Probe(state, scope, request.moment.wall, request.past)
    verdict = probe.begin()
    if verdict is None and request.outcome is not None:
        kind, outcome = request.outcome
        verdict = probe.succeed(outcome) if kind == "succeed" else probe.fail(*outcome)
    stages, limits, variables = probe.stages, probe.limits, dict(probe.variables)
    return StateTested(verdict, stages, limits, variables, probe.arguments, probe.timeout, probe.iterations)


@lru_cache(maxsize=COMPILED)
def _compiled(source: DefinitionSource) -> Definition:
    additions: dict[str, Json] = {resource: loads(text) for resource, text in source.additions}
    if source.alone:
        return parse_single_state(source.text, lambda resource: additions.get(resource.text, {}))
    return parse_definition(source.text, lambda resource: additions.get(resource.text, {}), kept=True)


class _OutsideOfWindow(IndexError):
    """The item was not sent."""


class _Window(Sequence[Json]):
    """A data set of which some items in a row are here."""

    def __init__(self, total: int, offset: int, items: Sequence[Json]) -> None:
        self._total = total
        self._offset = offset
        self._items = items

    def __len__(self) -> int:
        return self._total

    def __getitem__(self, index: int) -> Json:  # type: ignore[override]
        at = index - self._offset
        if not 0 <= at < len(self._items):
            raise _OutsideOfWindow(index)
        return self._items[at]


def _difference(old: Mapping[int, T], new: Mapping[int, T]) -> MappingChange[T]:
    changed = {key: value for key, value in new.items() if old.get(key) is not value}
    return MappingChange(tuple(new), changed)


def _change(old: Execution, step: Step) -> StepChange:
    new = step.execution
    results = {key: _difference(old.results.get(key, {}), outputs) for key, outputs in new.results.items()}
    events = tuple((*event, loads(dumps(details))) for *event, details in step.events)
    bare = replace(step, execution=replace(new, frames={}, results={}), events=events)
    return StepChange(bare, _difference(old.frames, new.frames), results)


def _applied(change: StepChange, old: Execution) -> Step:
    frames = change.frames.applied(old.frames)
    results = {key: each.applied(old.results.get(key, {})) for key, each in change.results.items()}
    return replace(change.step, execution=replace(change.step.execution, frames=frames, results=results))
