"""Look up secrets on this machine: in the variables of the process, and in lines `NAME=value` of `.env`.

A secret is held for its place (`base/secret_references.py`): a line `ssm:/reports/db-password=…`, or the variable
`SSM_REPORTS_DB_PASSWORD`. A secret that a job file names may instead be held under the name of its variable. That only
counts if no value is held for the place, and if no other place uses the same variable. Guarantees the usual rules of
`.env` files: the process's variables win over the file, and `${OTHER}` is filled in. An error in the file is reported
with its line, and the values that were read before stay valid.
See https://saurabh-kumar.com/python-dotenv/#file-format.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Original, parse_stream

from lamplighter.base import secret_references
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.yaml_document import JobFileError, Problem, SourcePosition
from lamplighter.jobs.lint.held_secrets import wanted_secrets

USUAL_NAME = ".env"


class Secrets(Mapping[str, str]):
    """The held secrets by name: the process's variables, and `.env` as it was last read."""

    def __init__(self, process: Mapping[str, str]) -> None:
        self._process = process
        self._file: Mapping[str, str] = {}
        self._wanted: Mapping[str, Sequence[str]] = {}

    def set_wanted(self, projects: Iterable[Project]) -> None:
        """Set the projects whose secrets may also be held under the names of their variables."""
        self._wanted = wanted_secrets(projects)

    def find(self, name: str, where: str) -> str | None:
        """Return the secret of the place `where` for a container's variable `name`, or None if none is held."""
        found = secret_references.find_secret(self, where)
        places = self._wanted.get(name, ())
        if found is not None or not any(secret_references.is_same_secret(where, each) for each in places):
            return found
        return self.get(name) if len(places) == 1 else None

    def read(self, file: Path) -> bool:
        """Read `.env`, which may be missing; return whether its contents changed. Raises `JobFileError`."""
        before, self._file = self._file, _read(file)
        return self._file != before

    def __getitem__(self, name: str) -> str:
        return self._process[name] if name in self._process else self._file[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._file, **self._process})

    def __len__(self) -> int:
        return len({**self._file, **self._process})


def _read(file: Path) -> Mapping[str, str]:
    try:
        text = file.read_text("utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or "").lower() if isinstance(error, OSError) else "it is not UTF-8"
        place = SourcePosition(str(file), 1, 1)
        raise JobFileError(
            [Problem(place, f"this file cannot be read: {why}", "correct it, or delete the file")]
        ) from None
    wrong = [_line(each.original) for each in parse_stream(io.StringIO(text)) if each.error]
    if wrong:
        message, instead = "this is not a valid line of a .env file", 'write NAME=value, or NAME="a value with spaces"'
        raise JobFileError([Problem(SourcePosition(str(file), line, 1), message, instead) for line in wrong])
    found = dotenv_values(stream=io.StringIO(text))
    return {name: value for name, value in found.items() if value is not None}


def _line(statement: Original) -> int:
    """Return the line on which a statement begins, without the empty lines before it."""
    text = statement.string
    return statement.line + len(text) - len(text.lstrip("\n"))
