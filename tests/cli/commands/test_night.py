"""`lamplighter night` lists what failed and why; `ack` and `rerun` act on several failures at once."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lamplighter.base.json_text import Json, loads
from lamplighter.cli.app import build_app
from tests.console import sample_jobs
from tests.morning_zone import find_morning_zone
from tests.served_engine import ServedEngine, eventually, run_task

LOSE_TABLE = "echo reading; echo 'no such table: orders'; exit 4"
SKIPPING: Json = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
FAILING: Json = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Sales.Missing", "Cause": "no sales"}}}
ROUTING: Json = {
    "StartAt": "Which",
    "States": {
        "Which": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.fail", "BooleanEquals": True, "Next": "Fail"}],
            "Default": "Done",
        },
        "Fail": {"Type": "Fail", "Error": "Sales.Missing"},
        "Done": {"Type": "Succeed"},
    },
}
"""A job that fails or succeeds, as its input says."""


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedEngine]:
    monkeypatch.setenv("TZ", find_morning_zone())
    time.tzset()
    made = ServedEngine(tmp_path / "data")
    made.up()
    made.ecs.create_cluster(clusterName="default")
    yield made
    made.close()
    monkeypatch.undo()
    time.tzset()


def invoke(served: ServedEngine, *words: str) -> Result:
    return CliRunner().invoke(build_app(words[0]), [*words, "--data", str(served.data)])


def list_night(served: ServedEngine, *options: str) -> list[Json]:
    """Return the documents of `night --json`."""
    result = invoke(served, "night", "--json", *options)
    assert result.exit_code == 0, result.output
    return [loads(line) for line in result.stdout.splitlines()]


def run(served: ServedEngine, machine: str, **given: Json) -> str:
    """Run a job until it ends, and return the ARN of the run."""
    execution = served.start(machine, given)
    served.ended(execution)
    return execution


def name_of(run: str) -> str:
    return run.rpartition(":")[2]


def words_of(result: Result) -> str:
    """Return all words of an output, without frames and line breaks."""
    return " ".join(result.output.replace("│", " ").split())


def fail_with_log(served: ServedEngine, name: str) -> str:
    """Let a container fail after it has logged, and wait until the night has its last line."""
    execution = run(served, sample_jobs.create_job(served, name, LOSE_TABLE))
    eventually(lambda: [each for each in list_night(served, "--job", name) if each["lastLine"]])
    return execution


def test_the_night_names_what_failed_with_its_exit_code_and_last_line(served: ServedEngine) -> None:
    broken = fail_with_log(served, "broken")
    run(served, sample_jobs.create_job(served, "good", "true"))
    result = invoke(served, "night")
    assert result.exit_code == 0, result.output
    assert re.match(r"Since .* 18:00.*: 1 failed, 1 succeeded\.\n", result.stdout)
    assert ("exit code 4" in result.stdout, "no such table: orders" in result.stdout) == (True, True)
    assert f"broken:{broken.rpartition(':')[2]}" in words_of(result)
    assert " good " not in result.stdout
    assert " good " in f" {words_of(invoke(served, 'night', '--all'))} "


def test_the_time_that_a_run_waits_is_not_time_that_it_took(served: ServedEngine) -> None:
    definition = served.task("busy", ["sleep", "600"])
    served.ecs.tag_resource(resourceArn=definition, tags=[{"key": "lamplighter:overlap", "value": "queue"}])
    machine = served.machine({"StartAt": "Run", "States": {"Run": run_task(definition)}}, "busy")
    for _ in range(2):
        served.start(machine)
    eventually(lambda: sorted(each["status"] for each in list_night(served)) == ["running", "waiting"])
    shown = invoke(served, "night").stdout
    assert re.search(r"busy +running .* \d\d:\d\d:\d\d +[\d.]+m?s +busy:", shown), shown
    assert re.search(r"busy +waiting .* \d\d:\d\d:\d\d +busy:", shown), shown


def test_each_run_is_a_line_of_json(served: ServedEngine) -> None:
    broken = fail_with_log(served, "broken")
    (document,) = list_night(served)
    assert {name: document[name] for name in ("job", "arn", "status", "lastLine", "recovered", "acknowledged")} == {
        "job": "broken", "arn": broken, "status": "failed", "lastLine": "no such table: orders", "recovered": None,
        "acknowledged": None,
    }  # fmt: skip
    assert document["reason"] == "exit code 4"
    assert document["startedBy"] == "by hand"


def test_runs_are_selected_by_status_and_job(served: ServedEngine) -> None:
    run(served, served.machine(FAILING, "broken"))
    run(served, served.machine(SKIPPING, "good"))
    assert [each["job"] for each in list_night(served, "--status", "failed")] == ["broken"]
    assert [each["job"] for each in list_night(served, "--status", "succeeded")] == ["good"]
    assert [each["job"] for each in list_night(served, "--job", "GOO")] == ["good"]
    assert [each["job"] for each in list_night(served, "--sort", "job")] == ["broken", "good"]
    assert list_night(served, "--since", "2000-01-01T00:00", "--until", "2000-01-02T00:00") == []


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        (("--since", "yesterday"), 1, "“yesterday” is no time: write 18:00, or 2026-01-31T18:00"),
        (("--since", "2026-01-02T00:00", "--until", "2026-01-01T00:00"), 1, "must end after it begins"),
        (("--status", "broken"), 2, "choose one of failed, missed, waiting, running, recovered"),
        (("--sort", "size"), 2, "choose one of needs, job, newest, longest"),
        (("--trigger", "moon"), 2, "choose one of schedule"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_right(
    served: ServedEngine, options: tuple[str, ...], code: int, reason: str
) -> None:
    result = invoke(served, "night", *options)
    assert (result.exit_code, reason in words_of(result)) == (code, True), result.output


def test_the_night_of_a_stopped_engine_is_read_from_its_data(served: ServedEngine) -> None:
    fail_with_log(served, "broken")
    before = list_night(served)
    served.kill()
    result = invoke(served, "night", "--json")
    assert result.exit_code == 0, result.output
    assert "does not run: this is its state as it last wrote" in result.stderr
    assert [loads(line) for line in result.stdout.splitlines()] == before
    assert "1 failed" in invoke(served, "night").stdout


def test_a_failure_is_acknowledged_with_a_note(served: ServedEngine) -> None:
    broken = run(served, served.machine(FAILING, "broken"))
    result = invoke(served, "ack", "broken", "--note", "fixed by 4711", "--yes")
    assert (result.exit_code, result.stdout) == (0, f"broken:{name_of(broken)}: acknowledged\n")
    (document,) = list_night(served)
    assert (document["status"], document["acknowledged"]["note"]) == ("acknowledged", "fixed by 4711")
    assert "1 acknowledged" in invoke(served, "night").stdout
    assert "acknowledged: fixed by 4711" in words_of(invoke(served, "night"))


def test_a_success_cannot_be_acknowledged(served: ServedEngine) -> None:
    good = run(served, served.machine(SKIPPING, "good"))
    result = invoke(served, "ack", "good")
    assert (result.exit_code, f"good:{name_of(good)}: it did not fail" in result.stderr) == (1, True)
    assert "1 of 1 run not done" in result.stderr


def test_the_others_are_acknowledged_if_one_cannot_be(served: ServedEngine) -> None:
    run(served, served.machine(FAILING, "broken"))
    run(served, served.machine(SKIPPING, "good"))
    result = invoke(served, "ack", "good", "broken", "--yes")
    assert (result.exit_code, "1 of 2 runs not done" in result.stderr) == (1, True)
    assert [each["status"] for each in list_night(served, "--job", "broken")] == ["acknowledged"]


def test_all_failures_of_the_night_are_acknowledged(served: ServedEngine) -> None:
    for name in ("first", "second"):
        run(served, served.machine(FAILING, name))
    run(served, served.machine(SKIPPING, "good"))
    assert invoke(served, "ack", "--failed", "-y").exit_code == 0
    assert [each["status"] for each in list_night(served)] == ["acknowledged", "acknowledged", "succeeded"]
    again = invoke(served, "ack", "--failed", "-y")
    assert (again.exit_code, "nothing has failed that needs a person" in again.stderr) == (1, True)


def test_a_failed_run_is_started_again_with_the_same_input(served: ServedEngine) -> None:
    machine = served.machine(ROUTING, "job")
    failed = run(served, machine, fail=True, day=7)
    result = invoke(served, "rerun", "job", "--yes")
    again = f"{name_of(failed)}--again-1"
    assert (result.exit_code, result.stdout) == (0, f"job:{name_of(failed)}: started again: job:{again}\n")
    assert loads(served.ended(failed.replace(name_of(failed), again))["input"]) == {"fail": True, "day": 7}


def test_all_failures_of_the_night_are_started_again_and_recover(served: ServedEngine, tmp_path: Path) -> None:
    for name in ("first", "second"):
        run(served, sample_jobs.create_job(served, name, f"test -e '{tmp_path}/mended'"))
    good = served.machine(SKIPPING, "good")
    run(served, good)
    (tmp_path / "mended").touch()
    result = invoke(served, "rerun", "--failed", "-y")
    assert (result.exit_code, result.stdout.count(": started again: ")) == (0, 2), result.output
    eventually(lambda: [each["status"] for each in list_night(served)].count("recovered") == 2)
    assert len(served.sfn.list_executions(stateMachineArn=good)["executions"]) == 1
    assert "nothing has failed" in invoke(served, "rerun", "--failed", "-y").stderr


@pytest.mark.parametrize("command", ["ack", "rerun"])
def test_a_command_needs_names_or_the_option_for_all(served: ServedEngine, command: str) -> None:
    for words in ([command], [command, "job", "--failed"]):
        result = invoke(served, *words)
        assert (result.exit_code, "choose all failures of the night with --failed" in words_of(result)) == (2, True)


def test_a_run_that_is_under_way_is_not_started_again(served: ServedEngine) -> None:
    served.start(sample_jobs.create_job(served, "endless", "sleep 600"))
    result = invoke(served, "rerun", "endless")
    assert (result.exit_code, "it is still running" in result.stderr) == (1, True)
