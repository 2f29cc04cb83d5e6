"""Docker stops answering under running containers and returns: tasks wait for it, and nothing runs twice."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.chaos.containers import SHARED_FOLDER, register_container_task, remaining_containers, remove_containers
from tests.chaos.docker_link import DockerLink
from tests.served_engine import ServedEngine, eventually, one_state, run_task

pytestmark = pytest.mark.docker

RECORD_RUN = f'echo "$LAMPLIGHTER_TASK_ARN" >> {SHARED_FOLDER}/runs'
WAIT_FOR_GATE = f"while [ ! -e {SHARED_FOLDER}/gate ]; do sleep 0.05; done"


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Iterator[DockerLink]:
    directory = Path(tempfile.mkdtemp(prefix="lamplighter-"))  # a socket's path may have 107 bytes
    link = DockerLink(directory / "docker.sock")
    link.restore()
    monkeypatch.setenv("DOCKER_HOST", link.address)
    yield link
    link.cut()
    shutil.rmtree(directory)


@pytest.fixture
def served(tmp_path: Path, link: DockerLink) -> Iterator[ServedEngine]:
    engine = ServedEngine(tmp_path / "data", runtime="docker")
    engine.up("--quiet")
    engine.ecs.create_cluster(clusterName="default")
    yield engine
    engine.close()
    remove_containers(tmp_path / "data")


def recorded_runs(tmp_path: Path) -> list[str]:
    record_file = tmp_path / "runs"
    return record_file.read_text().split() if record_file.exists() else []


def task_status(served: ServedEngine) -> str:
    arns = served.list_all_tasks()
    found: str = served.ecs.describe_tasks(tasks=arns)["tasks"][0]["lastStatus"]
    return found


def start_container(served: ServedEngine, docker_image: str, script: str, folder: Path, **state: Json) -> str:
    """Start an execution that runs a container; return when the container has started."""
    task = register_container_task(served, "job", docker_image, f"{RECORD_RUN}; {script}", folder)
    execution = served.start(served.machine(one_state(run_task(task, **state))))
    eventually(lambda: recorded_runs(folder))
    return execution


def test_a_container_that_exits_while_docker_is_unreachable_is_evaluated_afterwards(
    served: ServedEngine, link: DockerLink, docker_image: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    execution = start_container(
        served, docker_image, f"{WAIT_FOR_GATE}; echo over > {SHARED_FOLDER}/over; exit 3", tmp_path
    )
    eventually(lambda: task_status(served) == "RUNNING")
    link.cut()
    gate.touch()
    eventually((tmp_path / "over").exists)
    assert task_status(served) == "RUNNING"
    assert served.sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    link.restore()
    found = served.ended(execution)
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(found["cause"])["Containers"][0]["ExitCode"] == 3
    assert len(recorded_runs(tmp_path)) == 1


def test_a_task_that_starts_while_docker_is_unreachable_runs_once_afterwards(
    served: ServedEngine, link: DockerLink, docker_image: str, tmp_path: Path
) -> None:
    task = register_container_task(served, "job", docker_image, RECORD_RUN, tmp_path)
    since = len(served.lines)
    link.cut()
    execution = served.start(served.machine(one_state(run_task(task))))
    served.wait_for_line("Docker does not answer", since)
    assert (task_status(served), recorded_runs(tmp_path)) == ("PENDING", [])
    link.restore()
    assert served.ended(execution)["status"] == "SUCCEEDED"
    assert len(recorded_runs(tmp_path)) == 1


def test_each_task_runs_once_although_docker_is_unreachable_several_times(
    served: ServedEngine, link: DockerLink, docker_image: str, tmp_path: Path
) -> None:
    task = register_container_task(served, "job", docker_image, f"{RECORD_RUN}; sleep 0.2", tmp_path)
    items = {"StartAt": "Each", "States": {"Each": run_task(task, ResultPath=None)}}
    machine = served.machine(one_state({"Type": "Map", "MaxConcurrency": 3, "ItemProcessor": items, "End": True}))
    execution = served.start(machine, list(range(12)))
    for number in range(1, 5):
        eventually(lambda number=number: len(recorded_runs(tmp_path)) >= 2 * number)  # type: ignore[misc]
        link.cut()
        link.restore()
    found = served.ended(execution, 60)
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", list(range(12)))
    assert len(recorded_runs(tmp_path)) == len(set(recorded_runs(tmp_path))) == 12


def test_an_engine_that_starts_while_docker_is_unreachable_reports_it_and_continues_afterwards(
    served: ServedEngine, link: DockerLink, docker_image: str, tmp_path: Path
) -> None:
    execution = start_container(served, docker_image, WAIT_FOR_GATE, tmp_path)
    served.kill()
    link.cut()
    served.up("--quiet")
    assert any("Docker does not answer" in text and "start Docker" in text for text in served.lines)
    assert served.sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    link.restore()
    (tmp_path / "gate").touch()
    assert served.ended(execution)["status"] == "SUCCEEDED"
    assert len(recorded_runs(tmp_path)) == 1
    eventually(lambda: not remaining_containers(tmp_path / "data"))
