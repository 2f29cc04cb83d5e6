"""Store the account settings of ECS that calls have set; settings with AWS's defaults need no row."""

from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class AccountSetting:
    """One setting of one principal."""

    owner: str
    """The account and the region, as account/region."""
    principal: str
    """The ARN of a user, a role, or the root user, whose settings hold for all who have none."""
    name: str
    value: str


ACCOUNT_SETTINGS = Table("account_settings", AccountSetting)


def of_owner(reader: Reader, owner: str) -> list[AccountSetting]:
    """Return all changed settings of an account and region."""
    return ACCOUNT_SETTINGS.select(reader, "owner = ? ORDER BY name", owner)


put = ACCOUNT_SETTINGS.replace
"""Store a new or changed setting."""


def delete(tx: Tx, owner: str, principal: str, name: str) -> None:
    """Delete a setting of a principal, if it was changed."""
    tx.execute("DELETE FROM account_settings WHERE owner = ? AND principal = ? AND name = ?", (owner, principal, name))
