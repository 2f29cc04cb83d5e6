"""Store the endpoints of mobile applications."""

from dataclasses import dataclass

from lamplighter.services.sns.tables.topics import read_map
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class PlatformEndpoint:
    """A device of a mobile application."""

    arn: str
    application: str
    """The ARN of the application."""
    token: str
    attributes: dict[str, str]
    """Token, Enabled and CustomUserData, by AWS's names."""


ENDPOINTS = Table("platform_endpoints", PlatformEndpoint, json={"attributes": read_map})


def get(reader: Reader, arn: str) -> PlatformEndpoint | None:
    """Return an endpoint by its ARN, or None."""
    return ENDPOINTS.find(reader, "arn = ?", arn)


def find_by_token(reader: Reader, application: str, token: str) -> PlatformEndpoint | None:
    """Return the endpoint of an application that has a token, or None."""
    return ENDPOINTS.find(reader, "application = ? AND token = ?", application, token)


def page(reader: Reader, application: str, after: str, most: int) -> list[PlatformEndpoint]:
    """Return an application's endpoints with ARNs after `after`, in order."""
    return ENDPOINTS.select(reader, "application = ? AND arn > ? ORDER BY arn LIMIT ?", application, after, most)


put = ENDPOINTS.replace
"""Store an endpoint, new or changed."""


def delete(tx: Tx, arn: str) -> None:
    """Delete an endpoint."""
    tx.execute("DELETE FROM platform_endpoints WHERE arn = ?", (arn,))


def delete_of_application(tx: Tx, application: str) -> None:
    """Delete all endpoints of an application."""
    tx.execute("DELETE FROM platform_endpoints WHERE application = ?", (application,))
