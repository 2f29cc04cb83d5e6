"""Record changes of the users file in the audit log.

The commands `lamplighter users …` change the file, and the engine may not be running; somebody may also edit the file.
So the engine compares the file with what it has seen last, at its start and while it runs. Two changes of one user
between two looks are one entry. Who changed the file is unknown: it was its owner, or root.
"""

import hashlib
from collections.abc import Iterator, Mapping

from lamplighter.store.audit_log import DONE, Actor, add_entry
from lamplighter.store.db import Reader, Store, Tx
from lamplighter.wire.access.users import User, Users

FILE_ACTOR = Actor("", "file", "")


def find_changes(seen: Mapping[str, tuple[str, str]], users: Users) -> Iterator[tuple[str, str]]:
    """Yield what has changed, in words, and the user's name. `seen` has the role and the digest by name."""
    for name, user in users.items():
        role, digest = seen.get(name, ("", ""))
        if not role:
            yield f"add user with role {user.role}", name
            continue
        if role != user.role:
            yield f"change role from {role} to {user.role}", name
        if digest != _digest(user):
            yield "change password", name
    for name in sorted(seen.keys() - users.keys()):
        yield "remove user", name


def _digest(user: User) -> str:
    return hashlib.sha256(str(user.password).encode()).hexdigest()


def _read_seen(reader: Reader) -> dict[str, tuple[str, str]]:
    rows = reader.rows("SELECT name, role, password_digest FROM seen_users")
    return {name: (role, digest) for name, role, digest in rows}


async def record_changes(store: Store, users: Users) -> None:
    """Add an entry for each change since the last call, and remember the users; both in one transaction."""
    if not list(find_changes(_read_seen(store.reader), users)):
        return

    def record(tx: Tx) -> None:
        for action, name in find_changes(_read_seen(tx), users):
            add_entry(tx, FILE_ACTOR, action, name, DONE)
        tx.execute("DELETE FROM seen_users")
        rows = [(each.name, each.role, _digest(each)) for each in users.values()]
        tx.execute_many("INSERT INTO seen_users (name, role, password_digest) VALUES (?, ?, ?)", rows)

    await store.write(record)
