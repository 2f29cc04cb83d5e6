"""Store instance profiles."""

from dataclasses import dataclass

from lamplighter.base.json_text import loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """An instance profile: the wrapper in which EC2 gets a role."""

    arn: str
    account: str
    name: str
    path: str
    profile_id: str
    role: str | None
    """The ARN of the profile's role."""
    tags: dict[str, str]
    created: int
    """Milliseconds since the epoch."""


PROFILES = Table("iam_instance_profiles", ProfileRow, json={"tags": loads})


def get(reader: Reader, account: str, name: str) -> ProfileRow | None:
    """Return an instance profile by its name, or None."""
    return PROFILES.find(reader, "account = ? AND name = ?", account, name)


put = PROFILES.replace
"""Store an instance profile, new or changed."""


def delete(tx: Tx, arn: str) -> None:
    """Delete an instance profile."""
    tx.execute("DELETE FROM iam_instance_profiles WHERE arn = ?", (arn,))


def page(reader: Reader, account: str, after: str, most: int, path: str) -> list[ProfileRow]:
    """Return profiles whose paths begin with `path`, after a name, in order of name."""
    where = "account = ? AND name > ? AND substr(path, 1, ?) = ? ORDER BY name LIMIT ?"
    return PROFILES.select(reader, where, account, after, len(path), path, most)


def of_role(reader: Reader, role: str) -> list[ProfileRow]:
    """Return the instance profiles that have a role."""
    return PROFILES.select(reader, "role = ? ORDER BY name", role)


def count(reader: Reader, account: str) -> int:
    """Return the number of an account's instance profiles."""
    return reader.count("SELECT count(*) FROM iam_instance_profiles WHERE account = ?", (account,))
