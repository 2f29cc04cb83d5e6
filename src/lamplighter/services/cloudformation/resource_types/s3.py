"""Define the resource types of S3.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_S3.html. A stack does not take over a
bucket that exists already, although CreateBucket would accept one's own in us-east-1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.read_properties import call_if_found
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    NameRule,
    Plan,
    PresentProperties,
    Properties,
    ResourceRequest,
    ResourceType,
    call_with_id,
    exists_by_call,
)

DEFAULT_REGION = "us-east-1"
Convert = Callable[[Json], Json]


def _same(value: Json) -> Json:
    return value


@dataclass(frozen=True, slots=True)
class BucketProperty:
    """A property that one operation sets, one reads and one deletes."""

    get: str
    member: str
    """The member of the answer that has the setting; empty if it is the whole answer."""
    put: str
    parameter: str
    delete: str
    """The operation that deletes it; empty if a put of `empty` does."""
    convert: Convert = _same
    empty: Json = None


def _encryption(value: Json) -> Json:
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": rule.get("ServerSideEncryptionByDefault"),
            "BucketKeyEnabled": rule.get("BucketKeyEnabled"),
            "BlockedEncryptionTypes": rule.get("BlockedEncryptionTypes"),
        }
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    return {"Rules": [_without_nulls(rule) for rule in rules]}


def _lifecycle(value: Json) -> Json:
    return {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}


def _lifecycle_rule(rule: Json) -> Json:
    expiration = _without_nulls(
        {
            "Days": rule.get("ExpirationInDays"),
            "Date": rule.get("ExpirationDate"),
            "ExpiredObjectDeleteMarker": rule.get("ExpiredObjectDeleteMarker"),
        }
    )
    days = rule.get("NoncurrentVersionExpirationInDays")
    noncurrent = rule.get("NoncurrentVersionExpiration") or ({"NoncurrentDays": days} if days is not None else None)
    return _without_nulls(
        {
            "ID": rule.get("Id"),
            "Status": rule["Status"],
            "Filter": _lifecycle_filter(rule),
            "Expiration": expiration or None,
            "NoncurrentVersionExpiration": noncurrent,
            "AbortIncompleteMultipartUpload": rule.get("AbortIncompleteMultipartUpload"),
            "Transitions": _transitions(rule, "Transition", "Days"),
            "NoncurrentVersionTransitions": _transitions(rule, "NoncurrentVersionTransition", "NoncurrentDays"),
        }
    )


def _transitions(rule: Json, property_name: str, days: str) -> Json:
    """Return the transitions of a rule, which may have one or a list of them; None if it has none."""
    one = [rule[property_name]] if rule.get(property_name) else []
    found = [
        {
            days: each.get("TransitionInDays"),
            "Date": each.get("TransitionDate"),
            "StorageClass": each["StorageClass"],
            "NewerNoncurrentVersions": each.get("NewerNoncurrentVersions"),
        }
        for each in [*one, *rule.get(f"{property_name}s", [])]
    ]
    return [_without_nulls(each) for each in found] or None


def _lifecycle_filter(rule: Json) -> Json:
    tags = rule.get("TagFilters", [])
    found = {name: rule[name] for name in ("Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan") if name in rule}
    if len(found) + len(tags) > 1:
        return {"And": {**found, **({"Tags": tags} if tags else {})}}
    return {**found, **({"Tag": tags[0]} if tags else {})}


def _cors(value: Json) -> Json:
    rules = [
        _without_nulls(
            {
                "ID": rule.get("Id"),
                "AllowedHeaders": rule.get("AllowedHeaders"),
                "AllowedMethods": rule.get("AllowedMethods"),
                "AllowedOrigins": rule.get("AllowedOrigins"),
                "ExposeHeaders": rule.get("ExposedHeaders"),
                "MaxAgeSeconds": rule.get("MaxAge"),
            }
        )
        for rule in value["CorsRules"]
    ]
    return {"CORSRules": rules}


def _logging(value: Json) -> Json:
    if not value.get("DestinationBucketName"):
        return {}
    target = {"TargetBucket": value["DestinationBucketName"], "TargetPrefix": value.get("LogFilePrefix", "")}
    return {"LoggingEnabled": target}


def _notifications(value: Json) -> Json:
    enabled = (value.get("EventBridgeConfiguration") or {}).get("EventBridgeEnabled")
    return {"EventBridgeConfiguration": {}} if str(enabled).lower() == "true" else {}


def _without_nulls(value: Json) -> Json:
    return {name: each for name, each in value.items() if each is not None}


BUCKET_PROPERTIES: Mapping[str, BucketProperty] = {
    "VersioningConfiguration": BucketProperty(
        *("GetBucketVersioning", "", "PutBucketVersioning", "VersioningConfiguration", ""),
        empty={"Status": "Suspended"},
    ),
    "PublicAccessBlockConfiguration": BucketProperty(
        *("GetPublicAccessBlock", "PublicAccessBlockConfiguration"),
        *("PutPublicAccessBlock", "PublicAccessBlockConfiguration", "DeletePublicAccessBlock"),
    ),
    "BucketEncryption": BucketProperty(
        *("GetBucketEncryption", "ServerSideEncryptionConfiguration"),
        *("PutBucketEncryption", "ServerSideEncryptionConfiguration", "DeleteBucketEncryption"),
        convert=_encryption,
    ),
    "OwnershipControls": BucketProperty(
        *("GetBucketOwnershipControls", "OwnershipControls"),
        *("PutBucketOwnershipControls", "OwnershipControls", "DeleteBucketOwnershipControls"),
    ),
    "LifecycleConfiguration": BucketProperty(
        *("GetBucketLifecycleConfiguration", ""),
        *("PutBucketLifecycleConfiguration", "LifecycleConfiguration", "DeleteBucketLifecycle"),
        convert=_lifecycle,
    ),
    "CorsConfiguration": BucketProperty(
        *("GetBucketCors", "", "PutBucketCors", "CORSConfiguration", "DeleteBucketCors"), convert=_cors
    ),
    "LoggingConfiguration": BucketProperty(
        *("GetBucketLogging", "", "PutBucketLogging", "BucketLoggingStatus", ""), convert=_logging, empty={}
    ),
    "NotificationConfiguration": BucketProperty(
        *("GetBucketNotificationConfiguration", ""),
        *("PutBucketNotificationConfiguration", "NotificationConfiguration", ""),
        convert=_notifications,
        empty={},
    ),
}


def _create_bucket(request: ResourceRequest) -> Plan[CreatedResource]:
    name = str(request.get("BucketName") or request.name.lower())
    place = {} if request.region == DEFAULT_REGION else {"LocationConstraint": request.region}
    answer = yield "CreateBucket", {"Bucket": name, "CreateBucketConfiguration": place or None}
    if "BucketArn" not in answer:  # us-east-1 accepts one's own bucket; only the answer about a new one has its ARN
        raise ResourceFailed(f"{name} already exists")
    yield from _put_settings(request, name)
    return CreatedResource(
        name,
        {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "DualStackDomainName": f"{name}.s3.dualstack.{request.region}.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{request.region}.amazonaws.com",
            "WebsiteURL": f"http://{name}.s3-website-{request.region}.amazonaws.com",
        },
    )


def _update_bucket(request: ResourceRequest) -> Plan[CreatedResource]:
    yield from _put_settings(request, request.physical)
    return request.unchanged


def _put_settings(request: ResourceRequest, name: str) -> Plan[None]:
    for key, known in BUCKET_PROPERTIES.items():
        wanted, before = request.get(key), request.before.get(key)
        if wanted == before:
            continue
        if wanted is not None:
            yield known.put, {"Bucket": name, known.parameter: known.convert(wanted)}
        elif known.delete:
            yield known.delete, {"Bucket": name}
        else:
            yield known.put, {"Bucket": name, known.parameter: known.empty}
    if request.tags:
        yield "PutBucketTagging", {"Bucket": name, "Tagging": {"TagSet": list(request.tags)}}
    elif request.tags_before:
        yield "DeleteBucketTagging", {"Bucket": name}


def _read_bucket(request: ResourceRequest) -> Plan[Properties | None]:
    yield "HeadBucket", {"Bucket": request.physical}
    found: dict[str, Json] = {"BucketName": request.physical}
    for name, known in BUCKET_PROPERTIES.items():
        if (wanted := request.get(name)) is not None:
            present = yield from _setting(request.physical, known)
            found[name] = wanted if _contains(present, known.convert(wanted)) else present
    tags = yield from call_if_found("GetBucketTagging", {"Bucket": request.physical})
    return {**found, "Tags": tags["TagSet"] if tags else []}


def _setting(bucket: str, known: BucketProperty) -> Plan[Json]:
    """Return a setting of a bucket as S3 has it, or None if it has none."""
    answer = yield from call_if_found(known.get, {"Bucket": bucket})
    return answer.get(known.member) if answer and known.member else answer


def _contains(present: Json, wanted: Json) -> bool:
    """Return whether a value has all that another one has; S3 adds members with defaults."""
    if isinstance(wanted, dict):
        return isinstance(present, dict) and all(_contains(present.get(name), each) for name, each in wanted.items())
    if isinstance(wanted, list):
        same_length = isinstance(present, list) and len(present) == len(wanted)
        return same_length and all(map(_contains, present, wanted))
    return wanted is None or present == wanted or str(present).lower() == str(wanted).lower()


def _put_policy(request: ResourceRequest) -> Plan[CreatedResource]:
    name = request.get("Bucket")
    yield "PutBucketPolicy", {"Bucket": name, "Policy": request.get("PolicyDocument")}
    return CreatedResource(name)


KINDS: Mapping[str, ResourceType] = {
    "AWS::S3::Bucket": ResourceType(
        _create_bucket,
        _update_bucket,
        call_with_id("DeleteBucket", "Bucket"),
        NameRule("BucketName", 63),
        without_effect=(
            *("AbacStatus", "AccelerateConfiguration", "AccessControl", "AnalyticsConfigurations", "BucketNamePrefix"),
            *("BucketNamespace", "IntelligentTieringConfigurations", "InventoryConfigurations"),
            "LifecycleConfiguration/TransitionDefaultMinimumObjectSize",
            *("LoggingConfiguration/TargetObjectKeyFormat", "MetadataConfiguration"),
            *("MetadataTableConfiguration", "MetricsConfigurations"),
            *(f"NotificationConfiguration/{kind}Configurations" for kind in ("Lambda", "Queue", "Topic")),
            *("ObjectLockConfiguration", "ObjectLockEnabled", "ReplicationConfiguration", "WebsiteConfiguration"),
        ),
        exists=exists_by_call("HeadBucket", "Bucket"),
        present=PresentProperties(("BucketName", *BUCKET_PROPERTIES, "Tags"), _read_bucket),
    ),
    "AWS::S3::BucketPolicy": ResourceType(
        _put_policy,
        _put_policy,
        call_with_id("DeleteBucketPolicy", "Bucket"),
        exists=exists_by_call("GetBucketPolicy", "Bucket"),
    ),
}
