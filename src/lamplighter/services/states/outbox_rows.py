"""Define the outbox rows of Step Functions: one class for each kind, and one codec for all.

Guarantees that a row that an earlier version of this program wrote can still be read. See `store/outbox.py`.
"""

from dataclasses import dataclass, fields

from lamplighter.base.json_text import Json
from lamplighter.services.states.tables.external_names import Work
from lamplighter.store import outbox
from lamplighter.store.db import OutboxRow, Tx

SERVICE = "states"


@dataclass(frozen=True, slots=True)
class StartCall:
    """The row that makes the call of a Task state."""

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
        """Return the piece of work that the call does."""
        return Work(self.execution, self.frame, self.number)


@dataclass(frozen=True, slots=True)
class PollCall:
    """The row that polls the state of work outside the engine (.sync) until the work has ended."""

    execution: int
    frame: int
    number: int
    resource: str
    arn: str

    @property
    def work(self) -> Work:
        """Return the piece of work that the call does."""
        return Work(self.execution, self.frame, self.number)


@dataclass(frozen=True, slots=True)
class CancelCall:
    """The row that stops work that no execution waits for any more; `names` are the work's names at the service."""

    execution: int
    resource: str
    names: list[str]
    arn: str


@dataclass(frozen=True, slots=True)
class ReadItems:
    """The row that reads the items of a Map Run."""

    execution: int
    run: int


@dataclass(frozen=True, slots=True)
class WriteResults:
    """The row that writes the results of a Map Run."""

    execution: int
    run: int


StatesRow = StartCall | PollCall | CancelCall | ReadItems | WriteResults
ROW_TYPES: dict[str, type[StatesRow]] = {
    "start": StartCall, "follow": PollCall, "cancel": CancelCall, "read": ReadItems, "write": WriteResults,
}  # fmt: skip
"""The classes by the kind that a stored row states."""
KIND_NAMES = {kind: name for name, kind in ROW_TYPES.items()}


def put(tx: Tx, row: StatesRow) -> None:
    """Add a row to the outbox; its subject is the execution."""
    body = {field.name: getattr(row, field.name) for field in fields(row)}
    outbox.put(tx, SERVICE, str(row.execution), {"do": KIND_NAMES[type(row)], **body})


def read(row: OutboxRow) -> StatesRow | None:
    """Decode an outbox row, or return None if it cannot be read."""
    try:
        given = {**row.body, "execution": int(row.subject)}
        return ROW_TYPES[given.pop("do")](**given)
    except (KeyError, TypeError, ValueError):
        return None
