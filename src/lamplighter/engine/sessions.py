"""Find the session of temporary credentials that signed a request, and say who calls.

A request without a token of an engine costs one lookup in its headers. Tokens of AWS are ignored: without a credentials
file, an engine accepts any credentials.
"""

from lamplighter.base.aws.role_session import Signer
from lamplighter.bus import Caller
from lamplighter.engine.engine import Engine
from lamplighter.engine.task_credentials import role_session, task_has_ended
from lamplighter.store import session_key
from lamplighter.wire.access import signatures
from lamplighter.wire.access.credentials import Credentials
from lamplighter.wire.access.gate import UnrecognizedClient
from lamplighter.wire.access.temporary_credentials import (
    ExpiredToken,
    SessionToken,
    is_own_token,
    read_token,
    secret_of,
    token_of,
)
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.route import RoutedRequest


def read_session(engine: Engine, http: HttpRequest) -> SessionToken | None:
    """Return the session of the temporary credentials that a request names; its signature is not verified yet.

    Raises ExpiredToken, and UnrecognizedClient for a token that this engine has not written, or of another key.
    """
    token = token_of(http)
    if not is_own_token(token):
        return None
    key = session_key.read(engine.store.reader)
    session = None if key is None else read_token(key, token)
    if session is None or session.access_key != signatures.read_scope(http).access_key:
        raise UnrecognizedClient("The security token included in the request is invalid.")
    if session.task and task_has_ended(engine.bus, session):
        raise ExpiredToken
    if session.expires and session.expires * 1000 <= engine.world.now():
        raise ExpiredToken
    return session


def session_secret(engine: Engine, session: SessionToken) -> str:
    """Return the secret of temporary credentials."""
    return secret_of(session_key.read(engine.store.reader) or "", session.access_key)


def identify_caller(
    request: RoutedRequest, key: Credentials | None, session: SessionToken | None, address: str = ""
) -> Caller:
    """Return the account, the region and the signer of a request, which came from an address."""
    if key is None and session is None:
        return Caller(request.account, request.region)
    section = "" if key is None else key.name
    if session is None:
        return Caller(request.account, request.region, signer=Signer(request.access_key, section))
    return session_caller(session, request.region, section, address)


def session_caller(session: SessionToken, region: str, section: str, address: str) -> Caller:
    """Return the caller for whom a session stands; `section` names its key in the credentials file."""
    signer = Signer(session.parent, section, role_session(session), is_temporary=True, address=address)
    return Caller(session.account, region, signer=signer)
