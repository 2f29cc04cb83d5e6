"""Read `.env` files: lines `NAME=value`, with the usual rules for quotation marks, comments and `${OTHER}`.

The variables of a job's `env-file` become its environment when the job file is read, because ECS reads such files from
S3 only. Guarantees that `environment` wins over the files, a later file over an earlier one, and that each variable and
each error keeps its file and line. Names that stand for secrets stay out: references such as `ssm:/a/db`, and the
variables that the job has under `secrets`. So `env-file: .env` is possible, although `.env` also holds secrets.
See https://saurabh-kumar.com/python-dotenv/#file-format.
"""

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Original, parse_stream

from lamplighter.jobs.file.parsing.yaml_document import JobFileError, Problem, SourcePosition, YamlNode

ENV_FILE_KEY = "env-file"
_SECRET_REFERENCE = re.compile("(ssm|secretsmanager|arn):")
_MISSING_FILE_ADVICE = "create it beside the job file, or remove it here"


@dataclass(frozen=True, slots=True)
class EnvVariable:
    """A variable of a `.env` file."""

    value: str
    position: SourcePosition


ReadFile = Callable[[str], Mapping[str, EnvVariable]]
"""A function that returns the variables of a file by its name in the job file; see `read_env_file`."""


class InvalidEnvFile(JobFileError):
    """A file with lines that are not valid."""

    def __init__(self, problems: list[Problem], valid_values: Mapping[str, str]) -> None:
        super().__init__(problems)
        self.valid_values = valid_values
        """The values of the other lines."""


def read_env_file(file: Path) -> dict[str, EnvVariable]:
    """Return the variables of a file.

    Raises `InvalidEnvFile`, `JobFileError` for a file that cannot be read, and FileNotFoundError for a missing one.
    """
    try:
        text = file.read_text("utf-8-sig")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or "").lower() if isinstance(error, OSError) else "it is not UTF-8"
        problem = Problem(
            SourcePosition(str(file), 1, 1), f"this file cannot be read: {reason}", "correct it, or delete the file"
        )
        raise JobFileError([problem]) from None
    statements = list(parse_stream(io.StringIO(text)))
    lines = [_first_line(each.original) for each in statements if each.error]
    if lines:
        message, advice = "this is not a valid line of a .env file", 'write NAME=value, or NAME="a value with spaces"'
        problems = [Problem(SourcePosition(str(file), line, 1), message, advice) for line in lines]
        raise InvalidEnvFile(
            problems, _read_values("".join(each.original.string for each in statements if not each.error))
        )
    positions = {each.key: SourcePosition(str(file), _first_line(each.original), 1) for each in statements if each.key}
    return {name: EnvVariable(value, positions[name]) for name, value in _read_values(text).items()}


def _read_values(text: str) -> dict[str, str]:
    found = dotenv_values(stream=io.StringIO(text))
    return {name: value for name, value in found.items() if value is not None}


def _first_line(statement: Original) -> int:
    """Return the line on which a statement begins, without the empty lines before it."""
    text = statement.string
    return statement.line + len(text) - len(text.lstrip("\n"))


def env_file_names(resolved: YamlNode) -> Iterator[YamlNode]:
    """Yield the names of all `env-file` entries of a job file, and where they are written."""
    for job in _bodies(resolved, "jobs").values():
        for container in (job, *_bodies(job, "sidecars").values()):
            yield from _file_names(container)


def add_env_files(resolved: YamlNode, folder: Path, problems: list[Problem]) -> YamlNode:
    """Return the job file with the variables of `env-file` in each `environment`; add what is wrong to `problems`."""
    jobs = resolved.mapping().get("jobs")
    if jobs is None or not isinstance(jobs.value, dict):
        return resolved
    read = cache(lambda name: read_env_file(folder / name))  # many jobs may name one file
    bodies = {name: _with_sidecar_variables(job, read, problems) for name, job in jobs.mapping().items()}
    return replace(resolved, value={**resolved.mapping(), "jobs": replace(jobs, value=bodies)})


def _with_sidecar_variables(job: YamlNode, read: ReadFile, problems: list[Problem]) -> YamlNode:
    job = _with_variables(job, read, problems)
    sidecars = job.mapping().get("sidecars")
    if sidecars is None or not isinstance(sidecars.value, dict):
        return job
    bodies = {name: _with_variables(each, read, problems) for name, each in sidecars.mapping().items()}
    return replace(job, value={**job.mapping(), "sidecars": replace(sidecars, value=bodies)})


def _with_variables(container: YamlNode, read: ReadFile, problems: list[Problem]) -> YamlNode:
    names = list(_file_names(container))
    if not names:
        return container
    found: dict[str, EnvVariable] = {}
    for name in names:
        found |= _read_named_file(name, read, problems)
    given = container.mapping().get("environment", YamlNode({}, container.position))
    if not isinstance(given.value, dict):
        return container
    secrets = _bodies(container, "secrets")
    variables = {
        name: YamlNode(each.value, each.position, each.position)
        for name, each in found.items()
        if name not in secrets and not _SECRET_REFERENCE.match(name)
    }
    environment = replace(given, value={**variables, **given.value})
    return replace(container, value={**container.mapping(), "environment": environment})


def _read_named_file(name: YamlNode, read: ReadFile, problems: list[Problem]) -> Mapping[str, EnvVariable]:
    try:
        return read(str(name.value))
    except FileNotFoundError:
        problems.append(Problem(name.position, f"there is no file `{name.value}`", _MISSING_FILE_ADVICE))
    except JobFileError as error:
        problems += error.problems
    return {}


def _file_names(container: YamlNode) -> Iterator[YamlNode]:
    node = container.mapping().get(ENV_FILE_KEY)
    if node is not None:
        yield from (each for each in (node.value if isinstance(node.value, list) else [node]) if _is_name(each))


def _is_name(node: YamlNode) -> bool:
    return isinstance(node.value, str) and node.value != "" and "\0" not in node.value


def _bodies(node: YamlNode, key: str) -> Mapping[str, YamlNode]:
    found = node.mapping().get(key)
    return found.mapping() if found is not None else {}
