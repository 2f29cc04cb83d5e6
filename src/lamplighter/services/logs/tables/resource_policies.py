"""Store the resource policies of CloudWatch Logs."""

from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy of an account or of one log group."""

    account: str
    region: str
    resource: str
    """The ARN of a log group; empty if the policy is the account's."""
    name: str
    document: str
    revision: str
    updated: int
    """Milliseconds since the epoch."""


POLICIES = Table("log_resource_policies", Policy)


put = POLICIES.replace
"""Store a new or changed policy."""
policies_of = POLICIES.select_by("account", "region", "resource", order="name")
"""Return the policies of a log group or, if `resource` is empty, those of the account, in order of name."""


def documents_of(reader: Reader, account: str, region: str, group: str) -> list[str]:
    """Return the texts of the policies of an account and of one of its log groups, named by its ARN."""
    sql = "SELECT document FROM log_resource_policies WHERE account = ? AND region = ? AND resource IN ('', ?)"
    return [text for (text,) in reader.rows(sql, (account, region, group))]


def policies_of_groups(reader: Reader, account: str, region: str) -> list[Policy]:
    """Return the policies of all log groups, in order of their ARNs."""
    where = "account = ? AND region = ? AND resource <> '' ORDER BY resource, name"
    return POLICIES.select(reader, where, account, region)


def delete(tx: Tx, policy: Policy) -> None:
    """Delete a policy."""
    sql = "DELETE FROM log_resource_policies WHERE account = ? AND region = ? AND resource = ? AND name = ?"
    tx.execute(sql, (policy.account, policy.region, policy.resource, policy.name))
