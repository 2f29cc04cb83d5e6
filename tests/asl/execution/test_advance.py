"""Properties of every machine, for random events in random order."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Self
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.asl.definition.parse import parse_definition
from lamplighter.asl.execution import step
from lamplighter.asl.execution.advance import advance
from lamplighter.asl.execution.frame import Execution, Phase
from lamplighter.asl.execution.messages import (
    CancelTask,
    Finish,
    Heartbeat,
    Resumed,
    SetTimer,
    StartTask,
    TaskFailed,
    TaskSucceeded,
)
from lamplighter.asl.execution.step import Step
from lamplighter.base.json_text import Json, loads
from lamplighter.services.states.tables.frames import dump_counters, load, save
from lamplighter.store.db import CommitSignals, Tx
from lamplighter.store.migrate import migrate
from tests.asl.simulated_execution import PredictableExecution, SimulatedExecution, awaited_keys, without_progress
from tests.property_settings import examples
from tests.strategies import INPUT, definitions, moves

quick = settings(
    deadline=None,
    derandomize=True,
    max_examples=examples(250),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
SHORT_HISTORY = 30
"""A limit of the history that small machines reach."""


def simulate_steps(text: str, picks: list[int], crossings: int = 250) -> Iterator[SimulatedExecution]:
    """Yield a simulated execution after each of its steps until it has ended."""
    simulated = SimulatedExecution(parse_definition(text), INPUT, crossings=crossings)
    yield simulated
    for pick in picks:
        if simulated.execution.status != "RUNNING":
            return
        simulated.send_random_event(pick)
        yield simulated
    while simulated.execution.status == "RUNNING":
        simulated.take_step()
        yield simulated


@settings(quick, max_examples=examples(500))  # 250 for each number of crossings
@given(definitions(), moves, st.sampled_from([250, 2]))
def test_every_step_keeps_the_invariants(text: str, picks: list[int], crossings: int) -> None:
    """All claims are checked in one walk, because the walk costs more than the checks."""
    checks = [check_step_is_repeatable, check_stray_events_change_nothing, check_pending_work, check_children]
    checks += [check_occupied_states, check_number_of_history_events, UniqueNumbers().check, CancelledTasks().check]
    with SavedExecution.in_memory() as saved:
        for simulated in simulate_steps(text, picks, crossings):
            for check in checks:
                check(simulated)
            saved.check(simulated)
        saved.check_nothing_is_left()
    check_end(simulated)
    check_history(simulated.history)


def check_step_is_repeatable(simulated: SimulatedExecution) -> None:
    """Check that the last event, repeated, changes nothing."""
    recorded = simulated.steps[-1]
    if not recorded.step.has_ready_frames and not isinstance(recorded.event, Heartbeat):
        again = advance(simulated.definition, simulated.execution, recorded.event, simulated.world)
        assert again == Step(simulated.execution)


def check_stray_events_change_nothing(simulated: SimulatedExecution) -> None:
    """Check that late, repeated and unknown events change nothing."""
    if not simulated.has_ready_frames:
        for event in simulated.stray_events():
            assert advance(simulated.definition, simulated.execution, event, simulated.world) == Step(
                simulated.execution
            ), event


def check_pending_work(simulated: SimulatedExecution) -> None:
    """Check that the pending tasks and timers are those that the frames wait for."""
    tasks, timers = awaited_keys(simulated.execution.frames.values())
    if simulated.execution.timer:
        timers.add((0, simulated.execution.timer))
    assert simulated.tasks.keys() == tasks
    assert simulated.timers.keys() == timers


def check_children(simulated: SimulatedExecution) -> None:
    """Check that only a frame with children has counts and results of children."""
    frames = simulated.execution.frames
    parents = {
        key for key, frame in frames.items() if frame.phase in (Phase.WAITING_FOR_CHILDREN, Phase.CHILDREN_ENDED)
    }
    assert {key for key, frame in frames.items() if frame.fan is not None} == parents
    assert simulated.execution.results.keys() <= parents
    assert {frame.parent for frame in frames.values()} <= parents | {0}


def check_occupied_states(simulated: SimulatedExecution) -> None:
    """Check that every frame is in the state that its history event entered."""
    for frame in simulated.execution.frames.values():
        if frame.phase is Phase.READY:
            continue
        entered = simulated.history[frame.entered - 1]
        assert entered["stateEnteredEventDetails"] == {
            "name": frame.state,
            "input": frame.text,
            "inputDetails": {"truncated": False},
        }
        assert loads(frame.text) == frame.input
        assert frame.previous >= frame.entered


def check_number_of_history_events(simulated: SimulatedExecution) -> None:
    """Check that the execution has counted the events of its history."""
    assert simulated.execution.event == len(simulated.history)


class UniqueNumbers:
    """Check that no number of a task or a timer is used twice."""

    def __init__(self) -> None:
        self._used: set[int] = set()

    def check(self, simulated: SimulatedExecution) -> None:
        for command in simulated.steps[-1].step.commands:
            if isinstance(command, (StartTask, SetTimer)):
                assert command.number not in self._used
                self._used.add(command.number)


class CancelledTasks:
    """Check that a task is cancelled once, only while it is pending, and that none is pending at the end."""

    def __init__(self) -> None:
        self._pending: set[tuple[int, int]] = set()

    def check(self, simulated: SimulatedExecution) -> None:
        recorded = simulated.steps[-1]
        if isinstance(recorded.event, (TaskSucceeded, TaskFailed)):
            self._pending.discard((recorded.event.frame, recorded.event.number))
        for command in recorded.step.commands:
            if isinstance(command, StartTask):
                self._pending.add((command.frame, command.number))
            if isinstance(command, CancelTask):
                self._pending.remove((command.frame, command.number))
        assert simulated.execution.status == "RUNNING" or not self._pending


class SavedExecution:
    """Check that a saved execution is loaded unchanged; every second step continues with the loaded one."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._steps = 0

    @classmethod
    @contextmanager
    def in_memory(cls) -> Iterator[Self]:
        """Yield the check with an empty database."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            migrate(connection)
            yield cls(Tx(connection, CommitSignals()))

    def check(self, simulated: SimulatedExecution) -> None:
        recorded = simulated.steps[-1]
        save(self._tx, 1, recorded.before, recorded.step.execution)
        counters = dump_counters(recorded.step.execution)
        loaded = load(self._tx, 1, without_progress(recorded.step.execution), counters)
        assert loaded == recorded.step.execution
        if self._steps % 2:
            simulated.execution = loaded
        self._steps += 1

    def check_nothing_is_left(self) -> None:
        """Check that an ended execution has no rows."""
        for table in ("frames", "child_progress", "child_results"):
            assert self._tx.rows(f"SELECT * FROM {table}") == []


def check_end(simulated: SimulatedExecution) -> None:
    """Check that an ended execution has no frames, finished once, and that no event changes it."""
    ended = simulated.execution
    assert (ended.frames, ended.results, ended.timer) == ({}, {}, 0)
    assert [type(each) for each in simulated.steps[-1].step.commands].count(Finish) == 1
    assert not any(isinstance(each, SetTimer) for each in simulated.steps[-1].step.commands)
    for event in [*simulated.stray_events(), *(recorded.event for recorded in simulated.steps)]:
        assert advance(simulated.definition, ended, event, simulated.world) == Step(ended)
    ends = {"SUCCEEDED": "Succeeded", "FAILED": "Failed", "ABORTED": "Aborted", "TIMED_OUT": "TimedOut"}
    assert simulated.types[-1] == f"Execution{ends[ended.status]}"


def check_history(history: list[Json]) -> None:
    """Check that the ids of the events are consecutive, that events refer to earlier ones, and that one event ends."""
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert history[0]["type"] == "ExecutionStarted"
    assert all(0 <= event["previousEventId"] < event["id"] for event in history)
    assert all(event["previousEventId"] for event in history[2:] if event["type"] != "ExecutionAborted")
    assert history == sorted(history, key=lambda event: event["timestamp"])
    last = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"}
    assert [event["id"] for event in history if event["type"] in last] in ([], [len(history)])


def occupied_states(execution: Execution) -> Counter[str]:
    """Count the states that frames are in."""
    return Counter(frame.state for frame in execution.frames.values() if frame.phase is not Phase.READY)


@quick
@given(definitions(calm=True), moves)
def test_without_failures_the_frames_are_in_the_states_that_have_not_been_exited(text: str, picks: list[int]) -> None:
    simulated = PredictableExecution(parse_definition(text), INPUT, crossings=1 + sum(picks) % 4)
    while simulated.execution.status == "RUNNING":
        open_states: Counter[str] = Counter()
        for event in simulated.history:
            open_states[event.get("stateEnteredEventDetails", {}).get("name", "")] += 1
            open_states[event.get("stateExitedEventDetails", {}).get("name", "")] -= 1
        del open_states[""]
        assert +open_states == occupied_states(simulated.execution)
        simulated.take_step()


@quick
@given(definitions(calm=True))
def test_the_slice_size_does_not_change_the_result(text: str) -> None:
    whole = PredictableExecution(parse_definition(text), INPUT).run()
    for crossings in (1, 3):
        sliced = PredictableExecution(parse_definition(text), INPUT, crossings=crossings).run()
        assert sliced.finish == whole.finish
        assert sorted(sliced.types) == sorted(whole.types)
        assert all(
            isinstance(recorded.event, Resumed)
            for before, recorded in zip(sliced.steps, sliced.steps[1:], strict=False)
            if before.step.has_ready_frames
        )
    assert whole.finish.status == "SUCCEEDED"


@quick
@given(definitions(), moves)
def test_advance_changes_none_of_its_arguments(text: str, picks: list[int]) -> None:
    definition = parse_definition(text)
    executions = []
    for shared in (definition, definition, parse_definition(text)):
        simulated = SimulatedExecution(shared, INPUT)
        for pick in picks:
            before, before_text = simulated.execution, repr(simulated.execution)
            if before.status == "RUNNING":
                simulated.send_random_event(pick)
            assert repr(before) == before_text
        executions.append(simulated.run())
    assert executions[0].history == executions[1].history == executions[2].history
    assert len({repr([recorded.step.commands for recorded in simulated.steps]) for simulated in executions}) == 1


@quick
@given(definitions(), moves)
def test_a_full_history_ends_the_execution_and_cancels_its_tasks_once(text: str, picks: list[int]) -> None:
    with mock.patch.object(step, "MAX_EVENTS", SHORT_HISTORY):
        cancelled: list[tuple[int, int]] = []
        for simulated in simulate_steps(text, picks):
            commands = simulated.steps[-1].step.commands
            cancelled += [(each.frame, each.number) for each in commands if isinstance(each, CancelTask)]
    assert simulated.execution.event <= SHORT_HISTORY
    assert len(cancelled) == len(set(cancelled))
    assert not simulated.tasks
    check_history(simulated.history)
