"""Kill the engine with -9 at random moments under 200 executions that run real processes and containers.

The test checks that every accepted execution ends with the right result, none is lost, no attempt runs twice, and every
history is complete. Each attempt writes its task's ARN into a file, so that the test knows what really ran.
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
from tests.chaos.containers import SHARED_FOLDER, register_container_task, remaining_containers, remove_containers
from tests.chaos.executions import DONE, NAME_OVERRIDES, RETRY, check_history, check_output, create_machines
from tests.served_engine import ServedEngine, eventually, run_task

EXECUTIONS = 200
CONTAINERS = 40
"""The number of executions that run real containers, if there is Docker."""
KILLS = 10
SEED = int(os.environ.get("LAMPLIGHTER_CHAOS_SEED", "1"))


@pytest.fixture(params=["processes", pytest.param("containers too", marks=pytest.mark.docker)])
def image(request: pytest.FixtureRequest) -> str | None:
    """Return the image of the containers, or None if all executions run plain processes."""
    found: str | None = None if request.param == "processes" else request.getfixturevalue("docker_image")
    return found


@pytest.fixture
def served(tmp_path: Path, image: str | None) -> Iterator[ServedEngine]:
    engine = ServedEngine(tmp_path / "data", runtime="auto" if image else "process")
    engine.up("--quiet")
    yield engine
    engine.close()
    if image:
        remove_containers(engine.data)


def create_container_machines(served: ServedEngine, image: str, folder: Path) -> dict[str, tuple[str, Json]]:
    """Create machines as `create_machines` does, but for containers of an image, which share the folder."""
    record_run = f'echo "$LAMPLIGHTER_TASK_ARN" >> {SHARED_FOLDER}/runs'
    works = register_container_task(served, "container-works", image, f"{record_run}; sleep 0.1", folder)
    once = f'[ -e "{SHARED_FOLDER}/tried-$NAME" ] && exit 0; : > "{SHARED_FOLDER}/tried-$NAME"; exit 7'
    flaky = run_task(
        register_container_task(served, "container-flaky", image, f"{record_run}; {once}", folder),
        Next="Done",
        Retry=RETRY,
    )
    flaky["Parameters"] |= NAME_OVERRIDES
    definitions: dict[str, Json] = {
        "container": {"StartAt": "Job", "States": {"Job": run_task(works, Next="Done"), "Done": DONE}},
        "container-retry": {"StartAt": "Job", "States": {"Job": flaky, "Done": DONE}},
    }
    return {kind: (served.machine(definition, kind), "done") for kind, definition in definitions.items()}


def start_until_accepted(served: ServedEngine, machine: str, name: str) -> str:
    """Start an execution; repeat this until the engine answers. Because of the name, it is started only once."""

    def accepted() -> str | None:
        try:
            return served.start(machine, {"items": [1, 2, 3]}, name)
        except (BotoCoreError, ClientError, KeyError) as error:  # boto3 treats an incomplete answer as an empty one
            if isinstance(error, ClientError) and error.response["Error"]["Code"] == "ExecutionAlreadyExists":
                return machine.replace(":stateMachine:", ":execution:") + f":{name}"
            return None

    return eventually(accepted, 300)


def test_no_execution_is_lost_and_no_attempt_runs_twice_despite_kills(
    served: ServedEngine, tmp_path: Path, image: str | None
) -> None:
    served.ecs.create_cluster(clusterName="default")
    in_docker = create_container_machines(served, image, tmp_path) if image else {}
    in_processes = create_machines(served, tmp_path)
    by_kind = in_processes | in_docker
    rng = random.Random(SEED)
    kinds = repeat_evenly(in_docker, CONTAINERS if image else 0) + repeat_evenly(
        in_processes, EXECUTIONS - CONTAINERS * bool(image)
    )
    rng.shuffle(kinds)
    with ThreadPoolExecutor(4) as pool:
        started = [
            pool.submit(start_until_accepted, served, by_kind[kind][0], f"{kind}-{number}")
            for number, kind in enumerate(kinds)
        ]
        try:
            kill_at_random(served, rng)
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
        eventually(lambda: not remaining_containers(served.data))


def repeat_evenly(kinds: Iterable[str], number: int) -> list[str]:
    """Return this number of kinds, each equally often."""
    return list(islice(cycle(kinds), number))


def kill_at_random(served: ServedEngine, rng: random.Random) -> None:
    """Repeatedly let the engine run for a random time, kill it and start it. The pause does not wait for anything."""
    for _ in range(KILLS):
        pause = rng.uniform(0.05, 1.2)
        try:
            eventually(lambda: None, pause)
        except AssertionError:
            served.kill()
            served.up("--quiet")
