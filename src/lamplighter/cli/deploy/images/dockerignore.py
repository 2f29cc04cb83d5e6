"""Which files of a folder no build sees: what its `.dockerignore` says.

See https://docs.docker.com/build/concepts/context/#dockerignore-files. Promises the last pattern that fits decides, `!`
brings back, `**` is any number of folders; no pattern backtracks. The Dockerfile and the file itself are always seen:
they say what is built.
"""

import re
from collections.abc import Callable
from pathlib import Path

from lamplighter.lang.regex import Regex, compile_linear

FILE = ".dockerignore"
ALWAYS = ("Dockerfile", FILE)


def compile_ignore(folder: Path) -> Callable[[str], bool]:
    """Whether a path, relative to a folder, is ignored."""
    rules = [_rule(line) for line in _lines(folder / FILE)]

    def judge(path: str) -> bool:
        out = False
        for pattern, back in rules:
            if pattern.fullmatch(path):
                out = not back
        return out and path not in ALWAYS

    return judge


def has_exceptions(folder: Path) -> bool:
    """Whether something may be seen that is inside of a folder which is ignored."""
    return any(line.startswith("!") for line in _lines(folder / FILE))


def _lines(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8-sig", errors="replace") if file.is_file() else ""
    lines = [line.strip() for line in text.splitlines() if not line.startswith("#")]
    return [line for line in lines if line]


def _rule(line: str) -> tuple[Regex, bool]:
    """A pattern as a regular expression; and whether it brings back."""
    back, path = line.startswith("!"), line.removeprefix("!").strip()
    steps = [step for step in path.split("/") if step not in ("", ".")]
    return compile_linear("(?s)" + "".join(map(_step, steps[:-1])) + _last(steps[-1] if steps else "") + "(/.*)?"), back


def _step(step: str) -> str:
    return "(.*/)?" if step == "**" else _name(step) + "/"


def _last(step: str) -> str:
    return ".*" if step == "**" else _name(step)


def _name(step: str) -> str:
    """One name, in which * and ? stop at a slash and [a-z] is a choice."""
    parts = re.split(r"(\*\*|\*|\?|\[\^?[^\]]+\]|\\.)", step)
    return "".join(_part(part) for part in parts)


def _part(part: str) -> str:
    if part in ("**", "*", "?"):
        return {"**": ".*", "*": "[^/]*", "?": "[^/]"}[part]
    if part.startswith("[") and part.endswith("]"):
        return part.replace("\\", "\\\\")
    return re.escape(part[1:] if part.startswith("\\") and len(part) == 2 else part)
