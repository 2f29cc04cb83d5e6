"""Store roles, their inline policies, and the managed policies that are attached to them."""

from dataclasses import dataclass

from lamplighter.base.json_text import loads
from lamplighter.services.iam.tables import version
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role."""

    arn: str
    account: str
    name: str
    path: str
    role_id: str
    trust: str
    """The trust policy's text."""
    description: str | None
    max_session: int
    """Seconds."""
    boundary: str | None
    """The ARN of the permissions boundary."""
    tags: dict[str, str]
    created: int
    """Milliseconds since the epoch."""


ROLES = Table("iam_roles", RoleRow, json={"tags": loads})


get = ROLES.find_by("account", "name")
"""Return a role by its name, or None."""
by_arn = ROLES.find_by("arn")
"""Return a role by its ARN, or None."""


def put(tx: Tx, role: RoleRow) -> None:
    """Store a role, new or changed."""
    ROLES.replace(tx, role)
    version.change(tx)


def delete(tx: Tx, arn: str) -> None:
    """Delete a role."""
    tx.execute("DELETE FROM iam_roles WHERE arn = ?", (arn,))
    version.change(tx)


def page(reader: Reader, account: str, after: str, most: int, path: str) -> list[RoleRow]:
    """Return roles whose paths begin with `path`, after a name, in order of name."""
    where = "account = ? AND name > ? AND substr(path, 1, ?) = ? ORDER BY name LIMIT ?"
    return ROLES.select(reader, where, account, after, len(path), path, most)


count = ROLES.count_by("account")
"""Return the number of an account's roles."""
bounded_by = ROLES.select_by("boundary", order="name")
"""Return the roles whose permissions boundary is a policy."""


# --- inline policies --------------------------------------------------------------------------------------------------


def inline_policies(reader: Reader, role: str) -> dict[str, str]:
    """Return the texts of a role's inline policies by their names, in order of name."""
    return dict(reader.rows("SELECT name, document FROM iam_role_policies WHERE role = ? ORDER BY name", (role,)))


def put_inline_policy(tx: Tx, role: str, name: str, document: str) -> None:
    """Store an inline policy of a role, new or changed."""
    tx.execute("INSERT OR REPLACE INTO iam_role_policies VALUES (?, ?, ?)", (role, name, document))
    version.change(tx)


def delete_inline_policy(tx: Tx, role: str, name: str) -> bool:
    """Delete an inline policy of a role; return whether there was one."""
    version.change(tx)
    return tx.execute("DELETE FROM iam_role_policies WHERE role = ? AND name = ?", (role, name)) > 0


# --- attached policies ------------------------------------------------------------------------------------------------


def attached_policies(reader: Reader, role: str) -> list[str]:
    """Return the ARNs of the managed policies that are attached to a role, in order."""
    return [row[0] for row in reader.rows("SELECT policy FROM iam_attachments WHERE role = ? ORDER BY policy", (role,))]


def attach(tx: Tx, role: str, policy: str) -> None:
    """Attach a managed policy to a role; do nothing if it is attached."""
    tx.execute("INSERT OR IGNORE INTO iam_attachments VALUES (?, ?)", (role, policy))
    version.change(tx)


def detach(tx: Tx, role: str, policy: str) -> bool:
    """Detach a managed policy from a role; return whether it was attached."""
    version.change(tx)
    return tx.execute("DELETE FROM iam_attachments WHERE role = ? AND policy = ?", (role, policy)) > 0


def attached_to(reader: Reader, policy: str) -> list[RoleRow]:
    """Return the roles to which a managed policy is attached."""
    return ROLES.select(reader, "arn IN (SELECT role FROM iam_attachments WHERE policy = ?) ORDER BY name", policy)


def count_attachments(reader: Reader, policy: str) -> int:
    """Return to how many roles a managed policy is attached."""
    return reader.count("SELECT count(*) FROM iam_attachments WHERE policy = ?", (policy,))
