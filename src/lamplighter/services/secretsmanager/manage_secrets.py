"""Create, describe, list, change, delete and restore secrets.

A deleted secret can be restored for 7 to 30 days; a timer then deletes it. See
https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html.
"""

import re
import string
from collections.abc import Mapping
from dataclasses import replace

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json, loads_unique
from lamplighter.base.world import random_key
from lamplighter.bus import Caller
from lamplighter.lang.iam_policy.text_patterns import as_list
from lamplighter.operations.pages import read_after
from lamplighter.operations.tags import TagFormat, TagOperations, TagRules
from lamplighter.services.secretsmanager import errors
from lamplighter.services.secretsmanager.filters import matches_filters
from lamplighter.services.secretsmanager.find_secret import find_secret
from lamplighter.services.secretsmanager.tables import secrets as rows
from lamplighter.services.secretsmanager.tables.secrets import SERVICE, Secret
from lamplighter.services.secretsmanager.values import CURRENT, SecretValues, read_value
from lamplighter.store import timers
from lamplighter.store.db import Reader, Tx
from lamplighter.store.timers import Timer

DAY = 24 * 3600 * 1000
MIN_DAYS, MAX_DAYS = 7, 30
DELETION = "deletion"
_SUFFIX = re.compile("-[a-zA-Z0-9]{6}$")
_NAME = re.compile(r"[a-zA-Z0-9/_+=.@!-]{1,512}")


def _check_keys(tags: Json) -> None:
    if not all(tag.get("Key") for tag in tags):
        raise errors.InvalidParameter("Each tag must have a key.")


TAG_RULES = TagRules(
    TagFormat("SecretId", "Tags", "TagKeys", "Key", "Value"),
    reserved=lambda _key: errors.InvalidParameter("aws: prefixed tag key names are not allowed for external use."),
    too_many=lambda: errors.InvalidParameter("A secret can have at most 50 tags."),
    check=_check_keys,
)
TAG_OPERATIONS = TagOperations.of_rows(
    TAG_RULES, lambda reader, caller, text: find_secret(reader, caller, {"SecretId": text}), rows.update
)
KEPT_MEMBERS = ("Description", "KmsKeyId")
SORT_KEYS: Mapping[str, str] = {"created-date": "created", "last-changed-date": "changed", "name": "name"}


class SecretManager:
    """The operations on secrets as a whole."""

    def __init__(self, values: SecretValues) -> None:
        self._values = values

    def create(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle CreateSecret. A repeated request, by its token, changes nothing."""
        name = params["Name"]
        _check_name(name)
        if params.get("AddReplicaRegions"):
            raise errors.InvalidRequest("This engine does not replicate secrets: leave AddReplicaRegions out.")
        found, has_value = rows.by_name(tx, caller.account, caller.region, name), read_value(params) is not None
        if found is not None and found.deleted is not None:
            raise errors.InvalidRequest(
                "You can't create this secret because a secret with this name is already scheduled for deletion."
            )
        token = params.get("ClientRequestToken")
        if found is not None and (token is None or rows.version(tx, found.id, token) is None):
            raise errors.Exists(f"The operation failed because the secret {name} already exists.")
        secret = found or self._insert(tx, caller, params)
        version = {"VersionId": self._values.store(tx, secret, params, [CURRENT])} if has_value else {}
        return {"ARN": secret.arn, "Name": secret.name, **version}

    def _insert(self, tx: Tx, caller: Caller, params: Json) -> Secret:
        name, now = params["Name"], tx.now
        suffix = random_key(string.ascii_letters + string.digits, 6)
        key = arn.build(SERVICE, caller.region, caller.account, f"secret:{name}-{suffix}")
        body = {member: params[member] for member in KEPT_MEMBERS if params.get(member)}
        tags = TAG_RULES.read(params.get("Tags"))
        secret = Secret(0, caller.account, caller.region, name, key, now, now, None, tags, body)
        return replace(secret, id=rows.insert(tx, secret))

    def update(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle UpdateSecret."""
        secret = find_secret(tx, caller, params)
        given = {member: params[member] for member in KEPT_MEMBERS if member in params}
        rows.update(tx, replace(secret, body={**secret.body, **given}, changed=tx.now))
        has_value = read_value(params) is not None
        version = {"VersionId": self._values.store(tx, secret, params, [CURRENT])} if has_value else {}
        return {"ARN": secret.arn, "Name": secret.name, **version}

    def delete(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle DeleteSecret."""
        days, force = params.get("RecoveryWindowInDays"), params.get("ForceDeleteWithoutRecovery")
        if force and days is not None:
            raise errors.InvalidParameter(
                "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
            )
        if days is not None and not MIN_DAYS <= days <= MAX_DAYS:
            raise errors.InvalidParameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
        if not arn.parse(params["SecretId"]):
            _check_name(params["SecretId"])
        now = tx.now
        try:
            secret = find_secret(tx, caller, params, deleted=bool(force))
        except errors.NotFound:
            if force:
                return {**_name_of(caller, params["SecretId"]), "DeletionDate": now / 1000}
            raise
        shown = {"ARN": secret.arn, "Name": secret.name}
        if force:
            timers.delete_all(tx, SERVICE, str(secret.id))
            rows.delete(tx, secret)
            return {**shown, "DeletionDate": now / 1000}
        due = now + (days or MAX_DAYS) * DAY
        rows.update(tx, replace(secret, deleted=due))
        timers.put(tx, Timer(SERVICE, str(secret.id), DELETION, due), steady_clock=False)
        return {**shown, "DeletionDate": due / 1000}

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Delete a secret whose recovery window has ended."""
        secret = rows.by_id(tx, int(timer.subject))
        if secret is not None and secret.deleted is not None:
            rows.delete(tx, secret)

    def restore(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle RestoreSecret."""
        secret = find_secret(tx, caller, params, deleted=True)
        rows.update(tx, replace(secret, deleted=None))
        timers.delete_all(tx, SERVICE, str(secret.id))
        return {"ARN": secret.arn, "Name": secret.name}


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise errors.InvalidParameter(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
        )


def _name_of(caller: Caller, text: str) -> Json:
    """Return the name and the ARN of a secret that does not exist."""
    parsed = arn.parse(text)
    if parsed is None:
        return {"ARN": arn.build(SERVICE, caller.region, caller.account, f"secret:{text}"), "Name": text}
    return {"ARN": text, "Name": _SUFFIX.sub("", parsed.resource.removeprefix("secret:"))}


def _summary(reader: Reader, secret: Secret, versions_member: str) -> Json:
    stages = {each.version: each.stages for each in rows.versions(reader, secret.id) if each.stages}
    return {
        "ARN": secret.arn,
        "Name": secret.name,
        **{member: secret.body[member] for member in KEPT_MEMBERS if secret.body.get(member)},
        "LastChangedDate": secret.changed / 1000,
        **({"DeletedDate": secret.deleted / 1000} if secret.deleted is not None else {}),
        **({"Tags": TAG_RULES.format.write(secret.tags)} if secret.tags else {}),
        **({versions_member: stages} if stages else {}),
        "CreatedDate": secret.created / 1000,
    }


def describe_secret(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle DescribeSecret."""
    return _summary(reader, find_secret(reader, caller, params, deleted=True), "VersionIdsToStages")


def list_secrets(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListSecrets."""
    with_deleted, filters = params.get("IncludePlannedDeletion"), params.get("Filters") or []
    found = [
        secret
        for secret in rows.of_account(reader, caller.account, caller.region)
        if (with_deleted or secret.deleted is None) and matches_filters(filters, secret)
    ]
    field = SORT_KEYS.get(params.get("SortBy", "created-date"), "created")
    found.sort(key=lambda secret: getattr(secret, field), reverse=params.get("SortOrder", "desc") == "desc")

    def name(secret: Secret) -> str:
        return secret.name

    def show(secret: Secret) -> Json:
        return _summary(reader, secret, "SecretVersionsToStages")

    return errors.PAGES.page("SecretList", params, "", read_after(found, name), show, name)


def put_resource_policy(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle PutResourcePolicy."""
    secret = find_secret(tx, caller, params)
    document = loads_unique(params["ResourcePolicy"])
    if not isinstance(document, dict) or "Statement" not in document:
        raise errors.MalformedPolicy
    if params.get("BlockPublicPolicy") and any(map(_is_public, as_list(document["Statement"]))):
        raise errors.PublicPolicy
    rows.update(tx, replace(secret, body={**secret.body, "ResourcePolicy": params["ResourcePolicy"]}))
    return {"ARN": secret.arn, "Name": secret.name}


def _is_public(statement: Json) -> bool:
    """Return whether a statement allows something to everyone without a condition."""
    principal = statement.get("Principal") if isinstance(statement, dict) else None
    named = principal.get("AWS") if isinstance(principal, dict) else principal
    return "*" in as_list(named) and statement.get("Effect") == "Allow" and not statement.get("Condition")


def get_resource_policy(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle GetResourcePolicy."""
    secret = find_secret(reader, caller, params)
    policy = secret.body.get("ResourcePolicy")
    return {"ARN": secret.arn, "Name": secret.name, **({"ResourcePolicy": policy} if policy else {})}


def find_arn(reader: Reader, caller: Caller, params: Json) -> Json:
    """Return the whole ARN of a secret, for IAM's decisions; AWS has no such operation."""
    return {"ARN": find_secret(reader, caller, params, deleted=True).arn}


def find_arns(reader: Reader, caller: Caller, _params: Json) -> Json:
    """Return the ARNs of all secrets, for IAM's decisions; AWS has no such operation."""
    return {"ARNs": rows.arns(reader, caller.account, caller.region)}


def find_policy(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Return the policies of a secret, as texts, for IAM's decisions; AWS has no such operation."""
    text = rows.policy_of(reader, params["Resource"])
    return {"Policies": [] if text is None else [text]}


def delete_resource_policy(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle DeleteResourcePolicy."""
    secret = find_secret(tx, caller, params)
    kept = {member: value for member, value in secret.body.items() if member != "ResourcePolicy"}
    rows.update(tx, replace(secret, body=kept))
    return {"ARN": secret.arn, "Name": secret.name}
