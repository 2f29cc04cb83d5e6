"""A session of the console: what a browser shows instead of the password once that was given.

Promises that a session can be made with the holder's secrets only, ends by itself, and ends at once when the secret or
the password changes: its key is made of both, so that nothing has to be kept. Refuses to remember who has left.
See https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html.
"""

import hashlib
import hmac
import re
from http.cookies import CookieError, SimpleCookie

from lamplighter.wire.access.credentials import Credentials, CredentialSet

LIFETIME = 12 * 3600 * 1000
"""Milliseconds: a day's work."""

_FORM = re.compile("([0-9]{1,15})[.]([0-9a-f]{64})")


def find_holder(password: str, holders: CredentialSet) -> Credentials | None:
    """Whose password this is; every one is compared, so that the time taken tells nothing."""
    given = password.encode()
    found = [each for each in holders.values() if hmac.compare_digest(each.password.encode(), given)]
    return found[0] if found else None


def issue_session(holder: Credentials, now: int) -> str:
    """A session that begins now, in milliseconds since the epoch."""
    end = str(now + LIFETIME)
    return f"{end}.{_mark(holder, end)}"


def is_valid(session: str, holders: CredentialSet, now: int) -> bool:
    """Whether a session is one of ours that has not ended."""
    found = _FORM.fullmatch(session)
    if found is None or int(found[1]) <= now:
        return False
    return True in [hmac.compare_digest(_mark(each, found[1]), found[2]) for each in holders.values()]


def cookie_name(holders: CredentialSet) -> str:
    """The name of the cookie that keeps it: another engine of this host has another, since cookies know no ports."""
    first = next(iter(holders))
    return f"lamplighter-session-{hashlib.sha256(first.encode()).hexdigest()[:8]}"


def has_valid_session(cookies: bytes, holders: CredentialSet, now: int) -> bool:
    """Whether a Cookie header shows a session that holds."""
    try:
        found = SimpleCookie(cookies.decode("latin-1")).get(cookie_name(holders))
    except CookieError:
        return False
    return found is not None and is_valid(found.value, holders, now)


def _mark(holder: Credentials, end: str) -> str:
    key = hmac.digest(holder.secret.encode(), b"lamplighter console\n" + holder.password.encode(), "sha256")
    return hmac.digest(key, f"{holder.access_key}\n{end}".encode(), "sha256").hex()
