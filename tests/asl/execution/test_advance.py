"""Properties of every machine, for random events in random order."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from hypothesis import HealthCheck, given, settings

from lamplighter.asl.definition.parse import parse_definition
from lamplighter.asl.execution import step as run
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


@contextmanager
def database() -> Iterator[Tx]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(connection)
        yield Tx(connection, CommitSignals())
    finally:
        connection.close()


@quick
@given(definitions(), moves)
def test_a_saved_execution_is_loaded_unchanged_and_continues(text: str, picks: list[int]) -> None:
    with database() as tx:
        for at, simulated in enumerate(simulate_steps(text, picks)):
            recorded = simulated.steps[-1]
            save(tx, 1, recorded.before, recorded.step.execution)
            loaded = load(tx, 1, without_progress(recorded.step.execution), dump_counters(recorded.step.execution))
            assert loaded == recorded.step.execution
            if at % 2:
                simulated.execution = loaded
        for table in ("frames", "child_progress", "child_results"):
            assert tx.rows(f"SELECT * FROM {table}") == []


@quick
@given(definitions(), moves)
def test_a_repeated_event_changes_nothing(text: str, picks: list[int]) -> None:
    for simulated in simulate_steps(text, picks):
        recorded = simulated.steps[-1]
        if recorded.step.has_ready_frames or isinstance(recorded.event, Heartbeat):
            continue
        again = advance(simulated.definition, simulated.execution, recorded.event, simulated.world)
        assert (again.execution, again.commands, again.entries) == (simulated.execution, (), ())


@quick
@given(definitions(), moves)
def test_a_late_repeated_or_unknown_event_changes_nothing(text: str, picks: list[int]) -> None:
    for simulated in simulate_steps(text, picks):
        if simulated.has_ready_frames:
            continue
        for event in simulated.stray_events():
            step = advance(simulated.definition, simulated.execution, event, simulated.world)
            assert (step.execution, step.commands, step.entries) == (simulated.execution, (), ()), event


@quick
@given(definitions(), moves)
def test_no_number_of_a_task_or_timer_is_used_twice(text: str, picks: list[int]) -> None:
    numbers: Counter[int] = Counter()
    for simulated in simulate_steps(text, picks):
        numbers.update(
            each.number for each in simulated.steps[-1].step.commands if isinstance(each, (StartTask, SetTimer))
        )
    assert [number for number, times in numbers.items() if times > 1] == []


@quick
@given(definitions(), moves)
def test_the_pending_tasks_and_timers_are_those_that_the_frames_wait_for(text: str, picks: list[int]) -> None:
    for simulated in simulate_steps(text, picks):
        tasks, timers = awaited_keys(simulated.execution.frames.values())
        if simulated.execution.timer:
            timers.add((0, simulated.execution.timer))
        assert simulated.tasks.keys() == tasks
        assert simulated.timers.keys() == timers


@quick
@given(definitions(), moves)
def test_only_a_frame_with_children_has_child_counts_and_results(text: str, picks: list[int]) -> None:
    for simulated in simulate_steps(text, picks):
        frames = simulated.execution.frames
        parents = {
            key for key, frame in frames.items() if frame.phase in (Phase.WAITING_FOR_CHILDREN, Phase.CHILDREN_ENDED)
        }
        assert {key for key, frame in frames.items() if frame.fan is not None} == parents
        assert simulated.execution.results.keys() <= parents
        assert {frame.parent for frame in frames.values()} <= parents | {0}


@quick
@given(definitions(), moves)
def test_a_task_is_cancelled_once_and_only_while_it_is_pending(text: str, picks: list[int]) -> None:
    pending: set[tuple[int, int]] = set()
    for simulated in simulate_steps(text, picks):
        recorded = simulated.steps[-1]
        if isinstance(recorded.event, (TaskSucceeded, TaskFailed)):
            pending.discard((recorded.event.frame, recorded.event.number))
        for command in recorded.step.commands:
            if isinstance(command, StartTask):
                pending.add((command.frame, command.number))
            if isinstance(command, CancelTask):
                pending.remove((command.frame, command.number))
    assert pending == set()


@quick
@given(definitions(), moves)
def test_after_the_end_no_frames_are_left_and_no_event_changes_anything(text: str, picks: list[int]) -> None:
    *_, simulated = simulate_steps(text, picks)
    ended = simulated.execution
    assert (ended.frames, ended.results, ended.timer) == ({}, {}, 0)
    assert [type(each) for each in simulated.steps[-1].step.commands].count(Finish) == 1
    assert not any(isinstance(each, SetTimer) for each in simulated.steps[-1].step.commands)
    for event in [*simulated.stray_events(), *(recorded.event for recorded in simulated.steps)]:
        assert advance(simulated.definition, ended, event, simulated.world) == run.Step(ended)


def check_history(history: list[Json]) -> None:
    """Check what is true of every history."""
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert history[0]["type"] == "ExecutionStarted"
    assert all(0 <= event["previousEventId"] < event["id"] for event in history)
    assert all(event["previousEventId"] for event in history[2:])
    assert history == sorted(history, key=lambda event: event["timestamp"])
    last = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"}
    assert [event["id"] for event in history if event["type"] in last] in ([], [len(history)])


@quick
@given(definitions(), moves)
def test_history_event_ids_are_consecutive_and_refer_to_earlier_events(text: str, picks: list[int]) -> None:
    for simulated in simulate_steps(text, picks):
        assert simulated.execution.event == len(simulated.history)
    check_history(simulated.history)
    ends = {"SUCCEEDED": "Succeeded", "FAILED": "Failed", "ABORTED": "Aborted", "TIMED_OUT": "TimedOut"}
    assert simulated.types[-1] == f"Execution{ends[simulated.execution.status]}"


def occupied_states(execution: Execution) -> Counter[str]:
    """Count the states that frames are in."""
    return Counter(frame.state for frame in execution.frames.values() if frame.phase is not Phase.READY)


@quick
@given(definitions(), moves)
def test_every_frame_is_in_the_state_that_its_history_event_entered(text: str, picks: list[int]) -> None:
    for simulated in simulate_steps(text, picks, crossings=2):
        history = simulated.history
        for frame in simulated.execution.frames.values():
            if frame.phase is Phase.READY:
                continue
            entered = history[frame.entered - 1]
            assert entered["stateEnteredEventDetails"] == {
                "name": frame.state,
                "input": frame.text,
                "inputDetails": {"truncated": False},
            }
            assert loads(frame.text) == frame.input
            assert frame.previous >= frame.entered


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
    with mock.patch.object(run, "MAX_EVENTS", SHORT_HISTORY):
        cancelled: list[tuple[int, int]] = []
        for simulated in simulate_steps(text, picks):
            commands = simulated.steps[-1].step.commands
            cancelled += [(each.frame, each.number) for each in commands if isinstance(each, CancelTask)]
    assert simulated.execution.event <= SHORT_HISTORY
    assert len(cancelled) == len(set(cancelled))
    assert not simulated.tasks
    check_history(simulated.history)
