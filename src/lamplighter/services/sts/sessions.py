"""Give out temporary credentials: AssumeRole and GetSessionToken.

A role's trust policy is evaluated only if the engine enforces IAM; without that, every key may assume every role, as
it may do everything else.
See https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html.
"""

from collections.abc import Iterator

from lamplighter.base.aws import arn
from lamplighter.base.aws.role_session import assumed_role_arn
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.lang.iam_policy.check_policy import MalformedPolicy, parse_policy
from lamplighter.services.sts.errors import (
    AccessDenied,
    InvalidParameterValue,
    MalformedPolicyDocument,
    PackedPolicyTooLarge,
    ValidationFailed,
)
from lamplighter.services.sts.identity import identity_of
from lamplighter.store import session_key
from lamplighter.store.db import Tx
from lamplighter.wire.access.temporary_credentials import SessionToken, access_key_of, secret_of, write_token

DEFAULT_ROLE_SECONDS, DEFAULT_SESSION_SECONDS = 3600, 43_200
MAX_CHAINED_SECONDS = 3600
Tags = tuple[tuple[str, str], ...]

MAX_POLICY_LENGTH = 2048
"""The most characters of a session policy."""


class Sessions:
    """The operations that give out temporary credentials."""

    def __init__(self, bus: Bus, world: World) -> None:
        self._bus = bus
        self._world = world

    def assume_role(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle AssumeRole."""
        tags, transitive = _session_tags(caller, params)
        role = self._find_role(tx, caller, params)
        seconds, name = params.get("DurationSeconds", DEFAULT_ROLE_SECONDS), params["RoleSessionName"]
        if seconds > role["MaxSessionDuration"]:
            raise ValidationFailed("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        if caller.session is not None and seconds > MAX_CHAINED_SECONDS:
            raise ValidationFailed(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
            )
        session = SessionToken(
            access_key_of(self._world.uuid()),
            tx.now // 1000 + seconds,
            caller.access_key,
            arn.parse_known(role["Arn"]).account,
            role["Arn"],
            role["RoleId"],
            name,
            tuple(self._session_policies(tx, caller, params)),
            tags,
            transitive=transitive,
        )
        user = {"AssumedRoleId": f"{role['RoleId']}:{name}", "Arn": assumed_role_arn(role["Arn"], name)}
        source = {"SourceIdentity": params["SourceIdentity"]} if "SourceIdentity" in params else {}
        return {"Credentials": _credentials(tx, session), "AssumedRoleUser": user, **source}

    def get_session_token(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle GetSessionToken: credentials that stand for the caller's own key."""
        if caller.signer is not None and caller.signer.is_temporary:
            raise AccessDenied("Cannot call GetSessionToken with session credentials")
        expires = tx.now // 1000 + params.get("DurationSeconds", DEFAULT_SESSION_SECONDS)
        session = SessionToken(access_key_of(self._world.uuid()), expires, caller.access_key, caller.account)
        return {"Credentials": _credentials(tx, session)}

    def _find_role(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Return the role to assume. AWS does not say whether a role exists that the caller may not assume."""
        role = params["RoleArn"]
        found, who = arn.parse(role), identity_of(caller).arn
        if found is None or found.service != "iam" or not found.resource.startswith("role/"):
            raise ValidationFailed(f"{role} is invalid")
        name, owner = role.rpartition("/")[2], Caller(found.account, caller.region)
        known = self._bus.invoke(tx, owner, "iam", "FindRole", {"RoleName": name})["Role"]
        if known is None or known["Arn"] != role:
            raise AccessDenied(f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {role}")
        self._bus.check_trust(tx, caller, params)
        return known

    def _session_policies(self, tx: Tx, caller: Caller, params: Json) -> Iterator[str]:
        """Yield the texts of the policies that limit a session."""
        if "Policy" in params:
            try:
                parse_policy(params["Policy"])
            except MalformedPolicy as error:
                raise MalformedPolicyDocument(error) from None
            if len(params["Policy"]) > MAX_POLICY_LENGTH:
                raise PackedPolicyTooLarge("Packed policy consumes more than 100% of allotted space")
            yield params["Policy"]
        for each in params.get("PolicyArns", []):
            text = self._bus.invoke(tx, caller, "iam", "FindPolicyText", {"PolicyArn": each["arn"]})["Text"]
            if text is None:
                raise ValidationFailed(f"Policy {each['arn']} does not exist")
            yield text


def _session_tags(caller: Caller, params: Json) -> tuple[Tags, Tags]:
    """Return the tags of a new session, and those that a session inherits which it begins.

    "You cannot have separate Department and department tag keys." "If you pass a session tag with the same key as an
    inherited tag, the operation fails."
    """
    given = {each["Key"].lower(): (each["Key"], each["Value"]) for each in params.get("Tags", [])}
    inherited = () if caller.session is None else caller.session.transitive
    passed_on = [key.lower() for key in params.get("TransitiveTagKeys", [])]
    if len(given) < len(params.get("Tags", [])):
        raise InvalidParameterValue("Two session tags have the same key. Upper and lower case are the same.")
    if any(key.startswith("aws:") for key in given):
        raise InvalidParameterValue("aws: prefixed tag key names are not allowed for external use.")
    if any(name.lower() in given for name, _ in inherited):
        raise InvalidParameterValue("A session tag has the key of a transitive tag of the calling session.")
    if not given.keys() >= set(passed_on):
        raise InvalidParameterValue("A transitive tag key is not the key of a session tag of the request.")
    return (*inherited, *given.values()), (*inherited, *(given[key] for key in passed_on))


def _credentials(tx: Tx, session: SessionToken) -> Json:
    key = session_key.read_or_create(tx)
    return {
        "AccessKeyId": session.access_key,
        "SecretAccessKey": secret_of(key, session.access_key),
        "SessionToken": write_token(key, session),
        "Expiration": session.expires,
    }
