"""Store the managed policies of accounts, and their versions."""

from dataclasses import dataclass

from lamplighter.base.json_text import loads
from lamplighter.services.iam.tables import version
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A managed policy."""

    arn: str
    account: str
    name: str
    path: str
    policy_id: str
    description: str | None
    default_version: int
    last_version: int
    """The number of the version that was created last."""
    tags: dict[str, str]
    created: int
    """Milliseconds since the epoch, like `updated`."""
    updated: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a managed policy."""

    policy: str
    number: int
    document: str
    created: int


POLICIES = Table("iam_policies", PolicyRow, json={"tags": loads})
VERSIONS = Table("iam_policy_versions", VersionRow)


by_arn = POLICIES.find_by("arn")
"""Return a policy by its ARN, or None."""
get = POLICIES.find_by("account", "name")
"""Return a policy by its name, or None."""


def put(tx: Tx, policy: PolicyRow) -> None:
    """Store a policy, new or changed."""
    POLICIES.replace(tx, policy)
    version.change(tx)


def delete(tx: Tx, arn: str) -> None:
    """Delete a policy with all its versions."""
    tx.execute("DELETE FROM iam_policies WHERE arn = ?", (arn,))
    tx.execute("DELETE FROM iam_policy_versions WHERE policy = ?", (arn,))
    version.change(tx)


all_of = POLICIES.select_by("account", order="name")
"""Return the policies of an account in order of name."""
count = POLICIES.count_by("account")
"""Return the number of an account's policies."""


def count_versions(reader: Reader, account: str) -> int:
    """Return the number of all versions of an account's policies."""
    owned = "SELECT arn FROM iam_policies WHERE account = ?"
    return reader.count(f"SELECT count(*) FROM iam_policy_versions WHERE policy IN ({owned})", (account,))  # noqa: S608


versions = VERSIONS.select_by("policy", order="number DESC")
"""Return the versions of a policy, the latest first."""
get_version = VERSIONS.find_by("policy", "number")
"""Return a version of a policy, or None."""


def put_version(tx: Tx, row: VersionRow) -> None:
    """Store a new version of a policy."""
    VERSIONS.insert(tx, row)
    version.change(tx)


def delete_version(tx: Tx, policy: str, number: int) -> None:
    """Delete a version of a policy."""
    tx.execute("DELETE FROM iam_policy_versions WHERE policy = ? AND number = ?", (policy, number))
    version.change(tx)
