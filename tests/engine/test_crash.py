"""Kill the engine before and after each commit of an execution; the result shows no trace of it.

Every attempt's container starts once, the history equals that of an undisturbed execution, every event is published
once, and no row is left over.
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
from tests.engine_harness import SECOND, WITH_TOKEN, EngineDied, EngineHarness, chain, job
from tests.fake_runtime import Script

MAX_ROUNDS = 200
"""The most deaths and seconds of virtual time that an execution may take."""
NAME = "night"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A machine to execute, and the expected result."""

    definition: Json
    containers: int
    """The number of containers that the execution starts."""
    output: Callable[[Json], Json]
    """Returns the part of the output that is known beforehand."""
    expected: Json
    failing: tuple[int, ...] = ()
    """The containers that exit with 1, counted in the order in which they start."""
    duration: int | None = 5 * SECOND
    """Milliseconds that each container runs; None: until a worker answers with its task token."""


RETRY = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 10, "MaxAttempts": 3}]
DONE: Json = {"Type": "Pass", "Result": "done"}
ARTICLE = Scenario(chain(job(Retry=RETRY), DONE), 2, lambda output: output, "done", failing=(0,))

TASK = job(Retry=RETRY, ResultPath=None)
MAP: Json = {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ItemProcessor": chain(TASK, first="I")}
WAIT: Json = {"Type": "Wait", "Seconds": 7}
PARALLEL_AND_MAP = Scenario(
    chain({"Type": "Parallel", "Branches": [chain(TASK, first="T"), chain(MAP, first="M"), chain(WAIT, first="N")]}),
    5,
    lambda output: output[1],
    [1, 2, 3],
    failing=(1,),
)
TOKEN = Scenario(
    chain(job(pattern=".waitForTaskToken", Parameters=WITH_TOKEN), {"Type": "Pass"}),
    1,
    lambda output: output,
    {"by": "hand"},
    duration=None,
)
SCENARIOS = {"article": ARTICLE, "parallel and map": PARALLEL_AND_MAP, "token": TOKEN}


def prepare(directory: Path, scenario: Scenario) -> tuple[EngineHarness, str]:
    """Return a harness before the execution, and the ARN of the state machine."""
    harness = EngineHarness(directory)
    harness.up()
    harness.define_task()
    harness.runtime.script(Script(after=scenario.duration))
    harness.runtime.script(
        Script(code=1, after=scenario.duration), lambda _: len(harness.runtime.started_names()) in scenario.failing
    )
    return harness, harness.machine(scenario.definition)


def run_to_end(harness: EngineHarness, machine: str, restart: Callable[[], None]) -> tuple[str, int]:
    """Run the execution to its end, with a new engine after each death; return its ARN and the deaths."""
    deaths = 0
    for _ in range(MAX_ROUNDS):
        try:
            execution = start_execution(harness, machine)
            answer_task_tokens(harness)
            if harness.status(execution) != "RUNNING":
                harness.advance(SECOND)
                return execution, deaths
            harness.advance(SECOND)
        except EngineDied:
            deaths += 1
            restart()
    raise AssertionError("the night does not end")


def start_execution(harness: EngineHarness, machine: str) -> str:
    """Start the execution; its fixed name makes a repeated start harmless."""
    with suppress(AwsError):
        harness.start(machine, {"items": [1, 2, 3]}, NAME)
    harness.settle()
    return f"{machine.replace(':stateMachine:', ':execution:')}:{NAME}"


def answer_task_tokens(harness: EngineHarness) -> None:
    """Be the worker that answers for each container with a task token; it repeats a call whose answer was lost."""
    for name, container in harness.runtime.started.items():
        if "TOKEN" in container.environment and name in harness.runtime.remaining():
            with suppress(AwsError):  # the call was committed, and the engine died before it answered
                harness.call(
                    "states", "SendTaskSuccess", taskToken=container.environment["TOKEN"], output='{"by":"hand"}'
                )
            harness.settle()
            harness.runtime.finish(name)
            harness.settle()


def check_result(harness: EngineHarness, scenario: Scenario, execution: str, undisturbed: list[str]) -> None:
    """Check that nothing shows the deaths of engines."""
    found = harness.describe(execution)
    assert found["status"] == "SUCCEEDED"
    assert scenario.output(loads(found["output"])) == scenario.expected
    events = harness.history(execution)
    types = [event["type"] for event in events]
    assert Counter(types) == Counter(undisturbed)
    if "ParallelStateEntered" not in types:
        assert types == undisturbed
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert set(Counter(harness.runtime.started_names()).values()) == {1}
    assert len(harness.runtime.started_names()) == scenario.containers
    check_events(harness)
    check_leftovers(harness)


def check_events(harness: EngineHarness) -> None:
    """Check that each change was published once, in order."""
    assert [event.detail["status"] for event in harness.published_events("aws.states")] == ["RUNNING", "SUCCEEDED"]
    versions: dict[str, list[int]] = defaultdict(list)
    for event in harness.published_events("aws.ecs"):
        versions[event.detail["taskArn"]].append(event.detail["version"])
    for numbers in versions.values():
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def check_leftovers(harness: EngineHarness) -> None:
    assert harness.runtime.remaining() == []
    for table in ("outbox", "timers", "frames", "child_progress", "child_results", "external_names"):
        assert harness.rows(f"SELECT * FROM {table}") == [], table


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_an_engine_killed_at_any_commit_does_not_change_the_result(
    tmp_path: Path, scenario: Scenario, before: bool
) -> None:
    reference, machine = prepare(tmp_path / "quiet", scenario)
    commits = reference.disk.commits
    execution, _ = run_to_end(reference, machine, reference.up)
    commits = reference.disk.commits - commits
    undisturbed = reference.types(execution)
    check_result(reference, scenario, execution, undisturbed)
    reference.close()
    total_deaths = 0
    for commit in itertools.count(1):
        harness, machine = prepare(tmp_path / str(commit), scenario)
        harness.die_at(commit, before=before)
        execution, deaths = run_to_end(harness, machine, harness.up)
        check_result(harness, scenario, execution, undisturbed)
        harness.close()
        total_deaths += deaths
        if not deaths:
            break
    assert total_deaths >= commits - 2, "the night has more commits than were tried"


@pytest.mark.parametrize("commits", [5, 6, 8])
@pytest.mark.parametrize("scenario", [ARTICLE, PARALLEL_AND_MAP], ids=["article", "parallel and map"])
def test_engines_that_die_after_a_few_commits_each_finish_the_execution(
    tmp_path: Path, scenario: Scenario, commits: int
) -> None:
    reference, machine = prepare(tmp_path / "quiet", scenario)
    undisturbed = reference.types(run_to_end(reference, machine, reference.up)[0])
    reference.close()
    harness, machine = prepare(tmp_path / "site", scenario)

    def restart() -> None:
        while True:
            harness.die_at(commits, before=False)
            with suppress(EngineDied):
                harness.up()
                return

    harness.die_at(commits, before=False)
    execution, deaths = run_to_end(harness, machine, restart)
    harness.disk.death = None
    assert deaths > 0
    check_result(harness, scenario, execution, undisturbed)
    harness.close()
