"""Issue temporary credentials of STS, and recognize them in requests.

Nothing is stored: the token contains the session, with a code that only the engine's key can make, and the secret is
derived from that key and the access key. So credentials survive every restart, and end with their time, or with the
key of the credentials file that requested them.
See https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html.
"""

import hashlib
import hmac
from base64 import b32encode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from urllib.parse import parse_qs
from zlib import compress, decompressobj
from zlib import error as ZlibError  # noqa: N812 - zlib names it in lower case

from lamplighter.base.errors import ServiceError
from lamplighter.base.json_text import Json, JsonError, dump_bytes, loads
from lamplighter.wire.http import HttpRequest

TOKEN_START = "LAMPtoken"  # noqa: S105 - not a secret
"""The beginning of every token, so that tokens of AWS are recognized as such."""
MAX_PAYLOAD = 65_536
_CODE_LENGTH = 32


class ExpiredToken(
    ServiceError, template="The security token included in the request is expired", code="ExpiredTokenException"
):
    """The time of the credentials is over."""


@dataclass(frozen=True, slots=True)
class SessionToken:
    """What temporary credentials stand for."""

    access_key: str
    expires: int
    """Seconds since the epoch; 0: the credentials of a task, which end with the task."""
    parent: str
    """The access key of the credentials file with which the session was requested; empty: any, or the engine."""
    account: str
    role: str = ""
    """The ARN of the assumed role; empty: the session is its parent's own (GetSessionToken)."""
    role_id: str = ""
    name: str = ""
    """The name of the session."""
    policies: tuple[str, ...] = field(default=())
    """The texts of session policies."""
    tags: tuple[tuple[str, str], ...] = ()
    task: str = ""
    """The ARN of the task that has the credentials."""
    transitive: tuple[tuple[str, str], ...] = ()
    """The tags that the sessions of a role chain inherit."""


def access_key_of(seed: str) -> str:
    """Return an access key for temporary credentials, made of a unique text."""
    return "ASIA" + b32encode(hashlib.sha256(seed.encode()).digest()).decode()[:16]


def secret_of(key: str, access_key: str) -> str:
    """Return the secret that belongs to an access key, under the engine's key."""
    return b64encode(hmac.digest(key.encode(), access_key.encode(), "sha256")).decode()[:40]


def write_token(key: str, session: SessionToken) -> str:
    """Return the session token."""
    payload = compress(dump_bytes(asdict(session)))
    return TOKEN_START + urlsafe_b64encode(_code(key, payload) + payload).decode()


def read_token(key: str, token: str) -> SessionToken | None:
    """Return the session of a token, or None if this engine has not written it."""
    try:
        whole = urlsafe_b64decode(token.removeprefix(TOKEN_START))
    except ValueError:
        return None
    code, payload = whole[:_CODE_LENGTH], whole[_CODE_LENGTH:]
    if not token.startswith(TOKEN_START) or not hmac.compare_digest(code, _code(key, payload)):
        return None
    try:
        found: Json = loads(decompressobj().decompress(payload, MAX_PAYLOAD))
    except (ZlibError, JsonError):
        return None
    tags, transitive = (tuple((name, value) for name, value in found.get(key, ())) for key in ("tags", "transitive"))
    return SessionToken(**{**found, "policies": tuple(found["policies"]), "tags": tags, "transitive": transitive})


def _code(key: str, payload: bytes) -> bytes:
    return hmac.digest(f"token{key}".encode(), payload, "sha256")


def token_of(http: HttpRequest) -> str:
    """Return the session token of a request, or an empty text."""
    header = http.headers.get(b"x-amz-security-token")
    if header is not None:
        return header.decode("latin-1")
    if b"X-Amz-Security-Token=" not in http.query:
        return ""
    return parse_qs(http.query.decode("latin-1")).get("X-Amz-Security-Token", [""])[0]


def is_own_token(token: str) -> bool:
    """Return whether a token looks like one of an engine, and not of AWS."""
    return token.startswith(TOKEN_START)
