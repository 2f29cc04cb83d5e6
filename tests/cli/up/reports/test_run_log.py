"""The log of `up` about runs says how long they took by the same rule as `ps` and the console."""

import logging
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.cli.up.reports.run_log import RunLog
from lamplighter.runs.history.story import read_story
from lamplighter.runs.jobs.job_machine import RUN_ARN_VARIABLE, RUN_VARIABLE
from lamplighter.services.states.tables import redrives
from tests.cli.up.watched_file import WatchedFile
from tests.engine_harness import HOUR, SECOND, EngineHarness, chain, job
from tests.fake_runtime import Script


def end_container(harness: EngineHarness, code: int) -> None:
    """End the running container after five seconds."""
    harness.advance(5 * SECOND)
    harness.runtime.finish(harness.runtime.remaining()[-1], code)
    harness.settle()


def named_step() -> Json:
    """Return a state that runs a task which knows its run."""
    variables = [
        {"Name": RUN_VARIABLE, "Value.$": "$$.Execution.Name"},
        {"Name": RUN_ARN_VARIABLE, "Value.$": "$$.Execution.Id"},
    ]
    return job(Parameters={"Overrides": {"ContainerOverrides": [{"Name": "main", "Environment": variables}]}})


def test_a_redriven_run_took_the_sum_of_its_parts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "lamplighter.jobs")
    with EngineHarness.running(tmp_path / "data") as harness:
        RunLog(harness.engine).follow("stack", {"machine": "nightly"})
        harness.define_task()
        harness.runtime.script(Script(after=None))
        run = harness.run_machine(job())
        end_container(harness, 1)
        for code in (1, 0):
            harness.advance(HOUR)
            harness.call("states", "RedriveExecution", executionArn=run)
            end_container(harness, code)
        events = harness.call("states", "GetExecutionHistory", executionArn=run)["events"]
        assert redrives.idle_milliseconds(harness.engine.store.reader, run) == read_story(events).idle == 2 * HOUR
    ends = [each for each in caplog.messages if " after " in each]
    assert [each.partition(":")[2].split(":")[0] for each in ends] == [
        " failed after 5.0 s", " failed after 10 s", " succeeded after 15 s",
    ]  # fmt: skip


def test_the_end_of_a_run_has_no_output_of_another_machines_run_with_its_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lamplighter.jobs")
    with EngineHarness.running(tmp_path / "data") as harness:
        RunLog(harness.engine).follow("stack", {"steps": "steps", "short": "short", "job": "job"})
        harness.define_task()
        harness.runtime.script(Script(lines=(("stdout", "the first step is done"),)))
        steps = harness.machine(chain(named_step(), {"Type": "Wait", "Seconds": 60}), "steps")
        short = harness.machine(chain({"Type": "Pass"}), "short")
        for machine in (steps, short):
            harness.start(machine, name="2026-08-01")
            harness.settle()
        harness.advance(60 * SECOND)
    ends = [each.partition(": ")[::2] for each in caplog.messages if "succeeded after" in each]
    assert ends == [("short", "succeeded after 0.0 s"), ("steps", "succeeded after 1 min 00 s: the first step is done")]


def stop_with_code_0(harness: EngineHarness, machine: str) -> None:
    """Start a run, and stop it while its container runs; the container then ends properly."""
    run = harness.start(machine)
    harness.settle()
    harness.call("states", "StopExecution", executionArn=run)
    harness.settle()


def test_a_task_that_ends_after_its_run_leaves_nothing_in_memory(tmp_path: Path) -> None:
    with EngineHarness.running(tmp_path / "data") as harness:
        run_log = RunLog(harness.engine)
        run_log.follow("stack", {"machine": "nightly", "job": "nightly"})
        harness.define_task()
        harness.runtime.script(Script(after=None, stop_code=0))
        stop_with_code_0(harness, harness.machine(chain(named_step()), "machine"))
        assert harness.runtime.count("stop", harness.runtime.started_names()[0]) == 1
        assert len(run_log._tails) == 0


def test_a_timeout_is_logged_as_a_timeout_and_not_by_the_exit_code_of_the_process_that_was_ended(
    watched: WatchedFile, caplog: pytest.LogCaptureFixture
) -> None:
    retried = "{command: 'true', timeout: 1s, retry: {timeout: {attempts: 1, interval: 1s}}}"
    watched.write(f"project: home\njobs: {{slow: {retried}}}\n")
    watched.advance(5)
    watched.harness.runtime.script(Script(lines=(("stdout", "working"),), after=None))
    with caplog.at_level(logging.INFO, "lamplighter.jobs"):
        watched.harness.start("arn:aws:states:us-east-1:123456789012:stateMachine:home-slow")
        watched.advance(5)
    attempt = "slow: attempt 1 was stopped by its run (a timeout, or a stop), terminated (exit code 143): working"
    assert caplog.messages[:2] == ["slow: started", attempt]
    assert "slow: failed after 3.0 s: took longer than its timeout" in caplog.messages


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["first", "한" * 5_000], "한" * 159 + "…"),
        (["first", '{"message": "' + "한" * 80_000 + '"}'], '{"message": "' + "한" * 146 + "…"),
        (["last", *[""] * 500], "last"),
        (["last", "\x1b\x07", " "], "last"),
        (["", " "], ""),
    ],
)
def test_the_last_line_is_shown_whatever_its_length_and_alphabet(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, lines: list[str], shown: str
) -> None:
    caplog.set_level(logging.INFO, "lamplighter.jobs")
    with EngineHarness.running(tmp_path / "data") as harness:
        RunLog(harness.engine).follow("stack", {"machine": "nightly", "job": "nightly"})
        harness.define_task()
        harness.runtime.script(Script(lines=tuple(("stdout", line) for line in lines)))
        run = harness.run_machine(named_step())
        assert harness.status(run) == "SUCCEEDED"
        harness.advance(SECOND)
    (end,) = [each for each in caplog.messages if "succeeded after" in each]
    assert end.partition("after 0.0 s")[2].removeprefix(": ") == shown
