"""The folder that an image is built from: which files a build sees, and what their contents come to.

Promises that the hash changes when, and only when, something does that Docker would send to its builder: what
`.dockerignore` leaves out does not count, and neither does an engine's own data directory.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.cli.deploy.images.dockerignore import compile_ignore, has_exceptions

DOCKERFILE = "Dockerfile"
TAG = 16
"""Characters of the hash that make a tag."""


class NoContext(LamplighterError):
    """There is nothing here that an image could be built from."""


def check_folder(folder: Path) -> None:
    """Refuse a folder from which no image can be built."""
    if not folder.is_dir():
        raise NoContext(f"there is no folder {folder}")
    if not (folder / DOCKERFILE).is_file():
        raise NoContext(f"the folder {folder} has no {DOCKERFILE}")


def context_digest(folder: Path, platform: str, without: Path | None = None) -> str:
    """A hash of all that a build of a folder depends on, as far as the folder says it; raises NoContext."""
    check_folder(folder)
    told = hashlib.sha256(platform.encode())
    for name, path in sorted(context_files(folder, without)):
        told.update(b"\0" + name.encode(errors="surrogateescape") + b"\0" + _content(path))
    return told.hexdigest()[:TAG]


def context_files(folder: Path, without: Path | None = None) -> Iterator[tuple[str, Path]]:
    """The files of a folder that a build sees, by their names in it; nothing that is in `without`."""
    out, prunes = compile_ignore(folder), not has_exceptions(folder)
    for at, folders, found in os.walk(folder):
        names = {name: Path(at, name).relative_to(folder).as_posix() for name in (*folders, *found)}
        links = [name for name in folders if Path(at, name).is_symlink()]
        folders[:] = [name for name in folders if not (prunes and out(names[name])) and Path(at, name) != without]
        yield from ((names[name], Path(at, name)) for name in (*found, *links) if not out(names[name]))


def _content(path: Path) -> bytes:
    if path.is_symlink():
        return b"link " + os.fsencode(path.readlink())
    if not path.is_file():
        return b"neither file nor link"
    try:
        kind = b"program " if os.access(path, os.X_OK) else b"file "
        with path.open("rb") as file:
            return kind + hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise NoContext(f"{path} cannot be read: {error.strerror}") from None
