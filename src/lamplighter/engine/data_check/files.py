"""Find files of a data directory that belong to nothing, and output that is missing."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from lamplighter.base.count_text import format_count
from lamplighter.engine.data_check.finding import DataFinding, note, problem
from lamplighter.services.ecs.tables import tasks
from lamplighter.store.data_directory import DATABASE, ENGINE_PATHS, SET_ASIDE_PREFIX, UPGRADE_COPY_PREFIX
from lamplighter.store.db import Reader

OUTPUT, PROCESSES = "output", "processes"
LITESTREAM_FOLDERS = (f".{DATABASE}-litestream", f"{DATABASE}-litestream")
"""What Litestream keeps beside the database."""


def check_files(directory: Path, reader: Reader, *, engine_runs: bool) -> Iterator[DataFinding]:
    """Yield what the directory has too much, and what others can read; `reader` reads committed data."""
    yield from _check_names(directory, engine_runs=engine_runs)
    yield from _check_modes(directory)
    yield from _check_output(directory, reader)
    if not engine_runs:
        yield from _check_processes(directory, reader)


def _check_names(directory: Path, *, engine_runs: bool) -> Iterator[DataFinding]:
    for name in sorted(set(os.listdir(directory)) - set(LITESTREAM_FOLDERS)):
        path = directory / name
        if name.startswith(SET_ASIDE_PREFIX):
            yield note("files", f"{path} has data that was set aside", "delete it when you no longer need it")
        elif name.startswith(UPGRADE_COPY_PREFIX):
            yield note(
                "files", f"{path} is the database from before the last upgrade", "keep it until you trust this version"
            )
        elif name.startswith(".") and not engine_runs:
            yield note("files", f"{path} is left over from something that was interrupted", "delete it")
        elif name not in ENGINE_PATHS and not name.startswith("."):
            yield note("files", f"{path} does not belong to an engine", "move it elsewhere if it is yours")


def _check_modes(directory: Path) -> Iterator[DataFinding]:
    for path in (directory, *(directory / name for name in ENGINE_PATHS)):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield problem("files", f"others may use {path} (mode {stat.S_IMODE(mode):o})", f"chmod go= {path}")


def _check_output(directory: Path, reader: Reader) -> Iterator[DataFinding]:
    """Compare the folders of output with the tasks; a folder is deleted before its task, and made after it."""
    folders = _folders(directory / OUTPUT)
    without_task = [each for each in folders if tasks.status(reader, each) is None]
    for name in without_task:
        if (directory / OUTPUT / name).exists():
            yield note(
                "output",
                f"{directory / OUTPUT / name} belongs to no task: its container was newer than a restored backup",
                "read it if you need it, then delete it",
            )
    missing = len(set(_tasks_with_output(reader)) - set(folders))
    if missing:
        yield note(
            "output",
            f"the output of {format_count(missing, 'task')} is missing, for example after a restore without output",
            "nothing: their output is still in CloudWatch Logs (`lamplighter logs`)",
        )


def _tasks_with_output(reader: Reader) -> Iterator[str]:
    """Yield the stopped tasks of which a log stream has output; such streams end with the task's name."""
    sql = (
        "SELECT tasks.name FROM log_streams JOIN tasks ON tasks.name = substr(log_streams.name, -32) "
        "WHERE log_streams.last > 0 AND tasks.status = 'STOPPED'"
    )
    yield from (row[0] for row in reader.rows(sql))


def _check_processes(directory: Path, reader: Reader) -> Iterator[DataFinding]:
    for name in _folders(directory / PROCESSES):
        found = tasks.status(reader, name.partition("-")[0])
        if found is None or found[1] == "STOPPED":
            path = directory / PROCESSES / name
            yield note("processes", f"{path} belongs to no running task", "nothing: the next `up` stops and removes it")


def _folders(path: Path) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except FileNotFoundError:
        return []
