"""What holds for every machine, whatever the world does and in whatever order."""

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
from tests.asl.simulated_execution import Gentle, SimulatedExecution, fresh, waits_for
from tests.strategies import INPUT, definitions, moves

quick = settings(
    deadline=None,
    derandomize=True,
    max_examples=250,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
SHORT = 30
"""A limit of the history that small machines reach."""


def drawn(text: str, picks: list[int], crossings: int = 250) -> Iterator[SimulatedExecution]:
    """A play after each of its steps, until it has ended."""
    play = SimulatedExecution(parse_definition(text), INPUT, crossings=crossings)
    yield play
    for pick in picks:
        if play.execution.status != "RUNNING":
            return
        play.move(pick)
        yield play
    while play.execution.status == "RUNNING":
        play.step_on()
        yield play


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
def test_what_was_saved_is_loaded_again_and_goes_on_as_well(text: str, picks: list[int]) -> None:
    with database() as tx:
        for at, play in enumerate(drawn(text, picks)):
            scene = play.scenes[-1]
            save(tx, 1, scene.before, scene.step.execution)
            loaded = load(tx, 1, fresh(scene.step.execution), dump_counters(scene.step.execution))
            assert loaded == scene.step.execution
            if at % 2:
                play.execution = loaded
        for table in ("frames", "fan_outs", "child_results"):
            assert tx.rows(f"SELECT * FROM {table}") == []


@quick
@given(definitions(), moves)
def test_the_same_event_twice_changes_nothing_the_second_time(text: str, picks: list[int]) -> None:
    for play in drawn(text, picks):
        scene = play.scenes[-1]
        if scene.step.has_ready_frames or isinstance(scene.event, Heartbeat):
            continue
        again = advance(play.definition, play.execution, scene.event, play.world)
        assert (again.execution, again.commands, again.entries) == (play.execution, (), ())


@quick
@given(definitions(), moves)
def test_what_is_late_doubled_or_unknown_changes_nothing(text: str, picks: list[int]) -> None:
    for play in drawn(text, picks):
        if play.more:
            continue
        for event in play.mistakes():
            step = advance(play.definition, play.execution, event, play.world)
            assert (step.execution, step.commands, step.entries) == (play.execution, (), ()), event


@quick
@given(definitions(), moves)
def test_no_name_of_work_or_of_a_timer_is_given_twice(text: str, picks: list[int]) -> None:
    names: Counter[int] = Counter()
    for play in drawn(text, picks):
        names.update(each.number for each in play.scenes[-1].step.commands if isinstance(each, (StartTask, SetTimer)))
    assert [name for name, times in names.items() if times > 1] == []


@quick
@given(definitions(), moves)
def test_the_world_is_asked_for_just_what_the_frames_wait_for(text: str, picks: list[int]) -> None:
    for play in drawn(text, picks):
        work, timers = waits_for(play.execution.frames.values())
        if play.execution.timer:
            timers.add((0, play.execution.timer))
        assert play.work.keys() == work
        assert play.timers.keys() == timers


@quick
@given(definitions(), moves)
def test_only_a_frame_with_children_has_a_count_of_them_and_what_they_came_to(text: str, picks: list[int]) -> None:
    for play in drawn(text, picks):
        frames = play.execution.frames
        parents = {
            key for key, frame in frames.items() if frame.phase in (Phase.WAITING_FOR_CHILDREN, Phase.CHILDREN_ENDED)
        }
        assert {key for key, frame in frames.items() if frame.fan is not None} == parents
        assert play.execution.results.keys() <= parents
        assert {frame.parent for frame in frames.values()} <= parents | {0}


@quick
@given(definitions(), moves)
def test_work_is_called_off_once_and_only_while_it_is_under_way(text: str, picks: list[int]) -> None:
    under_way: set[tuple[int, int]] = set()
    for play in drawn(text, picks):
        scene = play.scenes[-1]
        if isinstance(scene.event, (TaskSucceeded, TaskFailed)):
            under_way.discard((scene.event.frame, scene.event.number))
        for command in scene.step.commands:
            if isinstance(command, StartTask):
                under_way.add((command.frame, command.number))
            if isinstance(command, CancelTask):
                under_way.remove((command.frame, command.number))
    assert under_way == set()


@quick
@given(definitions(), moves)
def test_after_the_end_nothing_is_left_and_nothing_happens(text: str, picks: list[int]) -> None:
    *_, play = drawn(text, picks)
    ended = play.execution
    assert (ended.frames, ended.results, ended.timer) == ({}, {}, 0)
    assert [type(each) for each in play.scenes[-1].step.commands].count(Finish) == 1
    assert not any(isinstance(each, SetTimer) for each in play.scenes[-1].step.commands)
    for event in [*play.mistakes(), *(scene.event for scene in play.scenes)]:
        assert advance(play.definition, ended, event, play.world) == run.Step(ended)


def look_through(history: list[Json]) -> None:
    """What every history keeps to."""
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert history[0]["type"] == "ExecutionStarted"
    assert all(0 <= event["previousEventId"] < event["id"] for event in history)
    assert all(event["previousEventId"] for event in history[2:])
    assert history == sorted(history, key=lambda event: event["timestamp"])
    last = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"}
    assert [event["id"] for event in history if event["type"] in last] in ([], [len(history)])


@quick
@given(definitions(), moves)
def test_the_history_counts_from_one_without_a_gap_and_looks_back(text: str, picks: list[int]) -> None:
    for play in drawn(text, picks):
        assert play.execution.event == len(play.history)
    look_through(play.history)
    ends = {"SUCCEEDED": "Succeeded", "FAILED": "Failed", "ABORTED": "Aborted", "TIMED_OUT": "TimedOut"}
    assert play.types[-1] == f"Execution{ends[play.execution.status]}"


def held(execution: Execution) -> Counter[str]:
    """The states that frames are in."""
    return Counter(frame.state for frame in execution.frames.values() if frame.phase is not Phase.READY)


@quick
@given(definitions(), moves)
def test_every_frame_is_in_the_state_that_its_event_of_the_history_entered(text: str, picks: list[int]) -> None:
    for play in drawn(text, picks, crossings=2):
        history = play.history
        for frame in play.execution.frames.values():
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
def test_where_nothing_fails_the_frames_are_in_just_the_states_that_are_open(text: str, picks: list[int]) -> None:
    play = Gentle(parse_definition(text), INPUT, crossings=1 + sum(picks) % 4)
    while play.execution.status == "RUNNING":
        open_states: Counter[str] = Counter()
        for event in play.history:
            open_states[event.get("stateEnteredEventDetails", {}).get("name", "")] += 1
            open_states[event.get("stateExitedEventDetails", {}).get("name", "")] -= 1
        del open_states[""]
        assert +open_states == held(play.execution)
        play.step_on()


@quick
@given(definitions(calm=True))
def test_how_finely_it_is_sliced_does_not_matter(text: str) -> None:
    whole = Gentle(parse_definition(text), INPUT).run()
    for crossings in (1, 3):
        sliced = Gentle(parse_definition(text), INPUT, crossings=crossings).run()
        assert sliced.finish == whole.finish
        assert sorted(sliced.types) == sorted(whole.types)
        assert all(
            isinstance(scene.event, Resumed)
            for before, scene in zip(sliced.scenes, sliced.scenes[1:], strict=False)
            if before.step.has_ready_frames
        )
    assert whole.finish.status == "SUCCEEDED"


@quick
@given(definitions(), moves)
def test_nothing_that_is_handed_in_is_changed(text: str, picks: list[int]) -> None:
    definition = parse_definition(text)
    plays = []
    for shared in (definition, definition, parse_definition(text)):
        play = SimulatedExecution(shared, INPUT)
        for pick in picks:
            before, told = play.execution, repr(play.execution)
            if before.status == "RUNNING":
                play.move(pick)
            assert repr(before) == told
        plays.append(play.run())
    assert plays[0].history == plays[1].history == plays[2].history
    assert len({repr([scene.step.commands for scene in play.scenes]) for play in plays}) == 1


@quick
@given(definitions(), moves)
def test_a_history_that_is_full_ends_the_execution_and_calls_its_work_off_once(text: str, picks: list[int]) -> None:
    with mock.patch.object(run, "MAX_EVENTS", SHORT):
        cancelled: list[tuple[int, int]] = []
        for play in drawn(text, picks):
            commands = play.scenes[-1].step.commands
            cancelled += [(each.frame, each.number) for each in commands if isinstance(each, CancelTask)]
    assert play.execution.event <= SHORT
    assert len(cancelled) == len(set(cancelled))
    assert not play.work
    look_through(play.history)
