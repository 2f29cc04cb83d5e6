"""Run `lamplighter backup`: write a backup of an engine's data directory, while the engine runs or while it does not.

The backup is one file, which is whole or absent, and which only its owner can read: it has the engine's
credentials, if the engine has any.
Exit codes: 0 the backup is written and verified; 1 it is not, and the output says why.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from lamplighter.base.errors import LamplighterError
from lamplighter.base.world import format_iso_time, real_world
from lamplighter.cli.command_context import fail
from lamplighter.cli.target import DEFAULT_DATA, DataOption
from lamplighter.store.backups import backup as backups
from lamplighter.store.backups.backup import Backup
from lamplighter.store.backups.backup_archive import Manifest

STANDARD_OUTPUT = Path("-")
SECRET_FILES: Mapping[str, str] = {
    "credentials": "the engine's credentials",
    "users": "the hashes of its users' passwords",
}
"""The files of a data directory that are in a backup and open an engine, and what they hold."""
LOW_PRIORITY = 10
"""By how much the priority of verifying and compressing is lower than the engine's, as a nice value. Copying is not
delayed, because the engine's WAL grows meanwhile: https://man7.org/linux/man-pages/man7/sched.7.html."""


def backup(
    file: Annotated[
        Path, typer.Argument(help="The file to write, such as backup.tar.gz; - is the standard output.", dir_okay=False)
    ],
    *,
    data: DataOption = DEFAULT_DATA,
    without_output: Annotated[
        bool, typer.Option("--without-output", help="Leave out the files with the output of containers.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a backup of this folder's engine into a file, while the engine runs or while it does not."""
    wanted = Backup(data, real_world().now, not without_output, after_copy=_lower_priority)
    try:
        if file == STANDARD_OUTPUT:
            if sys.stdout.isatty():
                raise typer.BadParameter("a backup is not text: send it into a file or a pipe")
            manifest = backups.write_backup_stream(wanted, sys.stdout.buffer)
        else:
            manifest = backups.write_backup_file(wanted, file, overwrite=force)
    except LamplighterError as error:
        fail(str(error))
    except BrokenPipeError:
        fail("the program that reads the backup has ended: the backup is not complete")
    typer.echo(f"lamplighter: {_summary(manifest, file, data)}", err=True)


def _lower_priority() -> None:
    os.nice(LOW_PRIORITY)


def _summary(manifest: Manifest, file: Path, data: Path) -> str:
    place = "the backup" if file == STANDARD_OUTPUT else f"{file} ({file.stat().st_size / 2**20:,.1f} MiB)"
    return (
        f"{place} has the engine {manifest.engine} of {manifest.directory} as it was at "
        f"{format_iso_time(manifest.created)}; it was verified{_describe_secrets(data)}"
    )


def _describe_secrets(data: Path) -> str:
    found = [what for name, what in SECRET_FILES.items() if (data / name).is_file()]
    return f", and has {' and '.join(found)}: keep it safe" if found else ""
