"""Decide which files of a folder a build ignores, by the folder's `.dockerignore`.

See https://docs.docker.com/build/concepts/context/#dockerignore-files. Guarantees that the last matching pattern
decides, that `!` includes a file again, and that `**` matches any number of folders; no pattern backtracks. The
Dockerfile and `.dockerignore` are never ignored, because they determine the build.
"""

import re
from collections.abc import Callable
from pathlib import Path

from lamplighter.lang.regex import Regex, compile_linear

DOCKERIGNORE = ".dockerignore"
NEVER_IGNORED = ("Dockerfile", DOCKERIGNORE)


def compile_ignore(folder: Path) -> Callable[[str], bool]:
    """Return a function that returns whether a path, relative to the folder, is ignored."""
    rules = [_compile_rule(line) for line in _lines(folder / DOCKERIGNORE)]

    def is_ignored(path: str) -> bool:
        ignored = False
        for pattern, is_exception in rules:
            if pattern.fullmatch(path):
                ignored = not is_exception
        return ignored and path not in NEVER_IGNORED

    return is_ignored


def has_exceptions(folder: Path) -> bool:
    """Return whether a file may be included although it lies in an ignored folder."""
    return any(line.startswith("!") for line in _lines(folder / DOCKERIGNORE))


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8-sig", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return []
    lines = [line.strip() for line in text.splitlines() if not line.startswith("#")]
    return [line for line in lines if line]


def _compile_rule(line: str) -> tuple[Regex, bool]:
    """Compile a pattern to a regular expression; also return whether it includes files again."""
    is_exception, path = line.startswith("!"), line.removeprefix("!").strip()
    steps = [step for step in path.split("/") if step not in ("", ".")]
    return compile_linear(
        "(?s)"
        + "".join(map(_translate_folder, steps[:-1]))
        + _translate_last_part(steps[-1] if steps else "")
        + "(/.*)?"
    ), is_exception


def _translate_folder(step: str) -> str:
    return "(.*/)?" if step == "**" else _translate_part(step) + "/"


def _translate_last_part(step: str) -> str:
    return ".*" if step == "**" else _translate_part(step)


def _translate_part(step: str) -> str:
    """Translate one part of a path, in which `*` and `?` do not match a slash and `[a-z]` is a character class."""
    parts = re.split(r"(\*\*|\*|\?|\[\^?[^\]]+\]|\\.)", step)
    return "".join(_translate_token(part) for part in parts)


def _translate_token(part: str) -> str:
    if part in ("**", "*", "?"):
        return {"**": ".*", "*": "[^/]*", "?": "[^/]"}[part]
    if part.startswith("[") and part.endswith("]"):
        return part.replace("\\", "\\\\")
    return re.escape(part[1:] if part.startswith("\\") and len(part) == 2 else part)
