"""`box:`, `priority:` and `overlap:` of a job file decide what runs on this machine, and when."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from lamplighter.base.json_text import Json, loads
from lamplighter.bus import Bus, Caller
from lamplighter.cli.up.reports.waiting_runs import MANY_WAIT, MAX_EXPLAINED
from lamplighter.jobs.stack.template import build_template
from lamplighter.store.db import Reader
from tests.cli.up.watched_file import GOOD, WatchedFile
from tests.engine_harness import SECOND
from tests.fake_runtime import Script
from tests.jobs.projects import load_job_text

BOXED = """
project: home
channels: {me: {email: me@example.com}}
box: {max-tasks: 1}
defaults: {notify: me, timeout: 1m, deadline: 1m}
jobs:
  low: {command: 'true'}
  high: {command: 'true', priority: 7}
  queued: {command: 'true', overlap: queue, queue-length: 2}
  replaced: {command: 'true', overlap: cancel-previous}
"""


def apply_file(watched: WatchedFile, text: str, run_seconds: int = 10) -> None:
    """Write the file, wait until it is applied, and let each container run for some seconds."""
    watched.write(text)
    watched.advance(5)
    watched.harness.runtime.script(Script(after=run_seconds * SECOND))


def start(watched: WatchedFile, job: str, name: str = "") -> str:
    machine = f"arn:aws:states:us-east-1:123456789012:stateMachine:home-{job}"
    execution = watched.harness.start(machine, name=name or None)
    watched.harness.settle()
    return execution


def test_the_limits_and_priorities_of_a_changed_file_apply_at_once(watched: WatchedFile) -> None:
    apply_file(watched, BOXED)
    first, low, high = start(watched, "low", "a"), start(watched, "low", "b"), start(watched, "high")
    assert len(watched.harness.runtime.started_names()) == 1
    watched.advance(10)
    assert [watched.harness.status(each) for each in (first, low, high)] == ["SUCCEEDED", "RUNNING", "RUNNING"]
    assert "high" in [*watched.harness.runtime.started.values()][-1].environment["LAMPLIGHTER_RUN_ARN"]
    watched.write(BOXED.replace("max-tasks: 1", "max-tasks: 2"))
    watched.advance(2)
    assert len(watched.harness.runtime.started_names()) == 3


def log_of_jobs(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines about runs, without how long a run took."""
    lines = [each.getMessage() for each in caplog.records if each.name == "lamplighter.jobs"]
    return [line.partition(" after ")[0] for line in lines if ": " in line and "\n" not in line]


def test_the_log_says_that_a_run_waits_for_room_and_that_it_started_when_it_did(
    watched: WatchedFile, caplog: pytest.LogCaptureFixture
) -> None:
    apply_file(watched, BOXED)
    with caplog.at_level(logging.INFO):
        start(watched, "low")
        start(watched, "high")
        assert log_of_jobs(caplog) == ["low: started", "high: waits for its turn (1 of 1 tasks run)"]
        watched.advance(10)
        assert log_of_jobs(caplog)[2:] == ["low: succeeded", "high: started"]


@contextmanager
def counted_descriptions() -> Iterator[list[str]]:
    """Yield the list of the tasks that the log describes from now on."""
    tasks: list[str] = []
    read = Bus.read

    def record(bus: Bus, reader: Reader, caller: Caller, service: str, operation: str, params: Json) -> Json:
        tasks.extend(params["tasks"] if operation == "DescribeTasks" else [])
        return read(bus, reader, caller, service, operation, params)

    with mock.patch.object(Bus, "read", record):
        yield tasks


def test_the_log_does_not_describe_a_task_that_does_not_wait(watched: WatchedFile) -> None:
    apply_file(watched, BOXED)
    with counted_descriptions() as described:
        start(watched, "low")
        assert described == []
        start(watched, "low")
        assert len(described) == 1


def test_the_log_describes_few_waiting_tasks_and_names_the_number_for_the_others(
    watched: WatchedFile, caplog: pytest.LogCaptureFixture
) -> None:
    """The description of a task counts those before it: of n waiting tasks, n * n would be counted."""
    apply_file(watched, BOXED)
    with caplog.at_level(logging.INFO), counted_descriptions() as described:
        for _ in range(MAX_EXPLAINED + 5):
            start(watched, "low")
        assert len(described) == MAX_EXPLAINED
        waits = [line for line in log_of_jobs(caplog) if "waits" in line]
        before = f"{MAX_EXPLAINED - 1} tasks are before it"
        assert waits[MAX_EXPLAINED - 1] == f"low: waits for its turn (1 of 1 tasks run); {before}"
        assert waits[MAX_EXPLAINED:] == [f"low: {MANY_WAIT}"] * 4


def test_the_log_says_that_a_run_waits_for_its_turn_and_that_it_started_when_it_did(
    watched: WatchedFile, caplog: pytest.LogCaptureFixture
) -> None:
    apply_file(watched, BOXED.replace("max-tasks: 1", "max-tasks: 9"))
    with caplog.at_level(logging.INFO):
        start(watched, "queued")
        start(watched, "queued")
        waits = "queued: waits for its turn: an earlier run has to end first"
        assert log_of_jobs(caplog) == ["queued: started", waits]
        watched.advance(10)
        assert sorted(log_of_jobs(caplog)[2:]) == ["queued: started", "queued: succeeded"]


def test_the_log_tells_runs_of_two_jobs_apart_that_have_the_same_name(
    watched: WatchedFile, caplog: pytest.LogCaptureFixture
) -> None:
    apply_file(watched, BOXED.replace("max-tasks: 1", "max-tasks: 9"))
    start(watched, "queued", "2026-08-01")
    watched.advance(5)
    with caplog.at_level(logging.INFO):
        start(watched, "queued", "2026-08-02")
        watched.harness.runtime.script(
            Script(after=SECOND), lambda each: "high" in each.environment["LAMPLIGHTER_RUN_ARN"]
        )
        start(watched, "high", "2026-08-02")
        watched.advance(3)
        waits = "queued: waits for its turn: an earlier run has to end first"
        assert log_of_jobs(caplog) == [waits, "high: started", "high: succeeded"]
        watched.advance(5)
        assert sorted(log_of_jobs(caplog)[3:]) == ["queued: started", "queued: succeeded"]


def test_the_end_of_a_run_has_no_failure_of_another_jobs_run_with_its_name(
    watched: WatchedFile, caplog: pytest.LogCaptureFixture
) -> None:
    retried = "{command: 'true', retry: {attempts: 1, interval: 30s}}"
    apply_file(watched, BOXED.replace("max-tasks: 1", "max-tasks: 9") + f"  flaky: {retried}\n")
    for number in range(3):
        start(watched, "queued", f"{number}")
    watched.harness.runtime.script(Script(code=3), lambda each: "flaky" in each.environment["LAMPLIGHTER_RUN_ARN"])
    with caplog.at_level(logging.INFO):
        start(watched, "flaky", "2026-08-01")
        start(watched, "queued", "2026-08-01")
        watched.advance(2)
    lines = [each.getMessage() for each in caplog.records if each.getMessage().startswith("queued: failed after")]
    assert len(lines) == 1
    assert "the queue of home-queued is full" in lines[0]
    assert "exit code" not in lines[0]


def test_a_run_that_waited_when_the_engine_was_killed_is_logged_when_it_starts(
    watched: WatchedFile, caplog: pytest.LogCaptureFixture
) -> None:
    apply_file(watched, BOXED, run_seconds=30)
    start(watched, "queued")
    start(watched, "queued")
    start(watched, "high")
    watched.harness.down()
    watched.start()
    caplog.clear()
    with caplog.at_level(logging.INFO):
        watched.advance(90)
        found = [line for line in log_of_jobs(caplog) if "started" in line]
        assert found == ["high: started", "queued: started"]


def test_a_killed_engine_keeps_the_limits_of_the_file(watched: WatchedFile) -> None:
    watched.write(BOXED)
    watched.advance(5)
    watched.harness.restart()
    watched.harness.runtime.script(Script(after=10 * SECOND))
    start(watched, "low", "a")
    start(watched, "low", "b")
    assert len(watched.harness.runtime.started_names()) == 1


def test_runs_of_a_job_that_queues_run_one_after_another_up_to_its_queue_length(watched: WatchedFile) -> None:
    apply_file(watched, BOXED)
    runs = [start(watched, "queued", f"run-{number}") for number in range(4)]
    assert watched.harness.describe(runs[3])["error"] == "Lamplighter.QueueFull"
    watched.advance(2)
    assert watched.mails()[-1] == "Subject: queued failed: the queue of home-queued is full: 2 runs wait already;"
    for number in range(3):
        watched.advance(10)
        assert watched.harness.status(runs[number]) == "SUCCEEDED"


def test_the_log_does_not_say_that_a_run_started_which_found_the_queue_full(
    watched: WatchedFile, caplog: pytest.LogCaptureFixture
) -> None:
    apply_file(watched, BOXED)
    for _ in range(3):
        start(watched, "queued")
    with caplog.at_level(logging.INFO):
        start(watched, "queued")
    assert [line.partition(" after ")[0] for line in log_of_jobs(caplog)] == ["queued: failed"]


def test_a_newer_run_of_a_job_replaces_the_earlier_one(watched: WatchedFile) -> None:
    apply_file(watched, BOXED)
    first, second = start(watched, "replaced", "a"), start(watched, "replaced", "b")
    assert watched.harness.status(first) == "ABORTED"
    watched.advance(15)
    assert watched.harness.status(second) == "SUCCEEDED"


def test_a_job_that_is_larger_than_the_box_is_reported_once(
    watched: WatchedFile, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        watched.write(GOOD.replace("jobs:", "box: {memory: 256}\njobs:"))
        watched.advance(5)
        watched.write(GOOD.replace("jobs:", "box: {memory: 256, max-tasks: 9}\njobs:"))
        watched.advance(5)
    line = (
        "one: its memory is 512, and all tasks together have 256 MiB of memory: "
        "an attempt starts only when no other task runs"
    )
    assert [each.getMessage() for each in caplog.records].count(line) == 1


def definition(template: Json, machine: str) -> Json:
    return loads(template["Resources"][machine]["Properties"]["DefinitionString"])


def test_on_aws_a_job_that_queues_has_states_for_it_and_here_a_tag(tmp_path: Path) -> None:
    project = load_job_text(tmp_path, BOXED).project
    aws, here = build_template(project), build_template(project, "here")
    for machine, states, tag in (
        ("QueuedMachine", {"Queue up", "List runs"}, "queue:2"),
        ("ReplacedMachine", {"List runs", "Stop them"}, "cancel-previous"),
    ):
        assert states <= definition(aws, machine)["States"].keys()
        assert not states & definition(here, machine)["States"].keys()
        assert {"Key": "lamplighter:overlap", "Value": tag} in here["Resources"][machine]["Properties"]["Tags"]
    assert not [tag for each in aws["Resources"].values() for tag in each.get("Properties", {}).get("Tags", [])
                if isinstance(tag, dict) and tag["Key"] in ("lamplighter:overlap", "lamplighter:priority")]  # fmt: skip
    assert {"Key": "lamplighter:priority", "Value": "7"} in here["Resources"]["HighTask"]["Properties"]["Tags"]


def test_tasks_of_a_job_that_is_a_step_of_a_workflow_may_run_side_by_side(tmp_path: Path) -> None:
    text = """
    project: home
    jobs:
      step: {command: 'true', overlap: queue}
      all: {workflow: all.asl.yaml}
    """
    steps = "StartAt: One\nStates: {One: {Type: Task, Job: step, End: true}}\n"
    project = load_job_text(tmp_path, text, all_asl_yaml=steps).project
    tags = build_template(project, "here")["Resources"]["StepTask"]["Properties"]["Tags"]
    assert "lamplighter:overlap" not in [each["Key"] for each in tags]
