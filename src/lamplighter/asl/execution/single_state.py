"""Test a single state: run it as the machine does, and record the value after each stage of its data flow.

Guarantees that a state ends as it would in an execution, because the machine's own functions run it. Does not do a
task's work, run branches or items, or wait: the caller supplies their results. See
https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lamplighter.asl.definition.compiler import AddedParameters
from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.lazy_compile import compile_lazily
from lamplighter.asl.definition.model import Definition, Fail, Map, Parallel, RetryableState, Task, Wait
from lamplighter.asl.execution import task
from lamplighter.asl.execution.advance import STATES, complete_wait
from lamplighter.asl.execution.distributed_map import batches, select_item
from lamplighter.asl.execution.error_handling import fail_state, find_handler, handle_error
from lamplighter.asl.execution.frame import Execution, Frame, Phase
from lamplighter.asl.execution.item_reader import read_items
from lamplighter.asl.execution.messages import SetTimer, StartTask, TaskFailed, TaskSucceeded
from lamplighter.asl.execution.state_errors import TIMEOUT, TOLERANCE_EXCEEDED, StateError
from lamplighter.asl.execution.step import MutableFrame, StepBuilder
from lamplighter.asl.execution.transitions import checked_text, complete_state
from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import World

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
class StateInput:
    """The values that a tested state can read."""

    document: Json
    variables: Mapping[str, Json]
    context: Json


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


class _SingleStep(StepBuilder):
    """A step of an execution that consists of one state; the caller supplies the context object."""

    def __init__(self, definition: Definition, execution: Execution, world: World, context: Json) -> None:
        super().__init__(definition, execution, world)
        self._context = context

    def context(self, path: MutableFrame, item: tuple[int, Json] | None = None) -> Json:  # noqa: ARG002
        """Return the caller's context object, with the item in an ItemSelector."""
        return (
            self._context if item is None else {**self._context, "Map": {"Item": {"Index": item[0], "Value": item[1]}}}
        )


class StateTest:
    """A test of one state of a machine, whose source is `machine`."""

    def __init__(
        self,
        machine: Json,
        name: str,
        added_parameters: AddedParameters,
        given: StateInput,
        configuration: StateConfiguration,
        world: World,
    ) -> None:
        self.stages: dict[str, Json] = {"input": given.document}
        """The value after each stage of the data flow, by AWS's names; stages that were not reached are missing."""
        self.limits: dict[str, float] = {}
        """The numbers that limit a Map, by AWS's names."""
        self.arguments: Json = None
        """The arguments of the state's work: a task's parameters, the branches' input, or a Map's items."""
        self.iterations = 0
        """The number of times that a Map runs its processor."""
        self.configuration = configuration
        definition = compile_lazily(machine, added_parameters, self._record)
        execution = Execution("arn:aws:states:::express:test", "test", "", "", "test", given.document, "", world.now())
        self._run = _SingleStep(definition, execution, world, given.context)
        text = dumps(given.document)
        frame = Frame(1, 0, 0, 0, name, Phase.RETRY_NOW, given.document, text, given.variables, previous=0)
        self._path = self._run.add_frame(frame)
        self.state = self._run.state(self._path)
        if isinstance(self.state, RetryableState):
            self._path.retries = (configuration.retried,) * len(self.state.retriers)

    @property
    def variables(self) -> Mapping[str, Json]:
        """The variables after the state."""
        return self._path.variables

    @property
    def timeout(self) -> float:
        """The most seconds that the work may take."""
        limit = self._path.timeout
        return min(MAX_TEST_SECONDS, self._milliseconds(limit) / 1000) if limit else MAX_TEST_SECONDS

    def begin(self) -> StateOutcome | None:
        """Run the state to its end; return None if the result of its work is needed first."""
        run, path, state = self._run, self._path, self.state
        try:
            if isinstance(state, Fail) and not state.jsonata:
                self._record("afterInputPath", path.input)
            if isinstance(state, Parallel):
                self.arguments = state.arguments(run.scope(path))
            elif isinstance(state, Map):
                self._evaluate_items(state)
            else:
                STATES[type(state)](run, path, state)
            if isinstance(state, Wait):
                self._skip_wait(state)
        except StateError as fault:
            fail_state(run, path, state, fault)
        self.arguments = next((each.parameters for each in run.commands if isinstance(each, StartTask)), self.arguments)
        return self._outcome()

    def succeed(self, result: Json) -> StateOutcome:
        """Continue after the work has succeeded, and return how the state ends."""
        run, path, state = self._run, self._path, self.state
        assert isinstance(state, RetryableState)
        try:
            if isinstance(state, Task):
                # AWS, recorded: for a Map, the first value that is shown is the one after ResultSelector.
                self._record("result", result)
                task.task_succeeded(run, path, state, TaskSucceeded(path.id, path.number, result))
            else:
                if isinstance(state, Map):
                    self._check_tolerated_failures(state)
                complete_state(run, path, state, result, checked_text(state, result))
        except StateError as fault:
            fail_state(run, path, state, fault)
        return self._end()

    def fail(self, error: str | None, cause: str | None) -> StateOutcome:
        """Handle an error of the work, and return which retrier or catcher matches."""
        run, path, state = self._run, self._path, self.state
        if isinstance(state, Task):
            task.task_failed(run, path, state, TaskFailed(path.id, path.number, error, cause))
        else:
            handle_error(run, path, state, error, cause)
        return self._end()

    def _record(self, stage: str, value: Json) -> Json:
        self.stages[stage] = value
        return value

    def _skip_wait(self, state: Wait) -> None:
        """End a Wait state without waiting; raises StateError if the wait is longer than a test may take."""
        if self._milliseconds(self._path.number) > MAX_TEST_SECONDS * 1000:
            raise StateError(TIMEOUT)
        complete_wait(self._run, self._path, state)

    def _evaluate_items(self, state: Map) -> None:
        """Evaluate the items and the limits of a Map."""
        run, path, distributed = self._run, self._path, state.distributed
        scope = run.scope(path)
        effective_scope = scope.at(state.arguments(scope))
        items = self._items(state, effective_scope)
        if state.selector is not None:
            selected = [select_item(run, path, state, at, item) for at, item in enumerate(items)]
            items = self._record("afterItemSelector", selected)
        if distributed is not None and distributed.batcher is not None:
            found = batches(distributed.batcher, effective_scope, len(items), items.__getitem__, 0)
            items = self._record("afterItemBatcher", [batch for batch, _, _ in found])
        self.arguments, self.iterations = items, len(items)
        self.limits["maxConcurrency"] = state.concurrency(scope)
        if distributed is not None and distributed.tolerated_count is not None:
            self.limits["toleratedFailureCount"] = distributed.tolerated_count(scope)
        if distributed is not None and distributed.tolerated_percentage is not None:
            self.limits["toleratedFailurePercentage"] = float(distributed.tolerated_percentage(scope))

    def _items(self, state: Map, effective_scope: Scope) -> Sequence[Json]:
        data, reader = self.configuration.data, self.configuration.reader
        if data is None:
            items: Sequence[Json] = state.items(effective_scope)
            return items
        read = list(read_items([data.encode()], reader))
        return self._record("afterItemsPointer", read) if "ItemsPointer" in reader else read

    def _check_tolerated_failures(self, state: Map) -> None:
        """Raise StateError if more items of a Map failed than it tolerates; an inline Map tolerates none.

        AWS, recorded: a distributed Map that states no tolerance succeeds with the mocked result.
        """
        count, percentage = self.limits.get("toleratedFailureCount"), self.limits.get("toleratedFailurePercentage")
        bounds = [bound for bound in (count, percentage and percentage * self.iterations / 100) if bound is not None]
        if state.distributed is not None and not bounds:
            return
        if self.configuration.failures > min(bounds, default=0):
            raise StateError(TOLERANCE_EXCEEDED, "The specified tolerated failure threshold was exceeded")

    def _milliseconds(self, number: int) -> int:
        """Return the length of a timer that the state has set."""
        timer = next(each for each in self._run.commands if isinstance(each, SetTimer) and each.number == number)
        return timer.due - (self._run.world.monotonic() if timer.elapsed else self._run.now)

    def _end(self) -> StateOutcome:
        outcome = self._outcome()
        assert outcome is not None
        return outcome

    def _outcome(self) -> StateOutcome | None:
        """Return how the state has ended, or None if it waits for its work."""
        run, path = self._run, self._path
        if run.finish is not None:
            return StateOutcome("FAILED", error=run.finish.error, cause=run.finish.cause)
        error, cause = run.last_error or (None, None)
        handling = self._matching("retryIndex", error)
        if run.ended:
            end = run.ended[0]
            if not end.failed:
                return StateOutcome("SUCCEEDED", end.document)
            is_caught = bool(self._matching("catchIndex", error))  # and evaluating the catcher failed
            return StateOutcome("FAILED", error=end.error, cause=end.cause, handling={} if is_caught else handling)
        if path.phase is Phase.RETRYING:
            handling["retryBackoffIntervalSeconds"] = self._milliseconds(path.number) // 1000
            return StateOutcome("RETRIABLE", error=error, cause=cause, handling=handling)
        if path.phase is not Phase.READY:
            return None
        if run.last_error is None:
            return StateOutcome("SUCCEEDED", path.input, path.state)
        handling |= self._matching("catchIndex", error)
        return StateOutcome("CAUGHT_ERROR", path.input, path.state, error, cause, handling)

    def _matching(self, name: Literal["retryIndex", "catchIndex"], error: str | None) -> dict[str, int]:
        """Return the index of the retrier or catcher that matches the error, under its name; {} if none matches."""
        if self._run.last_error is None or not isinstance(self.state, RetryableState):
            return {}
        index = find_handler(self.state.retriers if name == "retryIndex" else self.state.catchers, error)
        return {} if index is None else {name: index}
