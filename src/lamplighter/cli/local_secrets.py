"""Look up secrets on this machine: in the variables of the process, and in lines `NAME=value` of `.env`.

A secret is held for its place (`base/aws/secret_references.py`): a line `ssm:/reports/db-password=…`, or the variable
`SSM_REPORTS_DB_PASSWORD`. A secret that a job file names may instead be held under the name of its variable. That only
counts if no value is held for the place, and if no other place uses the same variable. Guarantees the usual rules of
`.env` files: the process's variables win over the file, and `${OTHER}` is filled in. An error in the file is reported
with its line, and the values that were read before stay valid; if none were, those of the valid lines are.
`jobs/file/env_files.py` reads the file.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from lamplighter.base.aws import secret_references
from lamplighter.jobs.file.env_files import InvalidEnvFile, read_env_file
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.lint.missing_secrets import references_by_variable

ENV_FILE_NAME = ".env"


class LocalSecrets(Mapping[str, str]):
    """The held secrets by name: the process's variables, and `.env` as it was last read."""

    def __init__(self, process: Mapping[str, str]) -> None:
        self._process = process
        self._file: Mapping[str, str] = {}
        self._references_by_variable: Mapping[str, Sequence[str]] = {}

    def set_projects(self, projects: Iterable[Project]) -> None:
        """Set the projects whose secrets may also be held under the names of their variables."""
        self._references_by_variable = references_by_variable(projects)

    def find(self, name: str, reference: str) -> str | None:
        """Return the secret of the place `reference` for a container's variable `name`, or None if none is held."""
        found = secret_references.find_secret(self, reference)
        references = self._references_by_variable.get(name, ())
        if found is not None or len(references) != 1 or not secret_references.is_same_secret(reference, references[0]):
            return found
        return self.get(name)

    def read(self, file: Path) -> bool:
        """Read `.env`, which may be missing; return whether its contents changed. Raises `JobFileError`."""
        before = self._file
        try:
            self._file = _read_values(file)
        except InvalidEnvFile as error:
            self._file = self._file or error.valid_values
            raise
        return self._file != before

    def __getitem__(self, name: str) -> str:
        return self._process[name] if name in self._process else self._file[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._file, **self._process})

    def __len__(self) -> int:
        return len({**self._file, **self._process})


def _read_values(file: Path) -> Mapping[str, str]:
    try:
        return {name: each.value for name, each in read_env_file(file).items()}
    except FileNotFoundError:
        return {}
