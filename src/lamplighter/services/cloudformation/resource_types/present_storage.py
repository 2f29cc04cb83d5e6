"""Read the properties that buckets, parameters, secrets and repositories have now.

The value of a secret is not compared, because AWS does not read it either. A setting of a bucket is compared as S3 has
it, which differs from the template in names and nesting. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types import ecr
from lamplighter.services.cloudformation.resource_types.read_properties import (
    PresentProperties,
    call_if_found,
    pick,
    read_tags,
)
from lamplighter.services.cloudformation.resource_types.resource_type import Plan, Properties, ResourceRequest
from lamplighter.services.cloudformation.resource_types.s3 import BUCKET_PROPERTIES, BucketProperty

SECRET_NAMES = ("Name", "Description", "KmsKeyId", "Tags")
PARAMETER_NAMES = ("Name", "Type", "Value", "Description", "AllowedPattern", "Tier", "DataType", "Tags")
REPOSITORY_NAMES = ("RepositoryName", *ecr.SETTINGS, *ecr.CREATION_ONLY, "Tags")


def _bucket(request: ResourceRequest) -> Plan[Properties | None]:
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


def _parameter(request: ResourceRequest) -> Plan[Properties | None]:
    found = (yield "GetParameter", {"Name": request.physical})["Parameter"]
    named = {"Key": "Name", "Option": "Equals", "Values": [request.physical]}
    described = (yield "DescribeParameters", {"ParameterFilters": [named]})["Parameters"][0]
    answer = yield "ListTagsForResource", {"ResourceType": "Parameter", "ResourceId": request.physical}
    return {**described, **pick(found, ("Name", "Type", "Value", "DataType")), "Tags": answer.get("TagList", [])}


def _secret(request: ResourceRequest) -> Plan[Properties | None]:
    found = yield "DescribeSecret", {"SecretId": request.physical}
    return None if "DeletedDate" in found else pick(found, SECRET_NAMES)


def _repository(request: ResourceRequest) -> Plan[Properties | None]:
    (found,) = (yield "DescribeRepositories", {"RepositoryNames": [request.physical]})["repositories"]
    tags = yield from read_tags("ListTagsForResource", "ResourceArn", found["repositoryArn"], "tags")
    return {**pick(found, REPOSITORY_NAMES), "Tags": tags}


KINDS: Mapping[str, PresentProperties] = {
    "AWS::S3::Bucket": PresentProperties(("BucketName", *BUCKET_PROPERTIES, "Tags"), _bucket),
    "AWS::SSM::Parameter": PresentProperties(PARAMETER_NAMES, _parameter),
    "AWS::SecretsManager::Secret": PresentProperties(SECRET_NAMES, _secret),
    "AWS::ECR::Repository": PresentProperties(REPOSITORY_NAMES, _repository),
}
