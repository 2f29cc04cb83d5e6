"""Find a role by its name."""

from lamplighter.base.errors import require
from lamplighter.bus import Caller
from lamplighter.services.iam.errors import NoSuchEntity
from lamplighter.services.iam.tables import roles
from lamplighter.services.iam.tables.roles import RoleRow
from lamplighter.store.db import Reader


def find_role(reader: Reader, caller: Caller, name: str) -> RoleRow:
    """Return a role. Raises `NoSuchEntity`."""
    found = roles.get(reader, caller.account, name)
    return require(found, lambda: NoSuchEntity(f"The role with name {name} cannot be found."))
