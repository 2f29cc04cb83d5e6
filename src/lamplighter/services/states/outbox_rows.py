"""The rows that Step Functions puts into the outbox: one class for each kind, and one codec for all.

Promises that a row which an earlier version of the program wrote is read. See `store/outbox.py`.
"""

from dataclasses import dataclass, fields

from lamplighter.base.json_text import Json
from lamplighter.services.states.tables.frames import Work
from lamplighter.store import outbox
from lamplighter.store.db import OutboxRow, Tx

SERVICE = "states"


@dataclass(frozen=True, slots=True)
class StartCall:
    """Make the call of a Task."""

    execution: int
    arn: str
    """The ARN of the execution."""
    frame: int
    number: int
    resource: str
    parameters: Json
    token: str | None
    role: str

    @property
    def work(self) -> Work:
        """Return the work that the call does."""
        return Work(self.execution, self.frame, self.number)


@dataclass(frozen=True, slots=True)
class PollCall:
    """Ask for the state of work that goes on elsewhere (.sync), until it has ended."""

    execution: int
    frame: int
    number: int
    resource: str
    arn: str

    @property
    def work(self) -> Work:
        """Return the work that the call does."""
        return Work(self.execution, self.frame, self.number)


@dataclass(frozen=True, slots=True)
class CancelCall:
    """Stop work that nobody waits for any more; `names` are its names at the service."""

    execution: int
    resource: str
    names: list[str]
    arn: str


@dataclass(frozen=True, slots=True)
class ReadItems:
    """Read the items of a Map Run."""

    execution: int
    run: int


@dataclass(frozen=True, slots=True)
class WriteResults:
    """Write the results of a Map Run."""

    execution: int
    run: int


StatesRow = StartCall | PollCall | CancelCall | ReadItems | WriteResults
KINDS: dict[str, type[StatesRow]] = {
    "start": StartCall, "follow": PollCall, "cancel": CancelCall, "read": ReadItems, "write": WriteResults,
}  # fmt: skip
"""The classes by the names that the rows have on disk."""
NAMES = {kind: name for name, kind in KINDS.items()}


def put(tx: Tx, row: StatesRow) -> None:
    """Put a row into the outbox; its subject is the execution."""
    body = {field.name: getattr(row, field.name) for field in fields(row)}
    outbox.put(tx, SERVICE, str(row.execution), {"do": NAMES[type(row)], **body})


def read(posted: OutboxRow) -> StatesRow | None:
    """Return the row of the outbox as it was put there; None where it cannot be read."""
    try:
        given = {**posted.body, "execution": int(posted.subject)}
        return KINDS[given.pop("do")](**given)
    except (KeyError, TypeError, ValueError):
        return None
