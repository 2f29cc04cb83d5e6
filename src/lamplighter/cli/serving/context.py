"""The folder that an image is built from: which files count, and the mark of their contents.

Promises that the mark changes when, and only when, something does that Docker would send to its builder: what
`.dockerignore` leaves out does not count, and neither does the engine's own data directory.
See https://docs.docker.com/build/concepts/context/#dockerignore-files.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISLNK, S_ISREG

from lamplighter.base.errors import LamplighterError

IGNORE = ".dockerignore"
DOCKERFILE = "Dockerfile"
_PIECE = 1 << 20


class NoContext(LamplighterError):
    """There is nothing here that an image could be built from."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of `.dockerignore`."""

    pattern: re.Pattern[str]
    keeps: bool
    """Whether it begins with `!`."""


def check(folder: Path) -> None:
    """Refuse a folder from which no image can be built."""
    if not folder.is_dir():
        raise NoContext(f"there is no folder {folder}")
    if not (folder / DOCKERFILE).is_file():
        raise NoContext(f"the folder {folder} has no {DOCKERFILE}")


def mark(folder: Path, data: Path) -> str:
    """What the contents of a folder come to; `data` is left out. Raises NoContext, or OSError."""
    check(folder)
    whole = hashlib.sha256()
    for name, path in sorted(files(folder, data)):
        about = path.lstat()
        whole.update(f"{name}\0{about.st_mode:o}\0".encode(errors="surrogateescape"))
        if S_ISLNK(about.st_mode):
            whole.update(os.fsencode(os.readlink(path)))
        elif S_ISREG(about.st_mode):
            with path.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()[:12]


def files(folder: Path, data: Path) -> Iterator[tuple[str, Path]]:
    """The files of a folder that count, with their names in it."""
    rules = list(_rules(folder))
    # What a later line keeps may be inside of what an earlier one leaves out.
    prunes = not any(rule.keeps for rule in rules)
    for where, folders, found in os.walk(folder):
        here = Path(where)
        inner = [name for name in folders if here / name != data]
        links = [name for name in inner if (here / name).is_symlink()]
        folders[:] = [
            name for name in inner
            if name not in links and not (prunes and _ignored(_name(folder, here / name), rules))
        ]  # fmt: skip
        for path in (here / name for name in (*found, *links)):
            name = _name(folder, path)
            if name in (IGNORE, DOCKERFILE) or not _ignored(name, rules):
                yield name, path


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _ignored(name: str, rules: list[Rule]) -> bool:
    """Whether the last line that is about a file, or about a folder around it, leaves it out."""
    parts = name.split("/")
    around = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    ignored = False
    for rule in rules:
        if rule.keeps == ignored and any(rule.pattern.fullmatch(each) for each in around):
            ignored = not rule.keeps
    return ignored


def _rules(folder: Path) -> Iterator[Rule]:
    try:
        text = (folder / IGNORE).read_text("utf-8-sig", errors="surrogateescape")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        pattern = line.strip()
        keeps = pattern.startswith("!")
        pattern = os.path.normpath(pattern.removeprefix("!").strip()).strip("/")
        if line.startswith("#") or pattern in ("", "."):
            continue
        yield Rule(re.compile(_regular(pattern)), keeps)


def _regular(pattern: str) -> str:
    """A pattern as a regular expression: `**` stands for any folders, `*` and `?` stay within one name."""
    return re.sub(
        r"\*\*/?|\*|\?|\[[^\]]*\]|\\.|.",
        lambda piece: _SPECIAL.get(piece[0]) or (piece[0] if piece[0][0] == "[" else re.escape(piece[0][-1:])),
        pattern,
    )


_SPECIAL = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
