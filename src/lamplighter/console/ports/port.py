"""What the console needs of the world: AWS's APIs, in an account and a region.

Two implementations: `local.py` over an engine of this process, `aws.py` over boto3. Both answer as the wire does:
plain JSON, times as seconds since the epoch, and refuse with an AwsError.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lamplighter.base import arn
from lamplighter.base.json_text import Json


@dataclass(frozen=True, slots=True)
class Place:
    """An account in a region."""

    account: str
    region: str


class ConsolePort(Protocol):
    """AWS's APIs, and the few things that only an engine can tell."""

    @property
    def title(self) -> str:
        """What is looked at: "this engine", "AWS"."""

    @property
    def endpoint(self) -> str | None:
        """Where a command line reaches the same: the URL of an engine, None for AWS."""

    @property
    def patience(self) -> float:
        """Seconds between two looks at something that changes."""

    @property
    def rest(self) -> float:
        """Seconds between two looks at a page of many things."""

    @property
    def reach(self) -> int:
        """How many things may be looked at for one page, each by a call of its own: at most 1000."""

    async def places(self) -> Sequence[Place]:
        """Where there is something to see, the usual one first; never empty."""

    async def call(self, place: Place, service: str, operation: str, params: Json) -> Json:
        """Call an operation by its AWS name ("states", "StartExecution")."""

    async def slots(self, schedule: str, before: float | None = None) -> Json:
        """The slots of a schedule by its ARN, the latest first, as ListSlots of `services/scheduler` has them.

        None where nobody keeps them: AWS does not.
        """

    async def told(self, place: Place, service: str, operation: str, params: Json) -> Json:
        """What no API of AWS tells ("events", "ListTraffic"); None where nobody does."""


def place_of_arn(text: str) -> Place | None:
    """Where an ARN says that its resource is; None where it is none, or names no place."""
    found = arn.parse(text)
    return Place(found.account, found.region) if found and found.account and found.region else None
