"""Create, change and delete parameters.

See https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html. Each change is an event of
EventBridge, "Parameter Store Change". Parameter policies are refused: nothing would carry them out.
"""

from collections.abc import Mapping
from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.bus import Bus, Caller, Event
from lamplighter.lang.regex import InvalidRegex, TextTooLong, compile_java
from lamplighter.services.ssm import errors
from lamplighter.services.ssm.names import check_name, find_parameter, look_up
from lamplighter.services.ssm.tables import parameters as rows
from lamplighter.services.ssm.tables.parameters import SECURE, Parameter, ParameterVersion
from lamplighter.services.ssm.tags import TAG_RULES
from lamplighter.store.db import Tx
from lamplighter.store.encryption import SecretCipher

STANDARD, ADVANCED, INTELLIGENT = "Standard", "Advanced", "Intelligent-Tiering"
MAX_CHARACTERS: Mapping[str, int] = {STANDARD: 4096, ADVANCED: 8192}
MAX_VERSIONS = 100
DEFAULT_KEY = "alias/aws/ssm"
DATA_TYPES = ("text", "aws:ec2:image", "aws:ssm:integration")
KEPT_MEMBERS = ("Description", "AllowedPattern", "DataType", "Tier", "KeyId")
"""The members of a version that a change without them keeps."""


class ParameterWriter:
    """The operations that change parameters."""

    def __init__(self, bus: Bus, cipher: SecretCipher) -> None:
        self._bus = bus
        self._cipher = cipher

    def put(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle PutParameter."""
        name = params["Name"]
        if name.startswith("arn:"):
            name = find_parameter(tx, caller, name).name
        check_name(name)
        found = look_up(tx, caller, name)
        if found is not None and not params.get("Overwrite"):
            raise errors.AlreadyExists
        if params.get("Overwrite") and params.get("Tags"):
            raise errors.InvalidParameter(
                "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please "
                "remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or "
                "RemoveTagsFromResource."
            )
        before = rows.version(tx, found.id, found.version) if found is not None else None
        kind, body = self._check(name, params, before)
        if found is None:
            tags = TAG_RULES.read(params.get("Tags"))
            parameter = Parameter(0, caller.account, caller.region, name, 1, tags)
            parameter = replace(parameter, id=rows.insert(tx, parameter))
        else:
            parameter = replace(found, version=found.version + 1)
            _make_room(tx, parameter)
            rows.update(tx, parameter)
        value = self._cipher.encrypt(tx, params["Value"]) if kind == SECURE else params["Value"]
        row = ParameterVersion(parameter.id, parameter.version, kind, value, tx.now, [], body)
        rows.put_version(tx, row)
        self._publish(tx, caller, parameter, row, "Create" if found is None else "Update")
        return {"Version": parameter.version, "Tier": body["Tier"]}

    def _check(self, name: str, params: Json, before: ParameterVersion | None) -> tuple[str, dict[str, Json]]:
        """Return the type and the other members of a new version. Raises the errors of PutParameter."""
        kind = params.get("Type") or (before.type if before is not None else None)
        if kind is None:
            raise errors.InvalidParameter("A parameter type is required when you create a parameter.")
        if before is not None and kind != before.type:
            raise errors.TypeMismatch(name, before.type, kind)
        if params.get("Policies") not in (None, "", "[]"):
            raise errors.InvalidParameter("This engine does not carry out parameter policies: leave Policies out.")
        kept = {each: before.body[each] for each in KEPT_MEMBERS if before is not None and each in before.body}
        given = {each: params[each] for each in KEPT_MEMBERS if params.get(each) is not None}
        body: dict[str, Json] = {"DataType": "text", **kept, **given}
        if kind == SECURE:
            body.setdefault("KeyId", DEFAULT_KEY)
        elif "KeyId" in params:
            raise errors.InvalidParameter(
                f"KeyId is required for SecureString type parameter only. KeyId: {params['KeyId']}"
            )
        if body["DataType"] not in DATA_TYPES:
            raise errors.InvalidParameter(
                f"The following data type is not supported: {body['DataType']} (Data type names are all lowercase.)"
            )
        if before is not None and before.body.get("Tier") == ADVANCED:
            if params.get("Tier") == STANDARD:
                raise errors.InvalidParameter(
                    "You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier."
                )
            body["Tier"] = ADVANCED
        body["Tier"] = _choose_tier(params["Value"], body.get("Tier", STANDARD))
        _check_value(params["Value"], body.get("AllowedPattern"))
        return kind, body

    def delete(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Handle DeleteParameter."""
        self._delete(tx, caller, find_parameter(tx, caller, params["Name"]))

    def delete_several(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle DeleteParameters."""
        deleted, invalid = [], []
        for name in dict.fromkeys(params["Names"]):
            try:
                self._delete(tx, caller, find_parameter(tx, caller, name))
                deleted.append(name)
            except errors.NotFound:
                invalid.append(name)
        return {"DeletedParameters": deleted, "InvalidParameters": invalid}

    def _delete(self, tx: Tx, caller: Caller, parameter: Parameter) -> None:
        last = rows.version(tx, parameter.id, parameter.version)
        rows.delete(tx, parameter)
        if last is not None:
            self._publish(tx, caller, parameter, last, "Delete")

    def _publish(self, tx: Tx, caller: Caller, parameter: Parameter, row: ParameterVersion, operation: str) -> None:
        detail = {"operation": operation, "name": parameter.name, "type": row.type}
        description = {"description": row.body["Description"]} if row.body.get("Description") else {}
        self._bus.publish(
            tx,
            "aws.ssm",
            lambda: Event(
                caller,
                "aws.ssm",
                "Parameter Store Change",
                tx.now,
                (parameter.arn,),
                {**detail, **description},
            ),
        )


def _choose_tier(value: str, tier: str) -> str:
    size = len(value.encode(errors="surrogatepass"))
    if not value:
        raise errors.InvalidParameter(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length "
            "greater than or equal to 1."
        )
    if tier == INTELLIGENT:
        tier = STANDARD if size <= MAX_CHARACTERS[STANDARD] else ADVANCED
    if size > MAX_CHARACTERS[tier]:
        more = (
            " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more "
            "information, see "
            "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
        )
        raise errors.InvalidParameter(
            f"{tier} tier parameters support a maximum parameter value of {MAX_CHARACTERS[tier]} characters."
            + (more if tier == STANDARD else "")
        )
    return tier


def _check_value(value: str, pattern: str | None) -> None:
    if not pattern:
        return
    try:
        matches = compile_java(pattern).fullmatch(value)
    except InvalidRegex as error:
        raise errors.InvalidPattern(error) from None
    except TextTooLong as error:
        raise errors.InvalidParameter(str(error)) from None
    if not matches:
        raise errors.PatternMismatch(pattern)


def _make_room(tx: Tx, parameter: Parameter) -> None:
    """Delete the oldest version if there are a hundred. Raises ParameterMaxVersionLimitExceeded if it has a label."""
    kept = rows.versions(tx, parameter.id)
    if len(kept) >= MAX_VERSIONS:
        if kept[0].labels:
            raise errors.MaxVersions(parameter.name, kept[0].version)
        rows.delete_version(tx, parameter.id, kept[0].version)
