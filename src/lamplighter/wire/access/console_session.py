"""Create and verify console sessions: the tokens that browsers send in a cookie after a login.

Guarantees that only this engine can create a session, that a session expires, and that it becomes invalid when its
person is removed, or when the role or the password changes. The signing key is derived from these (`Person.seal`), so
the engine stores no sessions. It does not record logouts either. Each login creates a new session; the browser cannot
choose one.
See https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html.
"""

import hashlib
import hmac
import re
from http.cookies import CookieError, SimpleCookie

from lamplighter.wire.access.credentials import Credentials, CredentialSet
from lamplighter.wire.access.people import People, Person

LIFETIME_MILLISECONDS = 12 * 3600 * 1000
"""The lifetime of a session in milliseconds: a working day."""

_SESSION_FORMAT = re.compile("([0-9]{1,15})[.]([uk])([0-9a-f]{2,512})[.]([0-9a-f]{64})")


def find_owner_by_password(password: str, credentials: CredentialSet) -> Credentials | None:
    """Return the owner with this password, or None; all passwords are compared, so that the time reveals nothing."""
    given = password.encode("utf-8", "replace")
    owners = [each for each in credentials.values() if each.logs_in]
    found = [each for each in owners if hmac.compare_digest(each.password.encode(), given)]
    return found[0] if found else None


def issue_session(person: Person, now: int) -> str:
    """Return a session that begins at `now`, in milliseconds since the epoch."""
    end = str(now + LIFETIME_MILLISECONDS)
    return f"{end}.{person.kind}{person.key.encode().hex()}.{_sign_session(person, end)}"


def find_person(session: str, people: People, now: int) -> Person | None:
    """Return whose session this is; None if this engine did not issue it, or if it has ended."""
    found = _SESSION_FORMAT.fullmatch(session)
    if found is None or int(found[1]) <= now:
        return None
    try:
        key = bytes.fromhex(found[3]).decode()
    except ValueError:
        return None
    person = people.find(found[2], key)
    if person is None or not hmac.compare_digest(_sign_session(person, found[1]), found[4]):
        return None
    return person


def cookie_name(credentials: CredentialSet) -> str:
    """Return the session cookie's name, which differs for each engine on a host: cookies are not separated by port."""
    first = next(iter(credentials))
    return f"lamplighter-session-{hashlib.sha256(first.encode()).hexdigest()[:8]}"


def person_of_cookies(cookies: bytes, people: People, now: int) -> Person | None:
    """Return whose valid session a Cookie header contains, or None."""
    try:
        found = SimpleCookie(cookies.decode("latin-1")).get(cookie_name(people.credentials))
    except CookieError:
        return None
    return None if found is None else find_person(found.value, people, now)


def _sign_session(person: Person, end: str) -> str:
    key = hashlib.sha256(b"lamplighter console\n" + person.seal.encode()).digest()
    return hmac.digest(key, f"{person.kind}\n{person.key}\n{end}".encode(), "sha256").hex()
