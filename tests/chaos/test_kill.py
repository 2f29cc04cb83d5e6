"""kill -9 the engine at random moments under 200 executions that run real processes and containers.

The promise: every accepted execution ends with the right result, none is lost, no attempt runs twice, every history is
whole. Each attempt writes its task's name into a file when it runs, so that the machine itself is the witness.
"""

import json
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from lamplighter.base.json_text import Json
from tests.chaos.containers import WITNESS, left, register, sweep
from tests.chaos.executions import DONE, NAMED, RETRY, check_history, check_output, machines
from tests.served_engine import ServedEngine, eventually, run_task

EXECUTIONS = 200
CONTAINERS = 40
"""How many of them run real containers, where there is Docker."""
KILLS = 10
SEED = int(os.environ.get("LAMPLIGHTER_CHAOS_SEED", "1"))


@pytest.fixture(params=["processes", pytest.param("containers too", marks=pytest.mark.docker)])
def image(request: pytest.FixtureRequest) -> str | None:
    """The image of those that run containers; None where all run plain processes."""
    found: str | None = None if request.param == "processes" else request.getfixturevalue("docker_image")
    return found


@pytest.fixture
def served(tmp_path: Path, image: str | None) -> Iterator[ServedEngine]:
    engine = ServedEngine(tmp_path / "data", runtime="auto" if image else "process")
    engine.up("--quiet")
    yield engine
    engine.close()
    if image:
        sweep(engine.data)


def container_machines(served: ServedEngine, image: str, witness: Path) -> dict[str, tuple[str, Json]]:
    """The same for containers of an image, whose witness is a directory that they share."""
    say = f'echo "$LAMPLIGHTER_TASK_ARN" >> {WITNESS}/runs'
    works = register(served, "container-works", image, f"{say}; sleep 0.1", witness)
    once = f'[ -e "{WITNESS}/tried-$NAME" ] && exit 0; : > "{WITNESS}/tried-$NAME"; exit 7'
    flaky = run_task(register(served, "container-flaky", image, f"{say}; {once}", witness), Next="Done", Retry=RETRY)
    flaky["Parameters"] |= NAMED
    definitions: dict[str, Json] = {
        "container": {"StartAt": "Job", "States": {"Job": run_task(works, Next="Done"), "Done": DONE}},
        "container-retry": {"StartAt": "Job", "States": {"Job": flaky, "Done": DONE}},
    }
    return {kind: (served.machine(definition, kind), "done") for kind, definition in definitions.items()}


def start(served: ServedEngine, machine: str, name: str) -> str:
    """Start an execution, again and again while nobody answers: the name makes it one."""

    def accepted() -> str | None:
        try:
            return served.start(machine, {"items": [1, 2, 3]}, name)
        except (BotoCoreError, ClientError, KeyError) as error:  # boto3 takes an answer that was cut off for empty
            if isinstance(error, ClientError) and error.response["Error"]["Code"] == "ExecutionAlreadyExists":
                return machine.replace(":stateMachine:", ":execution:") + f":{name}"
            return None

    return eventually(accepted, 60)


def test_no_execution_is_lost_and_no_attempt_runs_twice_whenever_the_engine_is_killed(
    served: ServedEngine, tmp_path: Path, image: str | None
) -> None:
    served.ecs.create_cluster(clusterName="default")
    in_docker = container_machines(served, image, tmp_path) if image else {}
    in_processes = machines(served, tmp_path)
    by_kind = in_processes | in_docker
    chance = random.Random(SEED)
    kinds = spread(in_docker, CONTAINERS if image else 0) + spread(in_processes, EXECUTIONS - CONTAINERS * bool(image))
    chance.shuffle(kinds)
    with ThreadPoolExecutor(4) as pool:
        started = [
            pool.submit(start, served, by_kind[kind][0], f"{kind}-{number}") for number, kind in enumerate(kinds)
        ]
        try:
            kill_at_random(served, chance)
            executions = [each.result() for each in started]
        finally:
            pool.shutdown(cancel_futures=True)
    ended = {arn: served.ended(arn, 120) for arn in executions}
    assert Counter(each["status"] for each in ended.values()) == {"SUCCEEDED": EXECUTIONS}
    submitted: Counter[str] = Counter()
    for kind, arn in zip(kinds, executions, strict=True):
        check_output(kind, by_kind[kind][1], json.loads(ended[arn]["output"]))
        submitted.update(check_history(served, arn))
    runs = Counter((tmp_path / "runs").read_text().split())
    assert set(runs.values()) == {1}, "a task ran twice"
    assert set(runs) == set(submitted), "a task ran that no history knows, or the other way round"
    if image:
        eventually(lambda: not left(served.data))


def spread(kinds: Iterable[str], number: int) -> list[str]:
    """So many kinds, each as often as the others."""
    return list(islice(cycle(kinds), number))


def kill_at_random(served: ServedEngine, chance: random.Random) -> None:
    """Kill, start, let it run for a moment, and again. A pause here is the chaos, not a wait for something."""
    for _ in range(KILLS):
        quiet = chance.uniform(0.05, 1.2)
        try:
            eventually(lambda: None, quiet)
        except AssertionError:
            served.kill()
            served.up("--quiet")
