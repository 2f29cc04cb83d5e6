"""Log a line for each run that starts or ends, and for each attempt that fails.

Guarantees that only committed events are logged, and only those of the jobs that are followed. A run's line ends with
the last line of its container's output.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.bus import Caller, Event
from lamplighter.cli.runs.skipped_runs import WHY, is_skip
from lamplighter.engine.engine import Engine
from lamplighter.runs.durations import format_duration
from lamplighter.services.ecs.logs.output_files import OutputFiles
from lamplighter.store.db import Tx

log = logging.getLogger("lamplighter.jobs")

RUN_VARIABLE: Final = "LAMPLIGHTER_RUN"
"""The environment variable that names the run of a job's container."""
TAIL = 8_192
"""Bytes at the end of the output in which the last line is searched."""
LONGEST = 160
ENDS: Mapping[str, str] = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timed out", "ABORTED": "stopped"}


class RunLog:
    """A logger of the runs of an engine; it follows no job until `follow` is called."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._outputs = engine.outputs
        self._labels: Mapping[str, str] = {}
        self._followed: dict[str, Mapping[str, str]] = {}
        self._tails: dict[str, str] = {}
        """For each run under way, the last line of output of its last successful attempt."""
        self._failures: dict[str, str] = {}
        """For each run under way, why its last attempt failed; removed when another step succeeds."""
        self._held: list[tuple[int, str]] | None = None
        engine.bus.subscribe("aws.states", self._hear_run, lambda _tx: bool(self._labels))
        engine.bus.subscribe("aws.ecs", self._hear_task, lambda _tx: bool(self._labels))

    def follow(self, stack: str, labels: Mapping[str, str]) -> None:
        """Log the runs of a stack's state machines and task families from now on, under these labels."""
        self._followed[stack] = labels
        self._labels = {name: label for each in self._followed.values() for name, label in each.items()}

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Hold messages back until the block ends, and log them then."""
        held: list[tuple[int, str]] = []
        self._held = held
        try:
            yield
        finally:
            self._held = None
            for level, text in held:
                log.log(level, "%s", text)

    def _say(self, level: int, text: str) -> None:
        if self._held is None:
            log.log(level, "%s", text)
        else:
            self._held.append((level, text))

    def _hear_run(self, tx: Tx, event: Event) -> None:
        label = self._labels.get(str(event.detail.get("stateMachineArn", "")).rpartition(":")[2])
        if label is not None and "Execution" in event.detail_type:
            # The run's last task ends in the same transaction, and its line comes first.
            tx.after.append(partial(_soon, partial(self._tell_run, label, event.detail)))

    def _hear_task(self, tx: Tx, event: Event) -> None:
        label = self._labels.get(str(event.detail.get("group", "")).removeprefix("family:"))
        if label is not None and "Task" in event.detail_type:
            tx.after.append(partial(self._tell_task, label, event.detail))

    def _tell_run(self, label: str, run: Json) -> None:
        if run["status"] == "RUNNING":
            self._say(logging.INFO, f"{label}: started")
            return
        tail, failure = self._tails.pop(run["name"], ""), self._failures.pop(run["name"], "")
        took = ((run["stopDate"] or run["startDate"]) - run["startDate"]) / 1000
        if is_skip(run["status"], run.get("output")):
            self._say(logging.INFO, f"{label}: skipped: {WHY}")
            return
        how = ENDS.get(run["status"], run["status"])
        level = logging.INFO if run["status"] == "SUCCEEDED" else logging.WARNING
        last = tail if run["status"] == "SUCCEEDED" else failure or self._reason(run["executionArn"])
        self._say(level, f"{label}: {how} after {format_duration(took)}{_after(last)}")

    def _tell_task(self, label: str, task: Json) -> None:
        of_machine = task.get("startedBy") == "AWS Step Functions"
        if task["lastStatus"] == "RUNNING" and not of_machine:
            self._say(logging.INFO, f"{label}: started")
        if task["lastStatus"] != "STOPPED":
            return
        container = task["containers"][0]
        code, tail = container.get("exitCode"), _last_line(self._outputs, task, container["name"])
        run, attempt = _about(task)
        if code == 0:
            if run:
                self._tails[run] = tail
                self._failures.pop(run, None)
            elif not of_machine:
                self._say(logging.INFO, f"{label}: succeeded{_after(tail)}")
            return
        why = f"exit code {code}" if code is not None else str(task.get("stoppedReason", "it did not start"))
        if run:
            self._failures[run] = f"{why}{_after(tail)}"
        which = f"attempt {attempt} failed" if attempt else "failed"
        self._say(logging.WARNING, f"{label}: {which}, {why}{_after(tail)}")

    def _reason(self, run: str) -> str:
        """Return the error and cause of an unsuccessful run; leave out a cause in JSON, too long for a line."""
        engine, of = self._engine, run.split(":")
        try:
            look = engine.bus.read
            given = {"executionArn": run}
            found = look(engine.store.reader, Caller(of[4], of[3]), "states", "DescribeExecution", given)
        except AwsError:
            return ""
        error, cause = found.get("error") or "", found.get("cause") or ""
        told = error if cause.startswith("{") else ": ".join(each for each in (error, cause) if each)
        return _cut("".join(each for each in told if each.isprintable()))


def _soon(tell: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_soon(tell)


def _about(task: Json) -> tuple[str, str]:
    """Return the run and the attempt number of a task; empty text if it has none."""
    of = task.get("overrides", {}).get("containerOverrides", [])
    given = {pair["name"]: pair.get("value", "") for each in of for pair in each.get("environment") or ()}
    return given.get(RUN_VARIABLE, ""), given.get("LAMPLIGHTER_ATTEMPT", "")


def _last_line(outputs: OutputFiles, task: Json, container: str) -> str:
    """Return the last line of a container's output, without unprintable characters."""
    path = outputs.path(task["taskArn"].rpartition("/")[2], container)
    with suppress(OSError, JsonError, KeyError, TypeError), path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        for record in reversed(file.read().splitlines()):
            text = "".join(each for each in loads(record.decode())["text"] if each.isprintable()).strip()
            if text:
                return _cut(text)
    return ""


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _after(tail: str) -> str:
    return f": {tail}" if tail else ""
