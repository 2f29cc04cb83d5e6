"""Log a line for each run that starts, waits or ends, and for each attempt that fails.

Guarantees that only committed events are logged, and only those of the jobs that are followed. A run's line ends with
the last line of its container's output.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.bus import Caller, Event
from lamplighter.cli.up.reports.newest_entries import NewestEntries
from lamplighter.cli.up.reports.waiting_runs import STARTED, WaitingRuns, find_run
from lamplighter.engine.engine import Engine
from lamplighter.runs.failures.failure_words import ERROR_WORDS, TIMEOUT, cause_words, run_words
from lamplighter.runs.history.durations import format_duration
from lamplighter.runs.jobs.job_machine import ATTEMPT_VARIABLE, RUN_VARIABLE
from lamplighter.runs.jobs.skipped_runs import SKIP_REASON, runs_that_caused_skip
from lamplighter.runs.printable_text import printable_line
from lamplighter.runs.run import END_WORDS
from lamplighter.runs.tasks.ecs_tasks import (
    STARTED_BY_STATE_MACHINE,
    container_exits,
    container_variable,
    stop_reason,
    task_family,
)
from lamplighter.services.ecs.logs.output_files import OutputFiles
from lamplighter.services.states.integrations.sync_rules import ABORT_REASON
from lamplighter.services.states.tables import redrives
from lamplighter.store.db import Tx

log = logging.getLogger("lamplighter.jobs")

LogFields = dict[str, Json]
"""What a message is about, for logs in JSON: the job, the run, the task, the attempt, the exit code."""

TAIL_BYTES = (8_192, 2 * 1024 * 1024)
"""Bytes at the end of the output in which the last line is searched: first in a few, then in the longest record."""
MAX_LINE_LENGTH = 160


class RunLog:
    """A logger of the runs of an engine; it follows no job until `follow` is called."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._outputs = engine.outputs
        self._labels: Mapping[str, str] = {}
        self._followed: dict[str, Mapping[str, str]] = {}
        self._tails = NewestEntries[str]()
        """By the ARN of each run under way, the last line of output of its last successful attempt."""
        self._failures = NewestEntries[str]()
        """By the ARN of each run under way, why its last attempt failed; removed when another step succeeds."""
        self._waiting = WaitingRuns(engine, self._find_label)
        self._held_messages: list[tuple[int, str, LogFields]] | None = None
        engine.bus.subscribe("aws.states", self._on_run_event, lambda _tx: bool(self._labels))
        engine.bus.subscribe("aws.ecs", self._on_task_event, lambda _tx: bool(self._labels))

    def follow(self, stack: str, labels: Mapping[str, str]) -> None:
        """Log the runs of a stack's state machines and task families from now on, under these labels."""
        self._followed[stack] = labels
        self._labels = {name: label for each in self._followed.values() for name, label in each.items()}

    def _find_label(self, machine: str) -> str | None:
        return self._labels.get(machine)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Hold messages back until the block ends, and log them then."""
        held: list[tuple[int, str, LogFields]] = []
        self._held_messages = held
        try:
            yield
        finally:
            self._held_messages = None
            for level, text, fields in held:
                log.log(level, "%s", text, extra={"fields": fields})

    def _log(self, level: int, text: str, fields: LogFields) -> None:
        if self._held_messages is None:
            log.log(level, "%s", text, extra={"fields": fields})
        else:
            self._held_messages.append((level, text, fields))

    def _on_run_event(self, tx: Tx, event: Event) -> None:
        label = self._labels.get(str(event.detail.get("stateMachineArn", "")).rpartition(":")[2])
        if label is not None and "Execution" in event.detail_type:
            # The run's last task ends in the same transaction, and its line comes first.
            log_run = partial(
                self._engine.store.internal_errors.call, "the log of runs", partial(self._log_run, label, event.detail)
            )
            tx.after_commit.append(partial(_call_soon, log_run))

    def _on_task_event(self, tx: Tx, event: Event) -> None:
        label = self._labels.get(task_family(event.detail))
        if label is not None and "Task" in event.detail_type:
            tx.after_commit.append(partial(self._log_task, label, event.detail))

    def _log_run(self, label: str, run: Json) -> None:
        fields: LogFields = {"job": label, "run": run["name"], "status": run["status"]}
        if run["status"] == "RUNNING":
            text = self._waiting.describe_begin(label, run)
            if text is not None:
                self._log(logging.INFO, f"{label}: {text}", fields)
            return
        arn = run["executionArn"]
        self._waiting.forget(arn)
        tail, failure = self._tails.take(arn) or "", self._failures.take(arn) or ""
        idle = redrives.idle_milliseconds(self._engine.store.reader, arn)
        took = max(0, (run["stopDate"] or run["startDate"]) - run["startDate"] - idle) / 1000
        if runs_that_caused_skip(run.get("output")) is not None:
            self._log(logging.INFO, f"{label}: skipped: {SKIP_REASON}", {**fields, "status": "SKIPPED"})
            return
        outcome = END_WORDS.get(run["status"], run["status"])
        level = logging.INFO if run["status"] == "SUCCEEDED" else logging.WARNING
        last = tail if run["status"] == "SUCCEEDED" else self._failure_reason(run, failure)
        fields = {**fields, "seconds": took}
        self._log(level, f"{label}: {outcome} after {format_duration(took)}{_suffix(last)}", fields)

    def _log_task(self, label: str, task: Json) -> None:
        is_of_machine = task.get("startedBy") == STARTED_BY_STATE_MACHINE
        fields: LogFields = {"job": label, "task": task["taskArn"].rpartition("/")[2], "status": task["lastStatus"]}
        lines = list(self._waiting.describe_task(label, task))
        if task["lastStatus"] == "RUNNING" and not is_of_machine and not lines:
            lines = [(label, STARTED)]
        for each, text in lines:
            self._log(logging.INFO, f"{each}: {text}", {**fields, "job": each})
        if task["lastStatus"] != "STOPPED":
            return
        container = task["containers"][0]
        code, tail = container.get("exitCode"), _read_last_line(self._outputs, task, container["name"])
        run, attempt = find_run(task), container_variable(task, ATTEMPT_VARIABLE)
        fields |= {"run": name} if (name := container_variable(task, RUN_VARIABLE)) else {}
        fields |= {"attempt": int(attempt)} if attempt and attempt.isdigit() else {}
        fields |= {"exitCode": code} if code is not None else {}
        # The exit code of a process that Step Functions ended says nothing about why it did so.
        is_stopped = str(task.get("stoppedReason", "")).startswith(ABORT_REASON.partition("[")[0])
        if code == 0:
            if run and not is_stopped:
                self._tails.put(run, tail)
                self._failures.take(run)
            elif not is_of_machine:
                self._log(logging.INFO, f"{label}: succeeded{_suffix(tail)}", fields)
            return
        reason = cause_words(None, None if is_stopped else stop_reason(task), container_exits(task))
        if run and not is_stopped:
            self._failures.put(run, f"{reason}{_suffix(tail)}")
        outcome = "was stopped by its run (a timeout, or a stop)" if is_stopped else "failed"
        which = f"attempt {attempt} {outcome}" if attempt else outcome
        self._log(logging.WARNING, f"{label}: {which}, {reason}{_suffix(tail)}", fields)

    def _failure_reason(self, run: Json, attempt_failure: str) -> str:
        """Return why a run ended: the failure of its last attempt, unless a timeout or a stop ended the run."""
        reason = self._read_error(run["executionArn"])
        has_failed_itself = run["status"] == "FAILED" and not reason.startswith(ERROR_WORDS[TIMEOUT])
        return (has_failed_itself and attempt_failure) or reason

    def _read_error(self, run: str) -> str:
        """Return why a run ended unsuccessfully, by its own error and cause."""
        engine, arn_parts = self._engine, run.split(":")
        try:
            read = engine.bus.read
            given = {"executionArn": run}
            found = read(engine.store.reader, Caller(arn_parts[4], arn_parts[3]), "states", "DescribeExecution", given)
        except AwsError:
            return ""
        return _shorten(run_words(found["status"], found.get("error"), found.get("cause")))


def _call_soon(callback: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_soon(callback)


def _read_last_line(outputs: OutputFiles, task: Json, container: str) -> str:
    """Return the last line of a container's output, without unprintable characters."""
    path = outputs.path(task["taskArn"].rpartition("/")[2], container)
    with suppress(OSError), path.open("rb") as file:
        size = path.stat().st_size
        for length in TAIL_BYTES:
            file.seek(max(0, size - length))
            records = file.read(length).split(b"\n")
            if text := next(filter(None, map(_printable_text, reversed(records))), ""):
                return _shorten(text)
    return ""


def _printable_text(record: bytes) -> str:
    """Return the text of a record of an output file; an empty one for a record that is not complete."""
    with suppress(JsonError, KeyError, TypeError):
        return printable_line(loads(record)["text"]).strip()
    return ""


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_LINE_LENGTH else text[: MAX_LINE_LENGTH - 1] + "…"


def _suffix(tail: str) -> str:
    return f": {tail}" if tail else ""
