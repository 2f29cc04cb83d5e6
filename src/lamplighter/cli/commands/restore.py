"""Run `lamplighter restore`: restore a backup into a data directory, and say what the next `up` will do about it.

Everything is unpacked and verified before anything is put in place. Nothing is deleted: `--force` sets aside what is
there. Exit codes: 0 the backup is restored; 1 nothing was changed, and the output says why.
"""

import asyncio
import platform
import sys
from collections.abc import Iterator
from contextlib import closing
from io import BufferedReader
from pathlib import Path
from typing import Annotated, cast

import typer

from lamplighter.base.count_text import format_count
from lamplighter.base.errors import LamplighterError
from lamplighter.base.world import format_iso_time, real_world
from lamplighter.cli.command_context import fail
from lamplighter.cli.target import DEFAULT_DATA, DataOption
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import build_runtime
from lamplighter.engine.restored_work import RestoredWork, compare_work, count_missed_schedules
from lamplighter.runtime.port import RuntimeUnavailable
from lamplighter.store.backups.database_copy import open_read_only
from lamplighter.store.backups.restore import Restored, restore_backup
from lamplighter.store.data_directory import DATABASE
from lamplighter.store.db import Reader
from lamplighter.store.lock import is_locked
from lamplighter.store.row_counts import count_by_status

STANDARD_INPUT = Path("-")


def restore(
    file: Annotated[
        Path,
        typer.Argument(
            help="A backup that `lamplighter backup` wrote, or a copy of a database; - is the standard input.",
            dir_okay=False,
        ),
    ],
    *,
    data: DataOption = DEFAULT_DATA,
    force: Annotated[
        bool, typer.Option("--force", help="Set aside the data that the directory has now, instead of refusing.")
    ] = False,
) -> None:
    """Restore a backup into a data directory that has no engine's data, or whose data is set aside with --force."""
    now = real_world().now()
    try:
        if file == STANDARD_INPUT:
            restored = restore_backup(cast("BufferedReader", sys.stdin.buffer), None, data, now, force=force)
        else:
            with file.open("rb") as source:
                restored = restore_backup(source, file, data, now, force=force)
        lines = [*_summary(restored, file, data), *_work_lines(restored, data, now), *_warnings(restored, data)]
    except LamplighterError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{file} cannot be read: {(error.strerror or str(error)).lower()}")
    for line in lines:
        typer.echo(f"lamplighter: {line}", err=True)


def _summary(restored: Restored, file: Path, data: Path) -> Iterator[str]:
    made = f"lamplighter {restored.identity.version}" if restored.identity.version else "an early lamplighter"
    yield (
        f"{data} is restored from {file}: the engine {restored.identity.engine} as {made} left it at "
        f"{format_iso_time(restored.created)}"
    )
    if restored.aside is not None:
        yield f"what was there before is in {restored.aside}; delete it when you no longer need it"


def _work_lines(restored: Restored, data: Path, now: int) -> Iterator[str]:
    """Yield what the next engine will find, and what it will do about it."""
    with closing(open_read_only(data / DATABASE)) as connection:
        reader = Reader(connection)
        running = count_by_status(reader, "execution").get("RUNNING", 0)
        missed = count_missed_schedules(reader, now)
        try:
            work = compare_work(reader, asyncio.run(_container_names(data, restored.identity.engine)))
        except RuntimeUnavailable as error:
            work = None
            yield f"which containers still exist is not known: {error}"
    if running:
        yield f"{format_count(running, 'run')} under way at the backup will continue at the next `up`"
    if work is not None:
        yield from _container_lines(work, restored.identity.engine)
    if missed:
        yield (
            f"{format_count(missed, 'schedule')} had times since the backup: `up` makes up for them as their `missed:` "
            "says, also for those whose jobs ran after the backup"
        )


async def _container_names(data: Path, engine: str) -> frozenset[str]:
    runtime = build_runtime(EngineConfig(data_directory=data), engine, real_world())
    try:
        return await runtime.names()
    finally:
        await runtime.close()


def _container_lines(work: RestoredWork, engine: str) -> Iterator[str]:
    if work.continued:
        yield f"containers and processes that still exist, and with which `up` continues: {len(work.continued)}"
    if work.lost:
        yield (
            f"tasks that ran at the backup and have no container or process here: {len(work.lost)}; how they ended is "
            "unknown, and the retries of their runs decide"
        )
    if work.unknown:
        yield (
            f"{format_count(len(work.unknown), 'container')} newer than the backup: `up` stops and removes "
            f"{', '.join(work.unknown)}. If they should end first, wait before `up` "
            f"(docker ps --filter label=lamplighter.engine={engine})"
        )


def _warnings(restored: Restored, data: Path) -> Iterator[str]:
    """Warn of a second engine with the same jobs."""
    manifest = restored.manifest
    if manifest is None or (manifest.host, manifest.directory) == (platform.node(), str(data.absolute())):
        return
    where = f"{manifest.directory} on {manifest.host}"
    is_here = manifest.host == platform.node()
    state = " It runs now." if is_here and is_locked(Path(manifest.directory)) else ""
    yield (
        f"warning: this is the engine of {where}.{state} Start this copy only if that one never runs again: two "
        "engines with the same jobs start every run twice, send every alert twice, and remove each other's containers. "
        "`ps`, `history` and `logs` read this copy without `up`"
    )
