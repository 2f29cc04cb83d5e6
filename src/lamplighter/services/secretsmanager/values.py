"""Store and read the values of secrets, with their versions and stages.

AWSCURRENT names the version that GetSecretValue returns, AWSPREVIOUS the one before it. A version without a stage is
deprecated; the oldest of these go when there are more than a hundred versions. See
https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace

from lamplighter.base.errors import AwsError, require
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.operations.pages import read_after
from lamplighter.services.secretsmanager import errors
from lamplighter.services.secretsmanager.filters import matches_filters
from lamplighter.services.secretsmanager.find_secret import find_secret
from lamplighter.services.secretsmanager.tables import secrets as rows
from lamplighter.services.secretsmanager.tables.secrets import Secret, SecretVersion
from lamplighter.store.db import Reader, Tx
from lamplighter.store.encryption import SecretCipher

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
MAX_VERSIONS = 100
MAX_LABELS = 20
"""The most staging labels of one version."""


class SecretValues:
    """The operations on the values of secrets."""

    def __init__(self, world: World, cipher: SecretCipher) -> None:
        self._world = world
        self._cipher = cipher

    def get(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle GetSecretValue."""
        secret = find_secret(reader, caller, params)
        return self._show(secret, _find_version(reader, secret, params))

    def get_several(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle BatchGetSecretValue, by a list of secrets or by filters."""
        names, filters = params.get("SecretIdList"), params.get("Filters")
        if bool(names) == bool(filters):
            raise errors.InvalidRequest("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
        if names:
            return self._get_list(reader, caller, names)

        def read(after: str, _most: int) -> Iterator[tuple[Secret, SecretVersion]]:
            for secret in rows.of_account(reader, caller.account, caller.region):
                if secret.name > after and secret.deleted is None and matches_filters(filters or [], secret):
                    version = find_stage(reader, secret, CURRENT)
                    if version is not None:
                        yield secret, version

        pages = replace(errors.PAGES, default_size=20)
        return pages.page("SecretValues", params, "", read, lambda pair: self._show(*pair), lambda pair: pair[0].name)

    def _get_list(self, reader: Reader, caller: Caller, names: list[str]) -> Json:
        values, failed = [], []
        for name in names:
            try:
                values.append(self.get(reader, caller, {"SecretId": name}))
            except AwsError as error:
                failed.append({"SecretId": name, "ErrorCode": error.code, "Message": error.message})
        return {"SecretValues": values, "Errors": failed}

    def put(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle PutSecretValue."""
        secret = find_secret(tx, caller, params)
        if read_value(params) is None:
            raise errors.InvalidRequest("You must provide either SecretString or SecretBinary.")
        stages = params.get("VersionStages") or [CURRENT]
        if CURRENT not in stages and not rows.versions(tx, secret.id):
            stages = [*stages, CURRENT]
        _check_labels(stages)
        version = self.store(tx, secret, params, stages)
        rows.update(tx, replace(secret, changed=tx.now))
        return {"ARN": secret.arn, "Name": secret.name, "VersionId": version, "VersionStages": stages}

    def store(self, tx: Tx, secret: Secret, params: Json, stages: list[str]) -> str:
        """Store a value as a new version and return its ID. A repeated request changes nothing."""
        name, value = params.get("ClientRequestToken") or self._world.uuid(), read_value(params)
        before = rows.version(tx, secret.id, name)
        if before is not None:
            if loads(self._cipher.decrypt(before.value)) != value:
                raise errors.Exists(
                    "You can't modify an existing version, you can only create new version for a secret."
                )
            return str(name)
        sealed = self._cipher.encrypt(tx, dumps(value))
        for stage in stages:
            give_stage(tx, secret, stage, name)
        rows.put_version(tx, SecretVersion(secret.id, name, tx.now, list(stages), sealed))
        _forget_old(tx, secret)
        return str(name)

    def _show(self, secret: Secret, version: SecretVersion) -> Json:
        value = loads(self._cipher.decrypt(version.value))
        if "SecretBinary" in value:
            value = {"SecretBinary": b64decode(value["SecretBinary"])}
        return {
            "ARN": secret.arn,
            "Name": secret.name,
            "VersionId": version.version,
            **value,
            "VersionStages": version.stages,
            "CreatedDate": version.created / 1000,
        }


def read_value(params: Json) -> Json:
    """Return the value of a request as JSON, or None. Raises InvalidParameterException for two values."""
    text, data = params.get("SecretString"), params.get("SecretBinary")
    if text is not None and data is not None:
        raise errors.InvalidParameter(
            "You can't specify both a binary secret value and a string secret value in the same secret."
        )
    if data is not None:
        return {"SecretBinary": b64encode(data if isinstance(data, bytes) else str(data).encode()).decode()}
    return None if text is None else {"SecretString": text}


def find_stage(reader: Reader, secret: Secret, stage: str) -> SecretVersion | None:
    """Return the version with a stage, or None."""
    return next((each for each in rows.versions(reader, secret.id) if stage in each.stages), None)


def _find_version(reader: Reader, secret: Secret, params: Json) -> SecretVersion:
    name, stage = params.get("VersionId"), params.get("VersionStage")
    if name is None:
        wanted = stage or CURRENT
        found = find_stage(reader, secret, wanted)
        return require(found, lambda: errors.ValueNotFound("staging label", wanted))
    version = require(rows.version(reader, secret.id, name), lambda: errors.ValueNotFound("VersionId", name))
    if stage is not None and stage not in version.stages:
        raise errors.InvalidRequest("You provided a VersionStage that is not associated to the provided VersionId.")
    return version


def give_stage(tx: Tx, secret: Secret, stage: str, new: str) -> None:
    """Take a stage from the version that has it; the version that was current becomes the previous one."""
    holder = find_stage(tx, secret, stage)
    if holder is None or holder.version == new:
        return
    stages = [each for each in holder.stages if each != stage]
    if stage == CURRENT:
        before = find_stage(tx, secret, PREVIOUS)
        if before is not None and before.version != holder.version:
            rows.put_version(tx, replace(before, stages=[each for each in before.stages if each != PREVIOUS]))
        stages = [*(each for each in stages if each != PREVIOUS), PREVIOUS]
    rows.put_version(tx, replace(holder, stages=stages))


def _forget_old(tx: Tx, secret: Secret) -> None:
    deprecated = [each for each in rows.versions(tx, secret.id)[MAX_VERSIONS:] if not each.stages]
    for version in deprecated:
        rows.delete_version(tx, secret.id, version.version)


def list_secret_version_ids(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListSecretVersionIds."""
    secret = find_secret(reader, caller, params, deleted=True)
    listed = [each for each in rows.versions(reader, secret.id) if each.stages or params.get("IncludeDeprecated")]

    def show(version: SecretVersion) -> Json:
        return {
            "VersionId": version.version,
            **({"VersionStages": version.stages} if version.stages else {}),
            "CreatedDate": version.created / 1000,
            # Measured against AWS, also for a secret with AWS's own key.
            "KmsKeyIds": [secret.body.get("KmsKeyId", "DefaultEncryptionKey")],
        }

    page = errors.PAGES.page(
        "Versions", params, "", read_after(listed, lambda each: each.version), show, lambda each: each.version
    )
    return {**page, "ARN": secret.arn, "Name": secret.name}


def _check_labels(stages: list[str]) -> None:
    if len(stages) > MAX_LABELS:
        raise errors.TooManyLabels(MAX_LABELS)


def update_secret_version_stage(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle UpdateSecretVersionStage."""
    secret, stage = find_secret(tx, caller, params), params["VersionStage"]
    source, target = params.get("RemoveFromVersionId"), params.get("MoveToVersionId")
    holder = find_stage(tx, secret, stage)
    if source is None and target is None:
        raise errors.InvalidParameter("You must provide MoveToVersionId, RemoveFromVersionId or both.")
    for name in (source, target):
        if name is not None and rows.version(tx, secret.id, name) is None:
            raise errors.ValueNotFound("VersionId", name)
    if holder is not None and holder.version != target and source != holder.version:
        raise errors.InvalidParameter(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version "
            f"{holder.version}, so you must explicitly reference that version in RemoveFromVersionId."
        )
    if target is None and stage == CURRENT:
        raise errors.InvalidParameter("You can only move staging label AWSCURRENT to a different secret version.")
    if target is not None:
        give_stage(tx, secret, stage, target)
        new = rows.version(tx, secret.id, target)
        if new is not None and stage not in new.stages:
            kept = [each for each in new.stages if stage != CURRENT or each != PREVIOUS]
            _check_labels([*kept, stage])
            rows.put_version(tx, replace(new, stages=[*kept, stage]))
    elif holder is not None:
        rows.put_version(tx, replace(holder, stages=[each for each in holder.stages if each != stage]))
    return {"ARN": secret.arn, "Name": secret.name}
