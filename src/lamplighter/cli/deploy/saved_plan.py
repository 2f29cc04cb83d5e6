"""Write and read the file of a planned deployment: which change set waits in which account, and what it changes.

The change set in CloudFormation is what is executed, not the file. So a file cannot smuggle a change in; its checksum
detects that what people read in it was edited.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, dumps, loads_or

CHECKSUM = "checksum"


class InvalidPlan(LamplighterError):
    """The file of a plan is missing, was edited, or does not belong to the change set that it names."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A deployment that was planned, and waits to be applied."""

    stack: str
    account: str
    region: str
    change_set: str
    """The change set's ARN."""
    stack_id: str
    creates_stack: bool
    template: str
    """The hash of the template."""
    summary: str
    changes: list[Json]
    images: Mapping[str, str]
    """The images that were built for the plan, by the parameter of the template."""
    planned_by: str
    """The ARN of who planned it."""
    planned_at: str


def hash_document(document: Json) -> str:
    """Return a hash of a JSON document that does not depend on the order of its keys."""
    return hashlib.sha256(dumps(_sorted(document)).encode()).hexdigest()


def _sorted(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value


def write_plan(plan: SavedPlan, file: Path) -> None:
    """Write the file of a plan. Raises `InvalidPlan` if the file cannot be written."""
    document = asdict(plan)
    try:
        file.write_text(dumps({**document, CHECKSUM: hash_document(document)}) + "\n")
    except OSError as error:
        raise InvalidPlan(f"{file} cannot be written: {error.strerror}") from None


def read_plan(file: Path) -> SavedPlan:
    """Read the file of a plan. Raises `InvalidPlan`."""
    try:
        document = loads_or(file.read_text(), None)
    except (OSError, UnicodeDecodeError):
        raise InvalidPlan(f"{file} cannot be read: name the file that `deploy --plan` wrote") from None
    given = document.pop(CHECKSUM, None) if isinstance(document, dict) else None
    if given is None:
        raise InvalidPlan(f"{file} is no plan: name the file that `deploy --plan` wrote")
    if given != hash_document(document):
        raise InvalidPlan(f"{file} was edited: plan again")
    return SavedPlan(**document)
