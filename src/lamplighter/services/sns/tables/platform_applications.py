"""Store mobile applications."""

from dataclasses import dataclass

from lamplighter.services.sns.tables.topics import read_map
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class PlatformApplication:
    """A mobile application, whose devices are endpoints."""

    arn: str
    account: str
    region: str
    platform: str
    """The push service, such as `APNS` or `GCM`."""
    name: str
    attributes: dict[str, str]
    """The settings by AWS's names, without credentials."""


APPLICATIONS = Table("platform_applications", PlatformApplication, json={"attributes": read_map})


def get(reader: Reader, arn: str) -> PlatformApplication | None:
    """Return an application by its ARN, or None."""
    return APPLICATIONS.find(reader, "arn = ?", arn)


def page(reader: Reader, account: str, region: str, after: str, most: int) -> list[PlatformApplication]:
    """Return an account's applications in a region with ARNs after `after`, in order."""
    where = "account = ? AND region = ? AND arn > ? ORDER BY arn LIMIT ?"
    return APPLICATIONS.select(reader, where, account, region, after, most)


put = APPLICATIONS.replace
"""Store an application, new or changed."""


def delete(tx: Tx, arn: str) -> None:
    """Delete an application."""
    tx.execute("DELETE FROM platform_applications WHERE arn = ?", (arn,))
