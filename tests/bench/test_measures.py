"""Check that the benchmark's own programs measure, and that they refuse a wrong result."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bench.engine_process import memory_mib, processor_seconds
from bench.measures import MEASURES, Measure
from bench.message_queue import check_each_once
from bench.run import format_row

from bench import changed_line, due_jobs, events_to_sqs, kept_executions, sns_to_sqs, sqs_round_trips
from lamplighter.base.json_text import Json


@pytest.mark.parametrize("batch", [1, 10])
@pytest.mark.parametrize("measure", [sqs_round_trips.measure, sns_to_sqs.measure, events_to_sqs.measure])
def test_every_message_is_counted_once(measure: Callable[[Path, int, int], Json], batch: int, tmp_path: Path) -> None:
    """The measures raise if a message is missing or doubled; 45 is no multiple of ten."""
    found = measure(tmp_path / "data", 45, batch)
    assert found["messages_per_s"] > 0
    assert found["server_cores"] >= 0  # in ticks of 10 ms


def test_a_missing_and_a_doubled_message_are_errors() -> None:
    check_each_once(["1", "0"], 2)
    with pytest.raises(RuntimeError, match="1 are missing and 0 are doubled"):
        check_each_once(["0"], 2)
    with pytest.raises(RuntimeError, match="0 are missing and 1 are doubled"):
        check_each_once(["0", "1", "1"], 2)


def test_the_time_of_a_child_that_has_ended_counts_and_its_memory_does_not() -> None:
    """Without it, an engine would seem to have used less than no time when a child of it ends."""
    before = processor_seconds(os.getpid())
    code = "import time\nwhile time.process_time() < 0.2: pass"
    with subprocess.Popen([sys.executable, "-c", code]) as child:
        child.wait()
    assert processor_seconds(os.getpid()) - before > 0.1
    assert (processor_seconds(child.pid), memory_mib(child.pid, "Rss")) == (0, 0)


def test_copies_of_executions_answer_as_their_originals(tmp_path: Path) -> None:
    """The measure compares a hundred copies of each outcome with the execution that ran."""
    found = kept_executions.measure(tmp_path / "data", 6_000)
    assert found["list_p99_ms"] > 0
    assert found["restart_s"] > 0
    assert found["rss_mib"] > 0


def test_a_changed_line_is_applied(tmp_path: Path) -> None:
    found = changed_line.measure(tmp_path / "data", 3)
    assert 0 < found["seconds"] < changed_line.PATIENCE_SECONDS
    assert found["slowest_probe_ms"] > 0


def test_the_times_of_processes_that_have_not_finished_writing_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "job-0.start").write_text("1795899922.123456789\n")
    (tmp_path / "job-1.start").write_text("17958999")
    assert due_jobs.read_start_times(tmp_path) == [1795899922.123456789]


def test_rows_have_different_names() -> None:
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)


def test_a_failed_measure_is_a_row_with_the_reason() -> None:
    def fail(_folder: Path) -> Json:
        raise RuntimeError("no engine")

    assert format_row(Measure("speed", fail, str)) == "| speed | failed: RuntimeError: no engine | – | – |"
