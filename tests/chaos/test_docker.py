"""Docker goes away under containers that run, and comes back: tasks wait for it, and nothing runs twice."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.chaos.containers import WITNESS, left, register, sweep
from tests.chaos.docker_link import Line
from tests.served_engine import ServedEngine, eventually, one, run_task

pytestmark = pytest.mark.docker

SAY = f'echo "$LAMPLIGHTER_TASK_ARN" >> {WITNESS}/runs'
WAITS = f"while [ ! -e {WITNESS}/gate ]; do sleep 0.05; done"


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    directory = Path(tempfile.mkdtemp(prefix="lamplighter-"))  # a socket's path may have 107 bytes
    made = Line(directory / "docker.sock")
    made.mend()
    monkeypatch.setenv("DOCKER_HOST", made.address)
    yield made
    made.cut()
    shutil.rmtree(directory)


@pytest.fixture
def served(tmp_path: Path, line: Line) -> Iterator[ServedEngine]:
    engine = ServedEngine(tmp_path / "data", runtime="docker")
    engine.up("--quiet")
    engine.ecs.create_cluster(clusterName="default")
    yield engine
    engine.close()
    sweep(tmp_path / "data")


def runs(tmp_path: Path) -> list[str]:
    witness = tmp_path / "runs"
    return witness.read_text().split() if witness.exists() else []


def task_status(served: ServedEngine) -> str:
    arns = served.ecs.list_tasks()["taskArns"] + served.ecs.list_tasks(desiredStatus="STOPPED")["taskArns"]
    found: str = served.ecs.describe_tasks(tasks=arns)["tasks"][0]["lastStatus"]
    return found


def start(served: ServedEngine, docker_image: str, script: str, witness: Path, **state: Json) -> str:
    """Start an execution that runs a container; it has begun when this returns."""
    task = register(served, "job", docker_image, f"{SAY}; {script}", witness)
    execution = served.start(served.machine(one(run_task(task, **state))))
    eventually(lambda: runs(witness))
    return execution


def test_a_container_that_exits_while_docker_is_away_is_judged_when_it_is_back(
    served: ServedEngine, line: Line, docker_image: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    execution = start(served, docker_image, f"{WAITS}; echo over > {WITNESS}/over; exit 3", tmp_path)
    eventually(lambda: task_status(served) == "RUNNING")
    line.cut()
    gate.touch()
    eventually((tmp_path / "over").exists)
    assert task_status(served) == "RUNNING"
    assert served.sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    line.mend()
    found = served.ended(execution)
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(found["cause"])["Containers"][0]["ExitCode"] == 3
    assert len(runs(tmp_path)) == 1


def test_a_task_that_is_begun_while_docker_is_away_runs_once_when_it_is_back(
    served: ServedEngine, line: Line, docker_image: str, tmp_path: Path
) -> None:
    task = register(served, "job", docker_image, SAY, tmp_path)
    line.cut()
    execution = served.start(served.machine(one(run_task(task))))
    eventually(lambda: any("Docker does not answer" in text for text in served.lines))
    assert (task_status(served), runs(tmp_path)) == ("PENDING", [])
    line.mend()
    assert served.ended(execution)["status"] == "SUCCEEDED"
    assert len(runs(tmp_path)) == 1


def test_a_docker_that_comes_and_goes_runs_each_task_once(
    served: ServedEngine, line: Line, docker_image: str, tmp_path: Path
) -> None:
    task = register(served, "job", docker_image, f"{SAY}; sleep 0.2", tmp_path)
    items = {"StartAt": "Each", "States": {"Each": run_task(task, ResultPath=None)}}
    machine = served.machine(one({"Type": "Map", "MaxConcurrency": 3, "ItemProcessor": items, "End": True}))
    execution = served.start(machine, list(range(12)))
    for number in range(1, 5):
        eventually(lambda number=number: len(runs(tmp_path)) >= 2 * number)  # type: ignore[misc]
        line.cut()
        line.mend()
    found = served.ended(execution, 60)
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", list(range(12)))
    assert len(runs(tmp_path)) == len(set(runs(tmp_path))) == 12


def test_an_engine_that_starts_while_docker_is_away_says_so_and_goes_on_when_it_is_back(
    served: ServedEngine, line: Line, docker_image: str, tmp_path: Path
) -> None:
    execution = start(served, docker_image, WAITS, tmp_path)
    served.kill()
    line.cut()
    served.up("--quiet")
    assert any("Docker does not answer" in text and "start Docker" in text for text in served.lines)
    assert served.sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    line.mend()
    (tmp_path / "gate").touch()
    assert served.ended(execution)["status"] == "SUCCEEDED"
    assert len(runs(tmp_path)) == 1
    eventually(lambda: not left(tmp_path / "data"))
