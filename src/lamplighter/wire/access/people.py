"""Find who may log in to the console: the users of the users file, and the owners of sections of the credentials file.

A person's `seal` contains everything that must stay the same while a session of that person lasts.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from lamplighter.wire.access.credentials import Credentials, CredentialSet
from lamplighter.wire.access.roles import Role
from lamplighter.wire.access.users import User, Users

Kind = Literal["u", "k"]
"""A user of the users file (`u`), or the owner of an access key in the credentials file (`k`)."""


def no_users() -> Users:
    """Return no users: those of an engine without a users file."""
    return {}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has logged in."""

    kind: Kind
    key: str
    """The name in the users file, or the access key."""
    name: str
    """The name that pages and the audit log show."""
    role: Role
    seal: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody who may log in to one engine."""

    credentials: CredentialSet
    read_users: Callable[[], Users] = no_users
    """Returns the users as the file has them now."""

    def find(self, kind: str, key: str) -> Person | None:
        """Return a person who may log in now, or None."""
        if kind == "u":
            user = self.read_users().get(key)
            return None if user is None else self.of_user(user)
        owner = self.credentials.get(key)
        return of_owner(owner) if owner is not None and owner.logs_in else None

    def of_user(self, user: User) -> Person:
        """Return a user as a person. The engine's own secret is in the seal: the users file alone forges no session."""
        key = next(iter(self.credentials.values())).secret
        return Person("u", user.name, user.name, user.role, f"{key}\n{user.role}\n{user.role_changes}\n{user.password}")

    def find_owner(self, name: str) -> Credentials | None:
        """Return the credentials of a section by its name, if its owner may log in."""
        return next((each for each in self.credentials.values() if each.name == name and each.logs_in), None)


def of_owner(owner: Credentials) -> Person:
    """Return the owner of credentials as a person."""
    return Person("k", owner.access_key, owner.name, owner.role, f"{owner.secret}\n{owner.role}\n{owner.password}")
