"""Read the folder that an image is built from: list the files that a build sees, and hash their contents.

Guarantees that the hash changes if and only if a file changes that Docker sends to its builder. Files that
`.dockerignore` excludes do not count, and neither does the engine's data directory.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.cli.images.dockerignore import DOCKERIGNORE, compile_ignore, has_exceptions
from lamplighter.lang.regex import InvalidRegex, TextTooLong

DOCKERFILE = "Dockerfile"
TAG_LENGTH = 16
"""The number of characters of the hash that form a tag."""


class InvalidBuildContext(LamplighterError):
    """No image can be built from a folder."""


def check_folder(folder: Path) -> None:
    """Raise `InvalidBuildContext` if a folder does not exist or has no Dockerfile."""
    if not folder.is_dir():
        raise InvalidBuildContext(f"{folder} is a file" if folder.is_file() else f"there is no folder {folder}")
    if not (folder / DOCKERFILE).is_file():
        raise InvalidBuildContext(f"the folder {folder} has no {DOCKERFILE}")


def context_digest(folder: Path, platform: str, excluded: Path | None = None) -> str:
    """Return a hash of the platform and of all files that a build of a folder sees; raise `InvalidBuildContext`."""
    check_folder(folder)
    digest = hashlib.sha256(platform.encode())
    for name, path in sorted(context_files(folder, excluded)):
        digest.update(b"\0" + name.encode(errors="surrogateescape") + b"\0" + _content_digest(path))
    return digest.hexdigest()[:TAG_LENGTH]


def context_files(folder: Path, excluded: Path | None = None) -> Iterator[tuple[str, Path]]:
    """Yield the files of a folder that a build sees, with their relative names; skip the folder `excluded`.

    Raises `InvalidBuildContext` if the folder cannot be read or its `.dockerignore` cannot be used.
    """
    try:
        yield from _files_of_context(folder, excluded)
    except OSError as error:
        raise InvalidBuildContext(f"{folder} cannot be read: {error}") from error
    except (InvalidRegex, TextTooLong) as error:
        raise InvalidBuildContext(f"{folder / DOCKERIGNORE} cannot be used: {error}") from error


def _files_of_context(folder: Path, excluded: Path | None) -> Iterator[tuple[str, Path]]:
    is_ignored, can_prune = compile_ignore(folder), not has_exceptions(folder)
    for at, folders, found in os.walk(folder):
        names = {name: Path(at, name).relative_to(folder).as_posix() for name in (*folders, *found)}
        links = [name for name in folders if Path(at, name).is_symlink()]
        folders[:] = [
            name for name in folders if not (can_prune and is_ignored(names[name])) and Path(at, name) != excluded
        ]
        yield from ((names[name], Path(at, name)) for name in (*found, *links) if not is_ignored(names[name]))


def _content_digest(path: Path) -> bytes:
    if path.is_symlink():
        return b"link " + os.fsencode(path.readlink())
    if not path.is_file():
        return b"neither file nor link"
    try:
        kind = b"program " if os.access(path, os.X_OK) else b"file "
        with path.open("rb") as file:
            return kind + hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise InvalidBuildContext(f"{path} cannot be read: {error.strerror}") from None
