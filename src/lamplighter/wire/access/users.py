"""Parse and format the users of a console: a line for each, `NAME:ROLE:HASH`, and `:N` after N changes of the role.

Guarantees that a name consists of letters, digits and `.-_@` of ASCII, so that it can be part of a line, a header and a
page. Names that differ only in upper and lower case are the same name to a person: a file with both is invalid.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lamplighter.base.errors import LamplighterError, require
from lamplighter.wire.access.password_hash import InvalidHash, PasswordHash, parse_hash
from lamplighter.wire.access.roles import Role

MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH = 10, 200
MAX_USERS = 1000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_LINE = re.compile("([^:]*):([^:]*):([^:]*)(?::([0-9]{1,9}))?")
_HEADER = "# The users of this engine's console. Change them with `lamplighter users`.\n"


class InvalidUsers(LamplighterError):
    """A name, a password or a line of the users file is invalid."""


@dataclass(frozen=True, slots=True)
class User:
    """A user of the console."""

    name: str
    role: Role
    password: PasswordHash = field(repr=False)
    role_changes: int = 0
    """How often the role was changed: a role that is changed back must not make old sessions valid again."""


Users = Mapping[str, User]
"""Users by their names."""


def check_name(name: str) -> None:
    """Raise `InvalidUsers` unless the text may be a user's name."""
    if not _NAME.fullmatch(name):
        raise InvalidUsers(
            f"{name!a} is not a name: use at most 64 letters, digits and .-_@ and begin with a letter or a digit"
        )


def check_password(password: str, name: str) -> None:
    """Raise `InvalidUsers` unless the text may be the password of the user with this name."""
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise InvalidUsers(f"a password has {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters")
    if password.lower() == name.lower():
        raise InvalidUsers("the password must differ from the name")


def find_similar_name(name: str, users: Users) -> str | None:
    """Return the user's name that equals this one except for upper and lower case, or None."""
    return next((each for each in users if each.lower() == name.lower()), None)


def parse_users(text: str) -> Users:
    """Parse a users file. Raises `InvalidUsers`, which names the line and no hash."""
    users: dict[str, User] = {}
    names = set[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            user = _parse_line(line.strip())
        except (InvalidUsers, InvalidHash) as error:
            raise InvalidUsers(f"line {number}: {error}") from None
        if user.name.lower() in names:
            raise InvalidUsers(f"line {number}: there is another line for {user.name}")
        names.add(user.name.lower())
        users[user.name] = user
        if len(users) > MAX_USERS:
            raise InvalidUsers(f"there are more than {MAX_USERS} users")
    return users


def _parse_line(line: str) -> User:
    found = require(_LINE.fullmatch(line), lambda: InvalidUsers("a line has the form NAME:ROLE:HASH"))
    name, role, password, changes = found.groups(default="0")
    check_name(name)
    if role not in list(Role):
        raise InvalidUsers(f"the role is one of {', '.join(Role)}")
    return User(name, Role(role), parse_hash(password), int(changes))


def format_users(users: Users) -> str:
    """Return the text of a users file."""
    lines = (f"{each.name}:{each.role}:{each.password}:{each.role_changes or ''}" for each in users.values())
    return _HEADER + "".join(f"{each.rstrip(':')}\n" for each in lines)
