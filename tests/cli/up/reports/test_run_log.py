"""The log of `up` about runs says how long they took by the same rule as `ps` and the console."""

import logging
from pathlib import Path

import pytest

from lamplighter.cli.up.reports.run_log import RunLog
from lamplighter.runs.story import read_story
from lamplighter.services.states.tables import redrives
from tests.engine_harness import HOUR, SECOND, EngineHarness, job
from tests.fake_runtime import Script


def end_container(harness: EngineHarness, code: int) -> None:
    """End the running container after five seconds."""
    harness.advance(5 * SECOND)
    harness.runtime.finish(harness.runtime.remaining()[-1], code)
    harness.settle()


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
