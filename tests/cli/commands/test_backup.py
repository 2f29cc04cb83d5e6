"""`lamplighter backup` and `restore`, with an engine that works meanwhile and is killed."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.up_folder import run_lamplighter
from tests.command_process import CommandResult
from tests.served_engine import ServedEngine, eventually, one_state

PASS = one_state({"Type": "Pass", "End": True})
WAIT = one_state({"Type": "Wait", "Seconds": 3, "End": True})


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEngine]:
    made = ServedEngine(tmp_path / "data")
    made.up()
    yield made
    made.close()


def command(served: ServedEngine, *words: str) -> CommandResult:
    return run_lamplighter(*words, "--data", str(served.data), cwd=served.data.parent)


class Load:
    """Clients that start executions until the engine dies; `acknowledged` are the ARNs that it answered, in order."""

    def __init__(self, served: ServedEngine, machine: str) -> None:
        self.acknowledged: list[str] = []
        self._sfn, self._machine = served.sfn, machine
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(3)]
        for thread in self._threads:
            thread.start()

    def _run(self, client: int) -> None:
        number = 0
        try:
            while True:
                answer = self._sfn.start_execution(stateMachineArn=self._machine, name=f"{client}-{number}", input="{}")
                self.acknowledged.append(answer["executionArn"])
                number += 1
        except Exception:  # noqa: BLE001 - the engine was killed
            return

    def join(self) -> None:
        """Wait for the clients after the engine was killed."""
        for thread in self._threads:
            thread.join()


def test_a_backup_under_load_has_all_that_was_acknowledged_before_it_although_the_engine_is_killed_meanwhile(
    served: ServedEngine, tmp_path: Path
) -> None:
    waiting = [served.start(served.machine(WAIT, "wait"))]
    load = Load(served, served.machine(PASS, "pass"))
    eventually(lambda: len(load.acknowledged) > 200 or None)
    before = list(load.acknowledged)
    killer = threading.Timer(0.2, lambda: served.kill(signal.SIGKILL))
    killer.start()
    result = command(served, "backup", str(tmp_path / "backup.tar.gz"))
    killer.join()
    load.join()
    assert result.code == 0, result.err
    restored = ServedEngine(tmp_path / "restored")
    result = run_lamplighter("restore", "backup.tar.gz", "--data", str(restored.data), cwd=tmp_path)
    assert result.code == 0, result.err
    restored.up()
    try:
        assert {restored.ended(execution)["status"] for execution in (*before, *waiting)} == {"SUCCEEDED"}
        restored.wait_for_line("restored from a backup of")
    finally:
        restored.close()


def test_an_engine_is_restored_in_its_place_and_continues_the_process_that_still_runs(
    served: ServedEngine, tmp_path: Path
) -> None:
    release = tmp_path / "release"
    definition = served.task(
        "job", ["sh", "-c", f"echo begun; while test ! -e {release}; do sleep 0.05; done; echo done"]
    )
    cluster = served.ecs.create_cluster()["cluster"]["clusterName"]
    started = served.ecs.run_task(taskDefinition=definition, cluster=cluster, launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}})["tasks"][0]["taskArn"]  # fmt: skip

    def task() -> dict[str, object]:
        (found,) = served.ecs.describe_tasks(tasks=[started], cluster=cluster)["tasks"]
        return dict(found)

    eventually(lambda: task()["lastStatus"] == "RUNNING" or None)
    assert command(served, "backup", str(tmp_path / "backup.tar.gz")).code == 0
    later = served.machine(PASS, "later")
    refused = command(served, "restore", str(tmp_path / "backup.tar.gz"), "--force")
    assert refused.code == 1
    assert "stop it first" in refused.err
    served.kill(signal.SIGKILL)
    refused = command(served, "restore", str(tmp_path / "backup.tar.gz"))
    assert "has a database already" in refused.err
    result = command(served, "restore", str(tmp_path / "backup.tar.gz"), "--force")
    assert result.code == 0, result.err
    assert "containers and processes that still exist, and with which `up` continues: 1" in result.err
    assert "warning" not in result.err
    served.up()
    release.touch()
    eventually(lambda: task()["lastStatus"] == "STOPPED" or None)
    assert task()["containers"][0]["exitCode"] == 0  # type: ignore[index]
    assert later not in [each["stateMachineArn"] for each in served.sfn.list_state_machines()["stateMachines"]]


def test_a_backup_is_said_to_have_credentials_only_if_it_has_them(served: ServedEngine, tmp_path: Path) -> None:
    def summary() -> str:
        return command(served, "backup", str(tmp_path / "backup.tar.gz"), "--force").err.rstrip()

    assert summary().endswith("; it was verified")
    (served.data / "credentials").write_text("[a]\naws_access_key_id = a\naws_secret_access_key = b\n")
    assert summary().endswith("; it was verified, and has the engine's credentials: keep it safe")


def test_a_copy_in_another_directory_is_called_what_it_is(served: ServedEngine, tmp_path: Path) -> None:
    assert command(served, "backup", str(tmp_path / "backup.tar.gz"), "--without-output").code == 0
    result = run_lamplighter("restore", "backup.tar.gz", "--data", "copy", cwd=tmp_path)
    assert result.code == 0
    assert f"warning: this is the engine of {served.data} on " in result.err
    assert "It runs now." in result.err
    assert "start every run twice" in result.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("backup", "x.gz", "--data", "nowhere"),
            "no engine has run on nowhere: name an engine's data directory (--data)",
        ),
        (
            ("backup", "no/folder/x.gz"),
            "the backup cannot be written (no/folder/.x.gz.draft: no such file or directory)",
        ),
        (("restore", "missing.gz", "--data", "new"), "missing.gz cannot be read: no such file or directory"),
    ],
)
def test_a_failure_says_why(served: ServedEngine, words: tuple[str, ...], says: str) -> None:
    data = () if "--data" in words else ("--data", "data")
    result = run_lamplighter(*words, *data, cwd=served.data.parent)
    assert result.code == 1
    assert says in result.err
    assert "Traceback" not in result.err
