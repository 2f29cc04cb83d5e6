"""Define the console's port to AWS's APIs, in an account and a region.

Two modules implement the port: `local.py` for an engine in this process, `aws.py` with boto3. Both answer like the
wire, with plain JSON and times as seconds since the epoch, and raise AwsError.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.store.audit_limits import LimitedKind
from lamplighter.store.audit_log import Actor, AuditEntry


@dataclass(frozen=True, slots=True)
class Place:
    """An account and a region."""

    account: str
    region: str


@dataclass(frozen=True, slots=True)
class EngineCondition:
    """A problem of the engine, in words for people."""

    reason: str
    advice: str
    """What a person can do."""
    stops_work: bool


class ConsolePort(Protocol):
    """AWS's APIs and the few additional operations that only an engine has."""

    @property
    def title(self) -> str:
        """The title of what the console shows: "this engine", "AWS"."""

    @property
    def endpoint(self) -> str | None:
        """The endpoint URL for the same APIs on a command line, or None for AWS."""

    @property
    def poll_seconds(self) -> float:
        """Seconds between two polls of something that changes."""

    @property
    def list_poll_seconds(self) -> float:
        """Seconds between two polls of a page that lists many things."""

    @property
    def max_calls(self) -> int:
        """The most things that a page may query with a separate call each: at most 1000."""

    @property
    def has_audit_log(self) -> bool:
        """Whether `audit_entries` returns who did what."""

    async def places(self) -> Sequence[Place]:
        """Return the places that have something to show, the default one first; never empty."""

    async def call(self, place: Place, service: str, operation: str, params: Json, actor: Actor | None = None) -> Json:
        """Call an operation by its AWS name ("states", "StartExecution").

        If there is an `actor`, an operation that changes something becomes an entry of the engine's audit log.
        """

    async def call_internal(
        self, place: Place, service: str, operation: str, params: Json, actor: Actor | None = None
    ) -> Json:
        """Call an operation that AWS's APIs lack ("events", "ListRecentEvents"). None if it does not exist here."""

    async def conditions(self) -> Sequence[EngineCondition]:
        """Return the engine's problems, the most serious one first; none if all is well, and none on AWS."""

    async def record(self, actor: Actor, action: str, resource: str, outcome: str, kind: LimitedKind) -> None:
        """Add an entry to the engine's audit log, within the limit of its kind; do nothing if there is none."""

    def audit_entries(self, before: int | None, limit: int) -> Sequence[AuditEntry] | None:
        """Return the latest entries of the audit log with ids below `before`; None if there is no such log here."""

    def find_starters(self, machine: str, times: Sequence[int]) -> Mapping[int, Actor]:
        """Return who started runs of a state machine at these times (milliseconds), as far as the audit log knows."""

    def audit_kept_days(self) -> float:
        """Return the days for which entries of the audit log are kept; 0 if there is no such log here."""


def place_of_arn(text: str) -> Place | None:
    """Return the account and region in an ARN, or None if the text is no ARN or the ARN lacks one of them."""
    found = arn.parse(text)
    return Place(found.account, found.region) if found and found.account and found.region else None
