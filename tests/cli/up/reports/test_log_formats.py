"""The formats of the log: text with the time, text for the journal, and JSON."""

import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.cli.up.reports.log_formats import (
    COMMAND_LOGGER,
    JournalFormatter,
    JsonFormatter,
    LogFormat,
    TimestampFormatter,
    choose_formatter,
    is_journal,
)
from lamplighter.jobs.file.parsing.yaml_document import JobFileError, Problem, SourcePosition
from tests.cli.up_folder import UpFolder, run_lamplighter

PROBLEM = Problem(SourcePosition("jobs.yaml", 3, 26), "`shedule` is not a known key", "did you mean `schedule`?")


def record(level: int, text: str, *, name: str = "lamplighter.jobs", **extra: Json) -> logging.LogRecord:
    return logging.getLogger(name).makeRecord(name, level, __file__, 1, "%s", (text,), None, extra=extra)


def test_json_has_one_object_a_line_with_the_fields_of_the_record() -> None:
    fields = {"job": "nightly", "run": "r1", "attempt": 2, "exitCode": 3}
    line = JsonFormatter().format(record(logging.WARNING, "one\ntwo", fields=fields))
    assert "\n" not in line
    found = json.loads(line)
    assert found.pop("time").endswith("Z")
    assert found == {"level": "warning", "logger": "lamplighter.jobs", "message": "one\ntwo", **fields}


def test_json_has_a_traceback_in_the_same_line() -> None:
    try:
        raise OSError("no files")
    except OSError:
        failed = logging.LogRecord("lamplighter", logging.ERROR, __file__, 1, "it failed", None, sys.exc_info())
    found = json.loads(JsonFormatter().format(failed))
    assert found["message"] == "it failed"
    assert found["exception"].endswith("OSError: no files")


@pytest.mark.parametrize(
    ("level", "prefix"),
    [
        (logging.CRITICAL, "<2>"),
        (logging.ERROR, "<3>"),
        (logging.WARNING, "<4>"),
        (logging.INFO, "<6>"),
        (logging.DEBUG, "<7>"),
    ],
)
def test_the_journal_gets_the_priority_before_each_line_and_no_time(level: int, prefix: str) -> None:
    assert JournalFormatter().format(record(level, "one\ntwo")) == f"{prefix}one\n{prefix}two"


def test_text_has_the_time_before_each_line() -> None:
    lines = TimestampFormatter().format(record(logging.INFO, "one\ntwo")).split("\n")
    assert [line[25:] for line in lines] == ["one", "two"]
    assert lines[0][:4].isdigit()


def test_text_shows_what_the_command_itself_says_without_the_time() -> None:
    found = TimestampFormatter().format(record(logging.INFO, "listening", name=COMMAND_LOGGER))
    assert found == "lamplighter: listening"


def test_errors_of_a_file_are_text_for_people_and_a_list_in_json() -> None:
    error = JobFileError([PROBLEM])
    failed = record(logging.ERROR, str(error), problems=error.problems)
    shown = "jobs.yaml:3:26: error: `shedule` is not a known key\n    did you mean `schedule`?"
    assert TimestampFormatter().format(failed) == shown
    assert JournalFormatter().format(failed) == "\n".join(f"<3>{line}" for line in shown.split("\n"))
    assert json.loads(JsonFormatter().format(failed))["problems"] == [
        {
            "file": "jobs.yaml",
            "line": 3,
            "column": 26,
            "severity": "error",
            "message": "`shedule` is not a known key",
            "advice": "did you mean `schedule`?",
        }
    ]


def test_only_the_stream_that_leads_to_the_journal_gets_its_format(tmp_path: Path) -> None:
    """A program that a service starts inherits the variable, but may write elsewhere."""
    with (tmp_path / "log").open("w") as stream, (tmp_path / "other").open("w") as other:
        found = os.fstat(stream.fileno())
        environment = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        assert is_journal(environment, stream)
        assert not is_journal(environment, other)
        assert not is_journal({}, stream)
        assert not is_journal(environment, io.StringIO())
        assert isinstance(choose_formatter(LogFormat.TEXT, environment, stream), JournalFormatter)
        assert isinstance(choose_formatter(LogFormat.TEXT, {}, stream), TimestampFormatter)
        assert isinstance(choose_formatter(LogFormat.JSON, environment, stream), JsonFormatter)


def by(name: str, value: str) -> Callable[[Json], bool]:
    return lambda found: found.get(name) == value


def test_up_logs_only_json_with_job_run_and_attempt(home: UpFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMPLIGHTER_LOG_FORMAT", "json")
    home.write("fails: {command: exit 3}")
    home.up(str(home.file))
    home.wait_for_line("agrees with")
    run = home.start_run("fails")
    home.wait_for_line("fails: failed after")
    home.write("fails: {comand: exit 3}")
    home.wait_for_line("is not applied")
    url = home.url
    home.kill(signal.SIGTERM)
    found = [json.loads(line) for line in home.lines]
    assert any(each["message"] == f"listening on {url}" for each in found)
    attempt = next(each for each in found if "attempt 1 failed" in each["message"])
    name = run.rpartition(":")[2]
    assert (attempt["level"], attempt["job"], attempt["run"]) == ("warning", "fails", name)
    assert (attempt["attempt"], attempt["exitCode"]) == (1, 3)
    ended = next(filter(by("status", "FAILED"), found))
    assert (ended["job"], ended["run"]) == ("fails", name)
    assert next(each for each in found if "problems" in each)["problems"][0]["line"] == 3


@pytest.mark.parametrize("options", [("broken.yaml",), ("--host", "192.0.2.1")])
def test_a_start_that_is_refused_is_logged_as_json_too(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "broken.yaml").write_text("no: yes:")
    result = run_lamplighter("up", "--port", "0", "--log-format", "json", *options, cwd=tmp_path)
    assert result.code == 1
    assert [json.loads(line)["level"] for line in result.err.splitlines()] == ["error"]


def test_up_writes_priorities_if_its_output_is_the_journal(tmp_path: Path) -> None:
    """The test's file stands in for the journal's socket."""
    file = tmp_path / "journal"
    with file.open("w") as stream:
        found = os.fstat(stream.fileno())
        environment = {**os.environ, "JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        command = [sys.executable, "-m", "lamplighter", "up", "--host", "192.0.2.1", "--port", "0"]
        subprocess.run(command, cwd=tmp_path, env=environment, stderr=stream)
    assert file.read_text().startswith("<3>cannot listen on 192.0.2.1, port 0: this machine has no such address")
