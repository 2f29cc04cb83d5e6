"""Issue the passwords with which `docker login` reaches the engine's registry, and recognize them.

Nothing is stored: a password is a region and a token like that of temporary credentials. It is made with another key,
so that a session token, which is no secret on its own, is no password. A password ends after twelve hours, as on AWS,
or with the key of the credentials file that requested it.
See https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html.
"""

import binascii
from base64 import b64decode

from lamplighter.wire.access.temporary_credentials import SessionToken, read_token, write_token
from lamplighter.wire.http import HttpRequest

USER = "AWS"
LIFETIME_SECONDS = 43_200
_SCHEME = b"basic"


def write_password(key: str, region: str, session: SessionToken) -> str:
    """Return the password of a session for the repositories of a region; `key` is the engine's session key."""
    return f"{region}/{write_token(_registry_key(key), session)}"


def read_password(key: str, password: str) -> tuple[str, SessionToken] | None:
    """Return the region and the session of a password, or None if this engine has not written it."""
    region, _, token = password.partition("/")
    session = read_token(_registry_key(key), token)
    return None if session is None else (region, session)


def password_of(http: HttpRequest) -> str | None:
    """Return the password in a request's Authorization header, or None. See RFC 7617."""
    scheme, _, encoded = http.headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != _SCHEME:
        return None
    try:
        user, colon, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password if colon and user == USER else None


def _registry_key(key: str) -> str:
    return f"registry{key}"
