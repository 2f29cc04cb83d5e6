"""Put, get and delete the settings of buckets.

A setting is kept as it was sent and returned so. Versioning and the lifecycle rules have effect; which others have none
here is in the manual. A setting that would have to do something that this engine does not do is refused. See
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingBucket.html#bucket-config-options-intro.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json, loads_unique
from lamplighter.bus import Caller, Operation
from lamplighter.services.s3 import errors
from lamplighter.services.s3.bucket_events import EVENT_BRIDGE, NOTIFICATIONS
from lamplighter.services.s3.buckets import lifecycle
from lamplighter.services.s3.buckets.buckets import DEFAULT_REGION, check_acl, owner_id
from lamplighter.services.s3.buckets.find_bucket import find_bucket
from lamplighter.services.s3.objects.tags import check_tags
from lamplighter.services.s3.tables import buckets as rows
from lamplighter.services.s3.tables.buckets import Bucket
from lamplighter.store.db import Reader, Tx
from lamplighter.wire.protocols.rest_xml import RAW

ENCRYPTION = "ServerSideEncryptionConfiguration"
DEFAULT_ENCRYPTION = {
    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]
}
VERSIONING_STATES = ("Enabled", "Suspended")


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of buckets."""

    noun: str
    """The part of the operations' names after the verb."""
    parameter: str
    """The parameter that has the setting."""
    missing: tuple[str, str] | None
    """Code and message of the error if a bucket does not have it; None if the answer is then empty."""
    has_payload: bool = False
    """Whether the answer has the setting under the parameter's name; otherwise the answer is the setting."""
    delete: str | None = None
    """The operation that deletes it, if it is not `Delete` and the noun; empty if there is none."""
    default: Json = None
    """The setting of a bucket that has none of its own."""
    check: Callable[[Json], object] = lambda _value: None
    beside: Mapping[str, str] = field(default_factory=dict)
    """Members of requests and answers that belong to the setting, and their defaults."""


def _check_policy(text: Json) -> None:
    document = loads_unique(text)
    if document is None:
        raise errors.MalformedPolicy("Policies must be valid JSON and the first byte must be '{'")
    if not isinstance(document, dict) or not document.get("Statement"):
        raise errors.MalformedPolicy("Missing required field Statement")


def _check_ownership(value: Json) -> None:
    modes = [rule.get("ObjectOwnership") for rule in value.get("Rules", [])]
    if len(modes) != 1 or modes[0] not in ("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"):
        raise errors.MalformedXml


def _check_encryption(value: Json) -> None:
    for rule in value.get("Rules") or [{}]:
        chosen = rule.get("ApplyServerSideEncryptionByDefault") or {}
        if chosen.get("SSEAlgorithm") not in ("AES256", "aws:kms", "aws:kms:dsse"):
            raise errors.MalformedXml


def _check_notifications(value: Json) -> None:
    if any(value.get(name) for name in value if name != EVENT_BRIDGE):
        raise errors.NotImplementedHere("This engine sends the events of buckets to EventBridge only")


SETTINGS = (
    Setting(
        "BucketEncryption",
        ENCRYPTION,
        None,
        has_payload=True,
        default=DEFAULT_ENCRYPTION,
        check=_check_encryption,
    ),
    Setting(
        "PublicAccessBlock",
        "PublicAccessBlockConfiguration",
        ("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"),
        has_payload=True,
    ),
    Setting(
        "BucketLifecycleConfiguration",
        "LifecycleConfiguration",
        ("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
        delete="DeleteBucketLifecycle",
        check=lifecycle.check_rules,
        beside={"TransitionDefaultMinimumObjectSize": "all_storage_classes_128K"},
    ),
    Setting(
        "BucketPolicy",
        "Policy",
        ("NoSuchBucketPolicy", "The bucket policy does not exist"),
        has_payload=True,
        check=_check_policy,
    ),
    Setting(
        "BucketTagging",
        "Tagging",
        ("NoSuchTagSet", "The TagSet does not exist"),
        check=lambda value: check_tags(value.get("TagSet") or [], 50),
    ),
    Setting(
        "BucketOwnershipControls",
        "OwnershipControls",
        ("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
        has_payload=True,
        check=_check_ownership,
    ),
    Setting("BucketCors", "CORSConfiguration", ("NoSuchCORSConfiguration", "The CORS configuration does not exist")),
    Setting("BucketLogging", "BucketLoggingStatus", None, delete=""),
    Setting("BucketNotificationConfiguration", NOTIFICATIONS, None, delete="", check=_check_notifications),
)


def operations() -> Mapping[str, Operation]:
    """Return the operations, most of which follow from SETTINGS, by name."""
    found: dict[str, Operation] = {
        "GetBucketLocation": Operation(read=_get_location),
        "GetBucketVersioning": Operation(read=_get_versioning),
        "PutBucketVersioning": Operation(write=_put_versioning),
        "GetBucketAcl": Operation(read=_get_acl),
        "PutBucketAcl": Operation(write=_put_acl),
        "GetBucketRequestPayment": Operation(read=_answer({"Payer": "BucketOwner"})),
        "GetBucketAccelerateConfiguration": Operation(read=_answer({})),
        "GetBucketPolicyStatus": Operation(read=_get_policy_status),
        "FindPolicy": Operation(read=_find_policy),
        **{name: Operation(read=_missing(code, text)) for name, code, text in _NEVER_SET},
    }
    for setting in SETTINGS:
        found[f"Put{setting.noun}"] = Operation(write=_put(setting))
        found[f"Get{setting.noun}"] = Operation(read=_get(setting))
        if setting.delete != "":
            found[setting.delete or f"Delete{setting.noun}"] = Operation(write=_delete(setting))
    return found


def _put(setting: Setting) -> Callable[[Tx, Caller, Json], Json]:
    def put(tx: Tx, caller: Caller, params: Json) -> Json:
        bucket, value = find_bucket(tx, caller, params), params.get(setting.parameter)
        if value is None:
            raise errors.MalformedXml
        setting.check(value)
        beside = {name: params.get(name, default) for name, default in setting.beside.items()}
        _save(tx, bucket, {**bucket.settings, setting.parameter: {**value, **beside} if beside else value})
        return beside

    return put


def _delete(setting: Setting) -> Callable[[Tx, Caller, Json], None]:
    def delete(tx: Tx, caller: Caller, params: Json) -> None:
        bucket = find_bucket(tx, caller, params)
        kept = {name: value for name, value in bucket.settings.items() if name != setting.parameter}
        _save(tx, bucket, kept)

    return delete


def _save(tx: Tx, bucket: Bucket, settings: dict[str, Json]) -> None:
    changed = replace(bucket, settings=settings)
    rows.update(tx, changed)
    lifecycle.plan(tx, changed, tx.now)


def _get(setting: Setting) -> Callable[[Reader, Caller, Json], Json]:
    def get(reader: Reader, caller: Caller, params: Json) -> Json:
        bucket = find_bucket(reader, caller, params)
        value = bucket.settings.get(setting.parameter, setting.default)
        if value is None:
            if setting.missing is not None:
                raise errors.no_setting(*setting.missing, bucket.name)
            return {}
        return {setting.parameter: value} if setting.has_payload else {**setting.beside, **value}

    return get


def _get_location(reader: Reader, caller: Caller, params: Json) -> Json:
    bucket = find_bucket(reader, caller, params)
    located = bucket.settings.get("LocationConstraint", None if bucket.region == DEFAULT_REGION else bucket.region)
    return {"LocationConstraint": located, RAW: located or ""}


def _get_versioning(reader: Reader, caller: Caller, params: Json) -> Json:
    state = find_bucket(reader, caller, params).versioning
    return {"Status": state} if state else {}


def _put_versioning(tx: Tx, caller: Caller, params: Json) -> None:
    bucket, wanted = find_bucket(tx, caller, params), params.get("VersioningConfiguration") or {}
    if wanted.get("MFADelete") == "Enabled":
        raise errors.NotImplementedHere("This engine has no MFA Delete")
    if wanted.get("Status") not in VERSIONING_STATES:
        raise errors.MalformedXml
    rows.update(tx, replace(bucket, versioning=wanted["Status"]))


def describe_acl(bucket: Bucket) -> Json:
    """Return the ACL of everything in a bucket: the owner may do all."""
    owner = {"ID": owner_id(bucket.account)}
    return {"Owner": owner, "Grants": [{"Grantee": {**owner, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}]}


def _get_acl(reader: Reader, caller: Caller, params: Json) -> Json:
    return describe_acl(find_bucket(reader, caller, params))


def _put_acl(tx: Tx, caller: Caller, params: Json) -> None:
    refuse_grants(find_bucket(tx, caller, params), params)


def _find_policy(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Return the policies of a bucket, as texts, and its owner, for IAM's decisions; AWS has no such operation."""
    account, text = rows.owner_and_policy(reader, arn.parse_known(params["Resource"]).resource) or ("", None)
    return {"Policies": [] if text is None else [text], "Account": account}


def refuse_grants(bucket: Bucket, params: Json) -> None:
    """Refuse a new ACL, unless it leaves everything to the owner."""
    check_acl(params)
    for grant in (params.get("AccessControlPolicy") or {}).get("Grants") or []:
        if (grant.get("Grantee") or {}).get("ID") != owner_id(bucket.account):
            raise errors.AclNotSupported


def _get_policy_status(reader: Reader, caller: Caller, params: Json) -> Json:
    bucket = find_bucket(reader, caller, params)
    if "Policy" not in bucket.settings:
        raise errors.no_setting("NoSuchBucketPolicy", "The bucket policy does not exist", bucket.name)
    return {"PolicyStatus": {"IsPublic": False}}


_NEVER_SET = (
    (
        "GetBucketReplication",
        "ReplicationConfigurationNotFoundError",
        "The replication configuration was not found",
    ),
    ("GetBucketWebsite", "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
    (
        "GetObjectLockConfiguration",
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
    ),
)
"""Operations that read settings which no bucket here can have."""


def _answer(value: Json) -> Callable[[Reader, Caller, Json], Json]:
    def get(reader: Reader, caller: Caller, params: Json) -> Json:
        find_bucket(reader, caller, params)
        return value

    return get


def _missing(code: str, message: str) -> Callable[[Reader, Caller, Json], Json]:
    def get(reader: Reader, caller: Caller, params: Json) -> Json:
        raise errors.no_setting(code, message, find_bucket(reader, caller, params).name)

    return get
