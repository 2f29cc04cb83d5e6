"""Define the requests to a worker process, and answer them.

Everything here is pure and is sent as pickle. A request carries the definition as text, the time and a random seed, so
that the answer does not depend on the process that computes it. The answer contains only those frames of an execution
that changed. The engine keeps its own objects for the others, so that it writes only changed rows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Generic, Literal, TypeAlias, TypeVar

from lamplighter.asl.definition.compiler import AddedParameters
from lamplighter.asl.definition.model import Definition, Resource
from lamplighter.asl.definition.parse import parse_definition, single_state_machine
from lamplighter.asl.execution.advance import advance
from lamplighter.asl.execution.distributed_map import ChildInput, child_inputs
from lamplighter.asl.execution.frame import Execution, Frame
from lamplighter.asl.execution.messages import Event, Resumed
from lamplighter.asl.execution.single_state import StateConfiguration, StateInput, StateOutcome, StateTest
from lamplighter.asl.execution.state_errors import StateError
from lamplighter.asl.execution.step import RefusalReason, Step
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import World, frozen_world

T = TypeVar("T")

CROSSINGS_PER_CHECK = 25
"""The states that a step crosses before `answer_request` checks whether time is left."""
MAX_COMPILED = 32
"""The most compiled definitions that a process keeps."""


@dataclass(frozen=True, slots=True)
class DefinitionSource:
    """The text of a definition, from which a process compiles it."""

    text: str
    added_parameters: tuple[tuple[str, str], ...]
    """The parameters that an integration adds, as JSON text, by the resource of its task."""
    is_single_state: bool = False
    """Whether the text is a single state without its state machine."""


@dataclass(frozen=True, slots=True)
class RequestClock:
    """The time and the random seed of one request."""

    wall: int
    steady: int
    seed: int

    def world(self) -> World:
        """Return a `World` whose clocks stay at this time."""
        return frozen_world(self.wall, self.steady, self.seed)


@dataclass(frozen=True, slots=True)
class AdvanceExecution:
    """A request to advance an execution by several events, one after another."""

    source: DefinitionSource
    timeout: int | None
    """The execution's TimeoutSeconds."""
    execution: Execution
    events: tuple[Event, ...]
    clock: RequestClock


@dataclass(frozen=True, slots=True)
class SelectItems:
    """A request to compute the inputs of the next children of a distributed Map."""

    source: DefinitionSource
    execution: Execution
    frame: int
    total: int
    """The number of items in the data set."""
    offset: int
    window: tuple[Json, ...]
    """The items from `offset` on, as many as the engine has read."""
    max_inputs: int
    clock: RequestClock


MockedOutcome: TypeAlias = tuple[Literal["succeed"], Json] | tuple[Literal["fail"], tuple[str | None, str | None]]
"""The outcome of a state's work: its result, or error and cause."""


@dataclass(frozen=True, slots=True)
class RunTestState:
    """A request to test one state, as TestState does."""

    source: DefinitionSource
    state: str
    given: StateInput
    configuration: StateConfiguration
    outcome: MockedOutcome | None
    """The outcome of the state's work; None if it is not known yet."""
    clock: RequestClock


Request: TypeAlias = AdvanceExecution | SelectItems | RunTestState


@dataclass(frozen=True, slots=True)
class MappingChange(Generic[T]):
    """The difference between two versions of a mapping: all keys in order, and the new values."""

    keys: tuple[int, ...]
    changed: Mapping[int, T]

    def apply_to(self, old: Mapping[int, T]) -> Mapping[int, T]:
        """Return the new mapping; unchanged values are the same objects as in `old`."""
        if not self.changed and len(self.keys) == len(old):
            return old
        return {key: self.changed[key] if key in self.changed else old[key] for key in self.keys}


@dataclass(frozen=True, slots=True)
class StepChange:
    """One step, with only those frames and results that it changed."""

    step: Step
    """The step; its execution has no frames and no results."""
    frames: MappingChange[Frame]
    results: Mapping[int, MappingChange[str]]


@dataclass(frozen=True, slots=True)
class Advanced:
    """The answer to `AdvanceExecution`: the steps that the events led to, in order."""

    changes: tuple[StepChange, ...]

    def steps(self, execution: Execution) -> Iterator[Step]:
        """Yield the complete steps, applied to the execution that the request was about."""
        for change in self.changes:
            step = _apply_change(change, execution)
            execution = step.execution
            yield step


@dataclass(frozen=True, slots=True)
class Selected:
    """The answer to a `SelectItems` request: the inputs of the next child executions of a distributed Map."""

    inputs: tuple[ChildInput, ...]


@dataclass(frozen=True, slots=True)
class WindowTooSmall:
    """The answer to `SelectItems` if it needs more items than the request contained."""


@dataclass(frozen=True, slots=True)
class StateFailed:
    """The answer to a request that ended with an error of the state; the cause states where it happened."""

    error: str | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class StateTested:
    """The answer to `RunTestState`: the verdict and the intermediate values of the state."""

    verdict: StateOutcome | None
    stages: Mapping[str, Json]
    limits: Mapping[str, float]
    variables: Mapping[str, Json]
    arguments: Json
    timeout: float
    iterations: int


Answer: TypeAlias = Advanced | Selected | WindowTooSmall | StateFailed | StateTested


def definition_source(
    text: str,
    definition: Definition,
    added_parameters: Callable[[Resource], Mapping[str, Json]],
    *,
    is_single_state: bool = False,
) -> DefinitionSource:
    """Return the text from which a process can compile this definition again; `is_single_state`: without a machine."""
    added = {resource.text: dumps(dict(added_parameters(resource))) for resource in set(definition.resources.values())}
    return DefinitionSource(text, tuple(sorted(added.items())), is_single_state=is_single_state)


def answer_request(request: Request, refusal_reason: RefusalReason, is_time_up: Callable[[], bool]) -> Answer:
    """Answer a request.

    `is_time_up` is called between two slices; it returns whether the rest should be left for another request.
    """
    match request:
        case AdvanceExecution():
            return Advanced(tuple(_advance(request, refusal_reason, is_time_up)))
        case SelectItems():
            return _select(request)
        case RunTestState():
            return run_test_state(request)


def _advance(
    request: AdvanceExecution, refusal_reason: RefusalReason, is_time_up: Callable[[], bool]
) -> Iterator[StepChange]:
    definition = replace(_compile(request.source), timeout=request.timeout)
    execution, world = request.execution, request.clock.world()
    for event in request.events:
        step = advance(definition, execution, event, world, CROSSINGS_PER_CHECK, refusal_reason)
        yield _change(execution, step)
        execution = step.execution
        while step.has_ready_frames and not is_time_up():
            step = advance(definition, execution, Resumed(), world, CROSSINGS_PER_CHECK, refusal_reason)
            yield _change(execution, step)
            execution = step.execution


def _select(request: SelectItems) -> Answer:
    items = _Window(request.total, request.offset, request.window)
    definition, world = _compile(request.source), request.clock.world()
    try:
        found = child_inputs(
            definition, request.execution, request.frame, world, items, request.offset, request.max_inputs
        )
    except StateError as fault:
        return StateFailed(fault.error, fault.cause)
    except _OutsideOfWindow:
        return WindowTooSmall()
    return Selected(tuple(found))


def run_test_state(request: RunTestState, *, allows_unbounded_work: bool = True) -> StateTested:
    """Test one state. Raises `UnboundedWork` if `allows_unbounded_work` is False and the state needs work without a
    known bound.
    """
    world = replace(request.clock.world(), allows_unbounded_work=allows_unbounded_work)
    source, machine = request.source, loads(request.source.text)
    if source.is_single_state:
        machine = single_state_machine(machine)
    test = StateTest(machine, request.state, _added_parameters(source), request.given, request.configuration, world)
    verdict = test.begin()
    if verdict is None and request.outcome is not None:
        kind, outcome = request.outcome
        verdict = test.succeed(outcome) if kind == "succeed" else test.fail(*outcome)
    return StateTested(
        verdict, test.stages, test.limits, dict(test.variables), test.arguments, test.timeout, test.iterations
    )


@lru_cache(maxsize=MAX_COMPILED)
def _compile(source: DefinitionSource) -> Definition:
    return parse_definition(source.text, _added_parameters(source), already_checked=True)


def _added_parameters(source: DefinitionSource) -> AddedParameters:
    known: dict[str, Json] = {resource: loads(text) for resource, text in source.added_parameters}
    return lambda resource: known.get(resource.text, {})


class _OutsideOfWindow(IndexError):
    """The item is not among those that the request contained."""


class _Window(Sequence[Json]):
    """A data set of which only some consecutive items are present."""

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


def _apply_change(change: StepChange, old: Execution) -> Step:
    frames = change.frames.apply_to(old.frames)
    results = {key: each.apply_to(old.results.get(key, {})) for key, each in change.results.items()}
    return replace(change.step, execution=replace(change.step.execution, frames=frames, results=results))
