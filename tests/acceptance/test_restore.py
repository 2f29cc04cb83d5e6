"""An engine is restored beside its containers: one that the backup knows continues, a newer one is removed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.containers import SHARED_FOLDER, register_container_task, remaining_containers, remove_containers
from tests.cli.up_folder import run_lamplighter
from tests.served_engine import ServedEngine, eventually, one_state, run_task

pytestmark = pytest.mark.docker


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEngine]:
    engine = ServedEngine(tmp_path / "data", runtime="docker")
    engine.up()
    engine.ecs.create_cluster(clusterName="default")
    yield engine
    engine.close()
    remove_containers(tmp_path / "data")


def test_a_restored_engine_continues_its_container_and_removes_the_one_that_is_newer(
    served: ServedEngine, tmp_path: Path, docker_image: str
) -> None:
    wait = f"while [ ! -e {SHARED_FOLDER}/gate ]; do sleep 0.05; done"
    task = register_container_task(served, "job", docker_image, wait, tmp_path)
    machine = served.machine(one_state(run_task(task)))
    first = served.start(machine)
    eventually(lambda: (len(remaining_containers(served.data)) == 1 and is_recorded(served)) or None)
    archive = str(tmp_path / "backup.tar.gz")
    assert run_lamplighter("backup", archive, "--data", str(served.data), cwd=tmp_path).code == 0
    served.start(machine)
    eventually(lambda: len(remaining_containers(served.data)) == 2 or None)
    served.kill()
    result = run_lamplighter("restore", archive, "--data", str(served.data), "--force", cwd=tmp_path)
    assert result.code == 0, result.err
    assert "containers and processes that still exist, and with which `up` continues: 1" in result.err
    assert "1 container newer than the backup: `up` stops and removes" in result.err
    served.up()
    eventually(lambda: len(remaining_containers(served.data)) == 1 or None)
    (tmp_path / "gate").touch()
    assert served.ended(first)["status"] == "SUCCEEDED"
    served.wait_for_line("is newer than the backup")


def is_recorded(served: ServedEngine) -> bool:
    """Return whether the start of the task is on disk."""
    arns = served.ecs.list_tasks()["taskArns"]
    return bool(served.ecs.describe_tasks(tasks=arns)["tasks"][0]["lastStatus"] == "RUNNING")
