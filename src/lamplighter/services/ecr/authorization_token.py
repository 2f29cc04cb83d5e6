"""Give out the password with which Docker reaches the engine's registry.

It stands for the credentials of the caller: a push may do what they may do. See
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html.
"""

from base64 import b64encode

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.store import session_key
from lamplighter.store.db import Tx
from lamplighter.wire.access.registry_password import LIFETIME_SECONDS, USER, write_password
from lamplighter.wire.access.temporary_credentials import SessionToken, access_key_of


class AuthorizationTokens:
    """The operation GetAuthorizationToken."""

    def __init__(self, world: World, registry: str) -> None:
        self._world = world
        self._registry = registry

    def get(self, tx: Tx, caller: Caller, _params: Json) -> Json:
        """Handle GetAuthorizationToken."""
        expires = tx.now // 1000 + LIFETIME_SECONDS
        session = _session_of(caller, access_key_of(self._world.uuid()), expires)
        password = write_password(session_key.read_or_create(tx), caller.region, session)
        token = b64encode(f"{USER}:{password}".encode()).decode()
        data = {"authorizationToken": token, "expiresAt": expires, "proxyEndpoint": self._registry}
        return {"authorizationData": [data]}


def _session_of(caller: Caller, access_key: str, expires: int) -> SessionToken:
    if (session := caller.session) is None:
        return SessionToken(access_key, expires, caller.access_key, caller.account)
    return SessionToken(
        access_key, expires, caller.access_key, caller.account, session.role, session.role_id, session.name,
        session.policies, session.tags,
    )  # fmt: skip
