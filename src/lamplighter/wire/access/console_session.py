"""Create and verify console sessions: the tokens that browsers send in a cookie after a login.

Guarantees that only a holder's secrets can create a session, that a session expires, and that it becomes invalid when
the secret or the password changes. The signing key is derived from both, so the engine stores no sessions. It does not
record logouts either.
See https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html.
"""

import hashlib
import hmac
import re
from http.cookies import CookieError, SimpleCookie

from lamplighter.wire.access.credentials import Credentials, CredentialSet

LIFETIME_MILLISECONDS = 12 * 3600 * 1000
"""The lifetime of a session in milliseconds: a working day."""

_SESSION_FORMAT = re.compile("([0-9]{1,15})[.]([0-9a-f]{64})")


def find_holder(password: str, credentials: CredentialSet) -> Credentials | None:
    """Return the holder with this password, or None; all passwords are compared, so that the time reveals nothing."""
    given = password.encode()
    found = [each for each in credentials.values() if hmac.compare_digest(each.password.encode(), given)]
    return found[0] if found else None


def issue_session(holder: Credentials, now: int) -> str:
    """Return a session that begins at `now`, in milliseconds since the epoch."""
    end = str(now + LIFETIME_MILLISECONDS)
    return f"{end}.{_sign_session(holder, end)}"


def is_valid_session(session: str, credentials: CredentialSet, now: int) -> bool:
    """Return whether this engine issued the session and the session has not expired."""
    found = _SESSION_FORMAT.fullmatch(session)
    if found is None or int(found[1]) <= now:
        return False
    return True in [hmac.compare_digest(_sign_session(each, found[1]), found[2]) for each in credentials.values()]


def cookie_name(credentials: CredentialSet) -> str:
    """Return the session cookie's name, which differs for each engine on a host: cookies are not separated by port."""
    first = next(iter(credentials))
    return f"lamplighter-session-{hashlib.sha256(first.encode()).hexdigest()[:8]}"


def has_valid_session(cookies: bytes, credentials: CredentialSet, now: int) -> bool:
    """Return whether a Cookie header contains a valid session."""
    try:
        found = SimpleCookie(cookies.decode("latin-1")).get(cookie_name(credentials))
    except CookieError:
        return False
    return found is not None and is_valid_session(found.value, credentials, now)


def _sign_session(holder: Credentials, end: str) -> str:
    key = hmac.digest(holder.secret.encode(), b"lamplighter console\n" + holder.password.encode(), "sha256")
    return hmac.digest(key, f"{holder.access_key}\n{end}".encode(), "sha256").hex()
