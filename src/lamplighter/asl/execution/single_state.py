"""Test a single state: record the value after each stage of its data flow, and how the state ends.

Runs the same closures as the machine, one stage at a time. Guarantees that a state ends as it would in an execution.
Does not do a task's work, run branches or items, or wait: the caller supplies their results. See
https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lamplighter.asl.definition.choice_rules import choose_next
from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import (
    Batcher,
    Choice,
    Fail,
    Map,
    Parallel,
    Pass,
    RetryableState,
    State,
    Succeed,
    Task,
    Template,
    Wait,
)
from lamplighter.asl.execution.distributed_map import next_batch
from lamplighter.asl.execution.frame import NOTHING
from lamplighter.asl.execution.item_reader import read_items
from lamplighter.asl.execution.state_errors import EXCEEDED, RUNTIME, TIMEOUT, StateError
from lamplighter.asl.execution.transitions import apply_catcher, assign_variables, checked_text, find_handler
from lamplighter.base.json_text import Json

LONGEST = 300
"""The most seconds of a test: "The TestState API can run for up to five minutes … it fails with the States.Timeout
error"."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of a tested state."""

    status: Literal["SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR"]
    output: Json = None
    """The output, which is the next state's input."""
    next: str | None = None
    error: str | None = None
    cause: str | None = None
    handling: Mapping[str, int] = field(default_factory=dict)
    """errorDetails: the indexes of the matching retrier and catcher, and the seconds before the next attempt."""


@dataclass(frozen=True, slots=True)
class Past:
    """Facts from the caller of TestState about the state's earlier attempts and its work."""

    retried: int = 0
    """The number of retries that the matching retrier has already used."""
    failures: int = 0
    """The number of a Map's items that failed."""
    data: str | None = None
    """The content of the ItemReader's data set, not parsed yet."""
    reader: Mapping[str, Json] = field(default_factory=dict)
    """The ReaderConfig, which describes how to read `data`."""


class Probe:
    """A state during its test."""

    def __init__(self, state: State, scope: Scope, now: int, past: Past) -> None:
        self.state = state
        self.scope = scope
        self.now = now
        self.past = past
        self.stages: dict[str, Json] = {"input": scope.input}
        """The value after each stage of the data flow, by AWS's names; stages that were not reached are missing."""
        self.limits: dict[str, float] = {}
        """The numbers that limit a Map, by AWS's names."""
        self.variables = scope.variables
        self.arguments: Json = None
        """The arguments of the state's work: a task's parameters, the branches' input, or a Map's items."""
        self.timeout: float = LONGEST
        """The most seconds that the work may take."""
        self.iterations = 0
        """The number of times that a Map runs its processor."""

    def begin(self) -> Verdict | None:
        """Run the state to its end; return None if the result of its work is needed first."""
        try:
            return BEGIN[type(self.state)](self, self.state)
        except StateError as fault:
            return self.fail(fault.error, fault.cause)

    def succeed(self, result: Json) -> Verdict:
        """Continue after the work has succeeded, and return how the state ends."""
        assert isinstance(self.state, RetryableState)
        try:
            if isinstance(self.state, Map):
                _tolerate(self)
            if isinstance(self.state, Task):
                # AWS, recorded: for a Map, the first value that is shown is the one after ResultSelector.
                self.note("result", result)
            return self.leave(result, self.state.next)
        except StateError as fault:
            return self.fail(fault.error, fault.cause)

    def fail(self, error: str | None, cause: str | None) -> Verdict:
        """Handle an error of the work or of a stage, and return which retrier or catcher matches."""
        state = self.state
        handling: dict[str, int] = {}
        if not isinstance(state, RetryableState) or error == RUNTIME:
            return Verdict("FAILED", error=error, cause=cause)
        retrier = find_handler(state.retriers, error)
        if retrier is not None:
            handling["retryIndex"] = retrier
            if self.past.retried < state.retriers[retrier].attempts:
                delay = state.retriers[retrier].delay(self.past.retried, self.scope.world.random())
                handling["retryBackoffIntervalSeconds"] = delay // 1000
                return Verdict("RETRIABLE", error=error, cause=cause, handling=handling)
        catcher = find_handler(state.catchers, error)
        if catcher is None:
            return Verdict("FAILED", error=error, cause=cause, handling=handling)
        return self._catch(catcher, error, cause, handling | {"catchIndex": catcher})

    def _catch(self, index: int, error: str | None, cause: str | None, handling: Mapping[str, int]) -> Verdict:
        assert isinstance(self.state, RetryableState)
        catcher = self.state.catchers[index]
        try:
            output, assigned = apply_catcher(catcher, self.state, self.scope, error, cause)
            checked_text(self.state, output)
        except StateError as fault:
            return Verdict("FAILED", error=fault.error, cause=fault.cause)
        self.variables = {**self.variables, **(assigned or NOTHING)}
        return Verdict("CAUGHT_ERROR", output, catcher.next, error, cause, handling)

    def note(self, stage: str, value: Json) -> Json:
        """Record and return the value after a stage."""
        self.stages[stage] = value
        return value

    def select(self) -> Json:
        """Apply InputPath; in JSONata return the input unchanged."""
        filters = self.state.filters
        return self.scope.input if filters is None else self.note("afterInputPath", filters.input_path(self.scope))

    def fill(self) -> Json:
        """Apply InputPath and Parameters; in JSONata return the input unchanged."""
        given = self.select()
        filters = self.state.filters
        if filters is None:
            return given
        filled = given if filters.parameters is None else filters.parameters(self.scope.at(given))
        return self.note("afterParameters", filled)

    def leave(self, result: Json, target: str | None) -> Verdict:
        """Apply Assign, then ResultSelector, ResultPath and OutputPath; in JSONata Assign, then Output."""
        state = self.state
        assert isinstance(state, (Pass, RetryableState))
        self.assign(state.assign, result)
        filters = state.filters
        if filters is None:
            return self.end(state.output(self.scope, result), target)
        selector = filters.result_selector
        selected = self.note("afterResultSelector", result if selector is None else selector(self.scope.at(result)))
        combined = self.note("afterResultPath", filters.result_path(self.scope.input, selected))
        return self.end(filters.output_path(self.scope.at(combined)), target)

    def assign(self, template: Template | None, result: Json) -> None:
        """Evaluate Assign and store the variables."""
        self.variables = {**self.variables, **(assign_variables(template, self.state, self.scope, result) or NOTHING)}

    def end(self, output: Json, target: str | None) -> Verdict:
        """End the state successfully; raises StateError if the output is too large."""
        checked_text(self.state, output)
        return Verdict("SUCCEEDED", output, target)


def _pass(probe: Probe, state: Pass) -> Verdict:
    result = probe.note("result", state.result(probe.scope)) if state.fixed else probe.fill()
    return probe.leave(result, state.next)


def _succeed(probe: Probe, state: Succeed) -> Verdict:
    probe.select()
    return probe.end(state.output(probe.scope), None)


def _fail(probe: Probe, state: Fail) -> Verdict:
    probe.select()
    return Verdict("FAILED", error=state.error(probe.scope), cause=state.cause(probe.scope))


def _choice(probe: Probe, state: Choice) -> Verdict:
    given = probe.select()
    target, sets, output = choose_next(state, probe.scope.at(given))
    made = output(probe.scope)
    probe.assign(sets, given)
    return probe.end(made, target)


def _wait(probe: Probe, state: Wait) -> Verdict:
    due, _ = state.until(probe.scope.at(probe.select()), probe.now)
    if due - probe.now > LONGEST * 1000:
        raise StateError(TIMEOUT)
    output = state.output(probe.scope)
    probe.assign(state.assign, output)
    return probe.end(output, state.next)


def _parallel(probe: Probe, state: Parallel) -> None:
    probe.arguments = _ask(probe, state)


def _task(probe: Probe, state: Task) -> None:
    asked = _ask(probe, state)
    probe.arguments = {**asked, **state.additions} if state.additions and isinstance(asked, dict) else asked
    checked_text(state, probe.arguments)
    if state.timeout is not None:
        probe.timeout = min(LONGEST, state.timeout(probe.scope))


def _ask(probe: Probe, state: RetryableState) -> Json:
    return probe.note("afterArguments", state.arguments(probe.scope)) if state.jsonata else probe.fill()


def _map(probe: Probe, state: Map) -> None:
    seen = probe.scope.at(probe.select())
    items = _items(probe, state, seen)
    if state.selector is not None:
        chosen = [state.selector(seen.in_map(at, item)) for at, item in enumerate(items)]
        items = probe.note("afterItemSelector", chosen)
    distributed = state.distributed
    if distributed is not None and distributed.batcher is not None:
        items = probe.note("afterItemBatcher", _batches(distributed.batcher, seen, items))
    probe.arguments, probe.iterations = items, len(items)
    probe.limits["maxConcurrency"] = state.concurrency(probe.scope)
    if distributed is not None and distributed.tolerated_count is not None:
        probe.limits["toleratedFailureCount"] = distributed.tolerated_count(probe.scope)
    if distributed is not None and distributed.tolerated_percentage is not None:
        probe.limits["toleratedFailurePercentage"] = float(distributed.tolerated_percentage(probe.scope))


def _items(probe: Probe, state: Map, seen: Scope) -> Sequence[Json]:
    past = probe.past
    if past.data is not None:
        read = list(read_items([past.data.encode()], past.reader))
        return probe.note("afterItemsPointer", read) if "ItemsPointer" in past.reader else read
    items: Sequence[Json] = state.items(seen)
    return items if state.jsonata else probe.note("afterItemsPath", items)


def _batches(batcher: Batcher, seen: Scope, items: Sequence[Json]) -> list[Json]:
    batches: list[Json] = []
    taken = 0
    while taken < len(items):
        batch, used = next_batch(batcher, seen, len(items), items.__getitem__, taken)
        batches.append(batch)
        taken += used
    return batches


def _tolerate(probe: Probe) -> None:
    """Raise StateError if more items of a Map failed than it tolerates."""
    failures, limits = probe.past.failures, probe.limits
    count, percentage = limits.get("toleratedFailureCount"), limits.get("toleratedFailurePercentage")
    bounds = [bound for bound in (count, percentage and percentage * probe.iterations / 100) if bound is not None]
    if failures > min(bounds, default=0):
        raise StateError(EXCEEDED, "The specified tolerated failure threshold was exceeded")


BEGIN: Mapping[type[State], Callable[[Probe, Any], Verdict | None]] = {
    Pass: _pass,
    Succeed: _succeed,
    Fail: _fail,
    Choice: _choice,
    Wait: _wait,
    Task: _task,
    Parallel: _parallel,
    Map: _map,
}
