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
from lamplighter.asl.execution.frame import NO_VARIABLES
from lamplighter.asl.execution.item_reader import read_items
from lamplighter.asl.execution.state_errors import RUNTIME, TIMEOUT, TOLERANCE_EXCEEDED, StateError
from lamplighter.asl.execution.transitions import apply_catcher, assign_variables, checked_text, find_handler
from lamplighter.base.json_text import Json

MAX_TEST_SECONDS = 300
"""The most seconds of a test: "The TestState API can run for up to five minutes … it fails with the States.Timeout
error"."""


@dataclass(frozen=True, slots=True)
class StateOutcome:
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
class StateConfiguration:
    """Facts from the caller of TestState about the state's earlier attempts and its work."""

    retried: int = 0
    """The number of retries that the matching retrier has already used."""
    failures: int = 0
    """The number of a Map's items that failed."""
    data: str | None = None
    """The content of the ItemReader's data set, not parsed yet."""
    reader: Mapping[str, Json] = field(default_factory=dict)
    """The ReaderConfig, which describes how to read `data`."""


class StateTest:
    """A state during its test."""

    def __init__(self, state: State, scope: Scope, now: int, configuration: StateConfiguration) -> None:
        self.state = state
        self.scope = scope
        self.now = now
        self.configuration = configuration
        self.stages: dict[str, Json] = {"input": scope.input}
        """The value after each stage of the data flow, by AWS's names; stages that were not reached are missing."""
        self.limits: dict[str, float] = {}
        """The numbers that limit a Map, by AWS's names."""
        self.variables = scope.variables
        self.arguments: Json = None
        """The arguments of the state's work: a task's parameters, the branches' input, or a Map's items."""
        self.timeout: float = MAX_TEST_SECONDS
        """The most seconds that the work may take."""
        self.iterations = 0
        """The number of times that a Map runs its processor."""

    def begin(self) -> StateOutcome | None:
        """Run the state to its end; return None if the result of its work is needed first."""
        try:
            return BEGIN_BY_TYPE[type(self.state)](self, self.state)
        except StateError as fault:
            return self.fail(fault.error, fault.cause)

    def succeed(self, result: Json) -> StateOutcome:
        """Continue after the work has succeeded, and return how the state ends."""
        assert isinstance(self.state, RetryableState)
        try:
            if isinstance(self.state, Map):
                _check_tolerated_failures(self)
            if isinstance(self.state, Task):
                # AWS, recorded: for a Map, the first value that is shown is the one after ResultSelector.
                self.record("result", result)
            return self.complete(result, self.state.next)
        except StateError as fault:
            return self.fail(fault.error, fault.cause)

    def fail(self, error: str | None, cause: str | None) -> StateOutcome:
        """Handle an error of the work or of a stage, and return which retrier or catcher matches."""
        state = self.state
        handling: dict[str, int] = {}
        if not isinstance(state, RetryableState) or error == RUNTIME:
            return StateOutcome("FAILED", error=error, cause=cause)
        retrier = find_handler(state.retriers, error)
        if retrier is not None:
            handling["retryIndex"] = retrier
            if self.configuration.retried < state.retriers[retrier].attempts:
                delay = state.retriers[retrier].delay(self.configuration.retried, self.scope.world.random())
                handling["retryBackoffIntervalSeconds"] = delay // 1000
                return StateOutcome("RETRIABLE", error=error, cause=cause, handling=handling)
        catcher = find_handler(state.catchers, error)
        if catcher is None:
            return StateOutcome("FAILED", error=error, cause=cause, handling=handling)
        return self._catch(catcher, error, cause, handling | {"catchIndex": catcher})

    def _catch(self, index: int, error: str | None, cause: str | None, handling: Mapping[str, int]) -> StateOutcome:
        assert isinstance(self.state, RetryableState)
        catcher = self.state.catchers[index]
        try:
            output, assigned = apply_catcher(catcher, self.state, self.scope, error, cause)
            checked_text(self.state, output)
        except StateError as fault:
            return StateOutcome("FAILED", error=fault.error, cause=fault.cause)
        self.variables = {**self.variables, **(assigned or NO_VARIABLES)}
        return StateOutcome("CAUGHT_ERROR", output, catcher.next, error, cause, handling)

    def record(self, stage: str, value: Json) -> Json:
        """Record and return the value after a stage."""
        self.stages[stage] = value
        return value

    def apply_input_path(self) -> Json:
        """Apply InputPath; in JSONata return the input unchanged."""
        filters = self.state.filters
        return self.scope.input if filters is None else self.record("afterInputPath", filters.input_path(self.scope))

    def apply_parameters(self) -> Json:
        """Apply InputPath and Parameters; in JSONata return the input unchanged."""
        selected = self.apply_input_path()
        filters = self.state.filters
        if filters is None:
            return selected
        filled = selected if filters.parameters is None else filters.parameters(self.scope.at(selected))
        return self.record("afterParameters", filled)

    def complete(self, result: Json, target: str | None) -> StateOutcome:
        """Apply Assign, then ResultSelector, ResultPath and OutputPath; in JSONata Assign, then Output."""
        state = self.state
        assert isinstance(state, (Pass, RetryableState))
        self.assign(state.assign, result)
        filters = state.filters
        if filters is None:
            return self.end(state.output(self.scope, result), target)
        selector = filters.result_selector
        selected = self.record("afterResultSelector", result if selector is None else selector(self.scope.at(result)))
        combined = self.record("afterResultPath", filters.result_path(self.scope.input, selected))
        return self.end(filters.output_path(self.scope.at(combined)), target)

    def assign(self, template: Template | None, result: Json) -> None:
        """Evaluate Assign and store the variables."""
        self.variables = {
            **self.variables,
            **(assign_variables(template, self.state, self.scope, result) or NO_VARIABLES),
        }

    def end(self, output: Json, target: str | None) -> StateOutcome:
        """End the state successfully; raises StateError if the output is too large."""
        checked_text(self.state, output)
        return StateOutcome("SUCCEEDED", output, target)


def _pass(test: StateTest, state: Pass) -> StateOutcome:
    result = test.record("result", state.result(test.scope)) if state.has_literal_result else test.apply_parameters()
    return test.complete(result, state.next)


def _succeed(test: StateTest, state: Succeed) -> StateOutcome:
    test.apply_input_path()
    return test.end(state.output(test.scope), None)


def _fail(test: StateTest, state: Fail) -> StateOutcome:
    test.apply_input_path()
    return StateOutcome("FAILED", error=state.error(test.scope), cause=state.cause(test.scope))


def _choice(test: StateTest, state: Choice) -> StateOutcome:
    effective_input = test.apply_input_path()
    target, assign, output = choose_next(state, test.scope.at(effective_input))
    output_value = output(test.scope)
    test.assign(assign, effective_input)
    return test.end(output_value, target)


def _wait(test: StateTest, state: Wait) -> StateOutcome:
    due, _ = state.compute_end(test.scope.at(test.apply_input_path()), test.now)
    if due - test.now > MAX_TEST_SECONDS * 1000:
        raise StateError(TIMEOUT)
    output = state.output(test.scope)
    test.assign(state.assign, output)
    return test.end(output, state.next)


def _parallel(test: StateTest, state: Parallel) -> None:
    test.arguments = _evaluate_arguments(test, state)


def _task(test: StateTest, state: Task) -> None:
    arguments = _evaluate_arguments(test, state)
    test.arguments = (
        {**arguments, **state.added_parameters} if state.added_parameters and isinstance(arguments, dict) else arguments
    )
    checked_text(state, test.arguments)
    if state.timeout is not None:
        test.timeout = min(MAX_TEST_SECONDS, state.timeout(test.scope))


def _evaluate_arguments(test: StateTest, state: RetryableState) -> Json:
    return test.record("afterArguments", state.arguments(test.scope)) if state.jsonata else test.apply_parameters()


def _map(test: StateTest, state: Map) -> None:
    effective_scope = test.scope.at(test.apply_input_path())
    items = _items(test, state, effective_scope)
    if state.selector is not None:
        selected = [state.selector(effective_scope.in_map(at, item)) for at, item in enumerate(items)]
        items = test.record("afterItemSelector", selected)
    distributed = state.distributed
    if distributed is not None and distributed.batcher is not None:
        items = test.record("afterItemBatcher", _batches(distributed.batcher, effective_scope, items))
    test.arguments, test.iterations = items, len(items)
    test.limits["maxConcurrency"] = state.concurrency(test.scope)
    if distributed is not None and distributed.tolerated_count is not None:
        test.limits["toleratedFailureCount"] = distributed.tolerated_count(test.scope)
    if distributed is not None and distributed.tolerated_percentage is not None:
        test.limits["toleratedFailurePercentage"] = float(distributed.tolerated_percentage(test.scope))


def _items(test: StateTest, state: Map, effective_scope: Scope) -> Sequence[Json]:
    configuration = test.configuration
    if configuration.data is not None:
        read = list(read_items([configuration.data.encode()], configuration.reader))
        return test.record("afterItemsPointer", read) if "ItemsPointer" in configuration.reader else read
    items: Sequence[Json] = state.items(effective_scope)
    return items if state.jsonata else test.record("afterItemsPath", items)


def _batches(batcher: Batcher, effective_scope: Scope, items: Sequence[Json]) -> list[Json]:
    batches: list[Json] = []
    taken = 0
    while taken < len(items):
        batch, used = next_batch(batcher, effective_scope, len(items), items.__getitem__, taken)
        batches.append(batch)
        taken += used
    return batches


def _check_tolerated_failures(test: StateTest) -> None:
    """Raise StateError if more items of a Map failed than it tolerates."""
    failures, limits = test.configuration.failures, test.limits
    count, percentage = limits.get("toleratedFailureCount"), limits.get("toleratedFailurePercentage")
    bounds = [bound for bound in (count, percentage and percentage * test.iterations / 100) if bound is not None]
    if failures > min(bounds, default=0):
        raise StateError(TOLERANCE_EXCEEDED, "The specified tolerated failure threshold was exceeded")


BEGIN_BY_TYPE: Mapping[type[State], Callable[[StateTest, Any], StateOutcome | None]] = {
    Pass: _pass,
    Succeed: _succeed,
    Fail: _fail,
    Choice: _choice,
    Wait: _wait,
    Task: _task,
    Parallel: _parallel,
    Map: _map,
}
