"""`lamplighter rerun` as people use it: a job that fails again and again is one problem, and starts once each time."""

import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.acceptance.test_internal_addresses import write_keys
from tests.acceptance.test_people import MACHINE
from tests.command_process import CommandResult, run_command
from tests.console import sample_jobs
from tests.morning_zone import find_morning_zone
from tests.served_engine import ROLE, ServedEngine

FAILING = "echo ran >> '{file}'; exit 1"
SLOW = "echo ran >> '{file}'; test -e '{file}.slow' && sleep 600; exit 1"
"""Fails at once, and runs on as soon as there is a file."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ServedEngine]:
    made = ServedEngine(tmp_path / "data")
    made.data.mkdir(mode=0o700)
    write_keys(made, "admin")
    made.up()
    yield made
    made.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEngine]:
    made = ServedEngine(tmp_path / "data")
    made.up()
    made.ecs.create_cluster(clusterName="default")
    yield made
    made.close()


def command(served: ServedEngine, *words: str, zone: str = find_morning_zone()) -> CommandResult:
    """Run a command without a terminal, on a machine in a time zone."""
    environment = {**os.environ, "TZ": zone}
    return run_command(served.data.parent, *words, "--data", str(served.data), environment=environment)


def list_night(served: ServedEngine) -> list[Json]:
    return [json.loads(line) for line in command(served, "night", "--json").out.splitlines()]


def list_runs(served: ServedEngine, machine: str) -> list[str]:
    return [each["executionArn"] for each in served.sfn.list_executions(stateMachineArn=machine)["executions"]]


def wait_for_all(served: ServedEngine, machine: str) -> None:
    for each in list_runs(served, machine):
        served.ended(each)


def test_a_job_that_fails_again_starts_once_each_time_and_is_one_problem(served: ServedEngine, tmp_path: Path) -> None:
    file = tmp_path / "ran.txt"
    machine = sample_jobs.create_job(served, "invoices", FAILING.format(file=file))
    served.ended(served.start(machine))
    for number in range(2, 7):
        result = command(served, "rerun", "--failed", "--yes")
        assert (result.code, result.out.count(": started again: ")) == (0, 1), result.err
        wait_for_all(served, machine)
        assert len(file.read_text().split()) == len(list_runs(served, machine)) == number
        (row,) = list_night(served)
        assert (row["status"], len(row["earlierRuns"])) == ("failed", number - 1)
    night = command(served, "night").out
    assert (": 1 failed.\n" in night, "failed again, 6 runs" in night) == (True, True)


def test_without_a_terminal_nothing_is_started_or_acknowledged_unless_yes_is_given(
    served: ServedEngine, tmp_path: Path
) -> None:
    machines = [
        sample_jobs.create_job(served, each, FAILING.format(file=tmp_path / each)) for each in ("invoices", "report")
    ]
    runs = [served.start(each) for each in (machines[0], *machines)]
    for each in runs:
        served.ended(each)
    for words in (["rerun", "--failed"], ["ack", "--failed"], ["rerun", "report"], ["ack", "report"]):
        result = command(served, *words)
        assert (result.code, result.out) == (2, "")
        assert "without a terminal: use --yes to confirm" in result.err
    assert "“Start 3 runs again? invoices (2 runs), report”" in command(served, "rerun", "--failed").err
    assert [len(list_runs(served, each)) for each in machines] == [2, 1]
    assert {each["status"] for each in list_night(served)} == {"failed"}


def test_two_commands_at_once_start_one_run(served: ServedEngine, tmp_path: Path) -> None:
    file = tmp_path / "ran.txt"
    machine = sample_jobs.create_job(served, "invoices", SLOW.format(file=file))
    served.ended(served.start(machine))
    Path(f"{file}.slow").touch()
    with ThreadPoolExecutor() as threads:
        results = list(threads.map(lambda _: command(served, "rerun", "--failed", "--yes"), range(2)))
    assert [each.code for each in results] == [0, 0], [each.err for each in results]
    assert any(": started again: " in each.out for each in results)
    assert len(list_runs(served, machine)) == 2
    later = command(served, "rerun", "--failed", "--yes")
    assert (later.code, re.search(r"already runs again since \d\d:\d\d:\d\d\n", later.err) is not None) == (0, True)
    assert len(list_runs(served, machine)) == 2
    (row,) = list_night(served)
    assert row["status"] == "running"
    named = command(served, "redrive", row["earlierRuns"][0])
    assert (named.code, "already runs again since" in named.err) == (1, True)


def test_it_means_the_night_of_the_schedules_zone_and_shows_its_times(served: ServedEngine, tmp_path: Path) -> None:
    job = f"{{command: 'true', schedule: rate(1 hour), timezone: {find_morning_zone()}}}"
    (tmp_path / "lamplighter.yaml").write_text(f"project: shop\njobs: {{totals: {job}}}\n")
    file = tmp_path / "ran.txt"
    served.ended(served.start(sample_jobs.create_job(served, "invoices", SLOW.format(file=file))))
    Path(f"{file}.slow").touch()
    elsewhere = "Asia/Kathmandu"  # 45 minutes beside each zone of a morning
    assert command(served, "rerun", "--failed", "--yes", zone=elsewhere).code == 0
    shown = re.search(r"runs again since [\d:]{8}", command(served, "night", zone=elsewhere).out)
    assert shown is not None
    assert shown[0] in command(served, "rerun", "--failed", "--yes", zone=elsewhere).err


def test_who_runs_it_again_is_said_also_after_a_kill(engine: ServedEngine) -> None:
    sfn = engine.client("stepfunctions", key="ADMIN", secret="s4")
    machine = sfn.create_state_machine(name="invoices", definition=MACHINE, roleArn=ROLE)["stateMachineArn"]
    first = sfn.start_execution(stateMachineArn=machine, name="first")["executionArn"]
    sfn.stop_execution(executionArn=first)
    write_keys(engine, "runner")
    assert "started again" in command(engine, "rerun", first, "--yes").out
    write_keys(engine, "admin")
    engine.kill()
    engine.up()
    result = command(engine, "rerun", first, "--yes")
    assert (result.code, result.out) == (0, "")
    assert re.search(r"already runs again since \d\d:\d\d:\d\d \(by key runner\)\n", result.err), result.err
