"""The engine is killed at every commit of a night's work, before it and after it: nobody can tell afterwards.

Every attempt's container has begun once, the history is the one of an undisturbed night, every event was told once, and
nothing is left over.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads
from lamplighter.runtime.fake import Script
from tests.engine_harness import SECOND, WITH_TOKEN, EngineDied, EngineHarness, chain, job

PATIENCE = 200
"""After how many deaths and seconds of virtual time a night must be over."""
NAME = "night"


@dataclass(frozen=True, slots=True)
class Night:
    """One night's work."""

    definition: Json
    runs: int
    """How many containers it takes."""
    output: Callable[[Json], Json]
    """What of the output is known beforehand."""
    expected: Json
    fails: tuple[int, ...] = ()
    """Which of the containers exit with 1, counted in the order in which they begin."""
    lasts: int | None = 5 * SECOND
    """How long each runs; None: until somebody answers for it with its token."""


RETRY = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 10, "MaxAttempts": 3}]
DONE: Json = {"Type": "Pass", "Result": "done"}
ARTICLE = Night(chain(job(Retry=RETRY), DONE), 2, lambda output: output, "done", fails=(0,))

TASK = job(Retry=RETRY, ResultPath=None)
MAP: Json = {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ItemProcessor": chain(TASK, first="I")}
NAP: Json = {"Type": "Wait", "Seconds": 7}
FAN = Night(
    chain({"Type": "Parallel", "Branches": [chain(TASK, first="T"), chain(MAP, first="M"), chain(NAP, first="N")]}),
    5,
    lambda output: output[1],
    [1, 2, 3],
    fails=(1,),
)
TOKEN = Night(
    chain(job(pattern=".waitForTaskToken", Parameters=WITH_TOKEN), {"Type": "Pass"}),
    1,
    lambda output: output,
    {"by": "hand"},
    lasts=None,
)
NIGHTS = {"article": ARTICLE, "parallel and map": FAN, "token": TOKEN}


def prepare(directory: Path, night: Night) -> tuple[EngineHarness, str]:
    """A harness before the night, and its state machine."""
    harness = EngineHarness(directory)
    harness.up()
    harness.define_task()
    harness.runtime.script(Script(after=night.lasts))
    harness.runtime.script(Script(code=1, after=night.lasts), lambda _: len(harness.runtime.runs()) in night.fails)
    return harness, harness.machine(night.definition)


def play(harness: EngineHarness, machine: str, revive: Callable[[], None]) -> tuple[str, int]:
    """Go through the night, with a new engine whenever one dies; the execution, and how many died."""
    deaths = 0
    for _ in range(PATIENCE):
        try:
            execution = begin(harness, machine)
            answer(harness)
            if harness.status(execution) != "RUNNING":
                harness.advance(SECOND)
                return execution, deaths
            harness.advance(SECOND)
        except EngineDied:
            deaths += 1
            revive()
    raise AssertionError("the night does not end")


def begin(harness: EngineHarness, machine: str) -> str:
    """Start the execution; its name makes it one however often that is tried."""
    with suppress(AwsError):
        harness.start(machine, {"items": [1, 2, 3]}, NAME)
    harness.settle()
    return f"{machine.replace(':stateMachine:', ':execution:')}:{NAME}"


def answer(harness: EngineHarness) -> None:
    """Be the worker that answers for each container that has a token; it tries until it hears that it was heard."""
    for name, container in harness.runtime.begun.items():
        if "TOKEN" in container.environment and name in harness.runtime.left():
            with suppress(AwsError):  # it was heard, and the engine died before it could say so
                harness.call(
                    "states", "SendTaskSuccess", taskToken=container.environment["TOKEN"], output='{"by":"hand"}'
                )
            harness.settle()
            harness.runtime.finish(name)
            harness.settle()


def check(harness: EngineHarness, night: Night, execution: str, undisturbed: list[str]) -> None:
    """Nobody can tell that anything has happened."""
    found = harness.describe(execution)
    assert found["status"] == "SUCCEEDED"
    assert night.output(loads(found["output"])) == night.expected
    events = harness.history(execution)
    types = [event["type"] for event in events]
    assert Counter(types) == Counter(undisturbed)
    if "ParallelStateEntered" not in types:
        assert types == undisturbed
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert set(Counter(harness.runtime.runs()).values()) == {1}
    assert len(harness.runtime.runs()) == night.runs
    check_events(harness)
    check_leftovers(harness)


def check_events(harness: EngineHarness) -> None:
    """Each change was told once, in order."""
    assert [event.detail["status"] for event in harness.heard("aws.states")] == ["RUNNING", "SUCCEEDED"]
    versions: dict[str, list[int]] = defaultdict(list)
    for event in harness.heard("aws.ecs"):
        versions[event.detail["taskArn"]].append(event.detail["version"])
    for told in versions.values():
        assert told == list(range(told[0], told[0] + len(told)))


def check_leftovers(harness: EngineHarness) -> None:
    assert harness.runtime.left() == []
    for table in ("outbox", "timers", "frames", "fan_outs", "child_results", "watches"):
        assert harness.rows(f"SELECT * FROM {table}") == [], table


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("night", NIGHTS.values(), ids=NIGHTS)
def test_killed_at_any_commit_the_night_ends_as_if_nothing_had_happened(
    tmp_path: Path, night: Night, before: bool
) -> None:
    quiet, machine = prepare(tmp_path / "quiet", night)
    commits = quiet.disk.commits
    execution, _ = play(quiet, machine, quiet.up)
    commits = quiet.disk.commits - commits
    undisturbed = quiet.types(execution)
    check(quiet, night, execution, undisturbed)
    quiet.close()
    killed = 0
    for commit in itertools.count(1):
        harness, machine = prepare(tmp_path / str(commit), night)
        harness.die_at(commit, before=before)
        execution, deaths = play(harness, machine, harness.up)
        check(harness, night, execution, undisturbed)
        harness.close()
        killed += deaths
        if not deaths:
            break
    assert killed >= commits - 2, "the night has more commits than were tried"


@pytest.mark.parametrize("life", [5, 6, 8])
@pytest.mark.parametrize("night", [ARTICLE, FAN], ids=["article", "parallel and map"])
def test_engines_that_die_young_one_after_another_get_the_night_done(tmp_path: Path, night: Night, life: int) -> None:
    quiet, machine = prepare(tmp_path / "quiet", night)
    undisturbed = quiet.types(play(quiet, machine, quiet.up)[0])
    quiet.close()
    harness, machine = prepare(tmp_path / "site", night)

    def revive() -> None:
        while True:
            harness.die_at(life, before=False)
            with suppress(EngineDied):
                harness.up()
                return

    harness.die_at(life, before=False)
    execution, deaths = play(harness, machine, revive)
    harness.disk.death = None
    assert deaths > 0
    check(harness, night, execution, undisturbed)
    harness.close()
