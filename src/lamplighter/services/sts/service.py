"""Connect STS to the engine: its operations by AWS's names.

See https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller, Operation, Service
from lamplighter.services.sts.errors import InvalidAuthorizationMessage, InvalidIdentityToken
from lamplighter.services.sts.identity import identity_of
from lamplighter.services.sts.sessions import Sessions
from lamplighter.store.db import Reader

SERVICE = "sts"


class Sts(Service):
    """The STS service of one engine."""

    name = SERVICE

    def __init__(self, bus: Bus, world: World) -> None:
        sessions = Sessions(bus, world)
        self.operations: Mapping[str, Operation] = {
            "AssumeRole": Operation(write=sessions.assume_role),
            "AssumeRoleWithWebIdentity": Operation(read=_refuse_web_identity),
            "DecodeAuthorizationMessage": Operation(read=_decode_message),
            "GetAccessKeyInfo": Operation(read=_access_key_info),
            "GetCallerIdentity": Operation(read=_caller_identity),
            "GetSessionToken": Operation(write=sessions.get_session_token),
        }


def _caller_identity(_reader: Reader, caller: Caller, _params: Json) -> Json:
    found = identity_of(caller)
    return {"UserId": found.user_id, "Account": caller.account, "Arn": found.arn}


def _access_key_info(_reader: Reader, caller: Caller, params: Json) -> Json:
    """Return the account of a key: a key of twelve digits is an account, and all others belong to the caller's."""
    key = params["AccessKeyId"]
    return {"Account": key if len(key) == 12 and key.isdecimal() else caller.account}


def _decode_message(_reader: Reader, _caller: Caller, _params: Json) -> Json:
    """Refuse: the engine's denials are plain text, so no message of an engine is encoded."""
    raise InvalidAuthorizationMessage


def _refuse_web_identity(_reader: Reader, _caller: Caller, _params: Json) -> Json:
    raise InvalidIdentityToken("No OpenIDConnect provider found in your account: an engine has none. Use AssumeRole.")
