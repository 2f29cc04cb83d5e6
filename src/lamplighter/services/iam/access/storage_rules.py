"""The resources of S3, ECR, Systems Manager's parameters and Secrets Manager, about which IAM decides.

See https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html: many operations of S3 share
the actions GetObject, PutObject and ListBucket.
"""

from collections.abc import Mapping

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.iam.access.needed_permission import ANY, ResourceRule, named, same


def _bucket(params: Json, _caller: Caller) -> tuple[str, ...]:
    return (f"arn:{arn.PARTITION}:s3:::{params.get('Bucket', '')}",)


def _object(params: Json, _caller: Caller) -> tuple[str, ...]:
    return (f"arn:{arn.PARTITION}:s3:::{params.get('Bucket', '')}/{params.get('Key', '')}",)


def _deleted_objects(params: Json, caller: Caller) -> list[str]:
    keys = [each.get("Key", "") for each in params.get("Delete", {}).get("Objects", [])]
    return [each for key in keys for each in _object({**params, "Key": key}, caller)] or [ANY]


def _parameter(params: Json, caller: Caller) -> list[str]:
    given = params["Names"] if "Names" in params else [params.get("Name") or params.get("Path") or ""]
    return [_parameter_arn(str(each), caller) for each in given]


def _parameter_arn(name: str, caller: Caller) -> str:
    """Return the ARN of a parameter, without the version or the label after its name, and the spaces around it."""
    name = name.strip(" ")
    if name.startswith("arn:"):
        return ":".join(name.split(":")[:6])
    return arn.build("ssm", caller.region, caller.account, f"parameter/{name.partition(':')[0].lstrip('/')}")


def _tagged_parameter(params: Json, caller: Caller) -> list[str]:
    return _parameter({"Name": params.get("ResourceId", "")}, caller)


def _new_secret(params: Json, caller: Caller) -> tuple[str, ...]:
    return (arn.build("secretsmanager", caller.region, caller.account, f"secret:{params.get('Name', '')}"),)


def secret_arn(secret: str, caller: Caller) -> str:
    """Return the ARN of a secret that does not exist; without a suffix it matches policies with `-??????` or `*`."""
    if secret.startswith("arn:"):
        return secret
    return arn.build("secretsmanager", caller.region, caller.account, f"secret:{secret}-??????")


def _secret(params: Json, caller: Caller) -> tuple[str, ...]:
    return (secret_arn(str(params.get("SecretId", "")), caller),)


_REPOSITORY = named("ecr", "repositoryName", "repository/{}")
REGISTRY_ACTIONS = (
    "BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer InitiateLayerUpload UploadLayerPart"
)
"""What Docker does through the registry: actions of ECR that are no operations here."""
STORAGE_RULES: Mapping[str, Mapping[str, ResourceRule]] = {
    "s3": {
        **same(
            "AbortMultipartUpload CompleteMultipartUpload CopyObject CreateMultipartUpload DeleteObject "
            "DeleteObjectTagging GetObject GetObjectAcl GetObjectAttributes GetObjectTagging HeadObject ListParts "
            "PutObject PutObjectAcl PutObjectTagging UploadPart UploadPartCopy",
            _object,
        ),
        "DeleteObjects": _deleted_objects,
        **same(
            "CreateBucket DeleteBucket DeleteBucketCors DeleteBucketEncryption DeleteBucketLifecycle "
            "DeleteBucketPolicy DeleteBucketTagging DeletePublicAccessBlock GetBucketAcl GetBucketCors "
            "GetBucketEncryption GetBucketLifecycleConfiguration GetBucketLocation GetBucketNotificationConfiguration "
            "GetBucketOwnershipControls GetBucketPolicy GetBucketTagging GetBucketVersioning GetPublicAccessBlock "
            "HeadBucket ListMultipartUploads ListObjectVersions ListObjects ListObjectsV2 PutBucketAcl PutBucketCors "
            "PutBucketEncryption PutBucketLifecycleConfiguration PutBucketNotificationConfiguration "
            "PutBucketOwnershipControls PutBucketPolicy PutBucketTagging PutBucketVersioning PutPublicAccessBlock",
            _bucket,
        ),
        **same(
            "DeleteBucketOwnershipControls GetBucketAccelerateConfiguration GetBucketLogging GetBucketPolicyStatus "
            "GetBucketReplication GetBucketRequestPayment GetBucketWebsite GetObjectLockConfiguration "
            "PutBucketLogging",
            _bucket,
        ),
    },
    "ssm": {
        **same("DeleteParameter GetParameter GetParameterHistory GetParametersByPath PutParameter", _parameter),
        **same("DeleteParameters GetParameters LabelParameterVersion UnlabelParameterVersion", _parameter),
        **same("AddTagsToResource ListTagsForResource RemoveTagsFromResource", _tagged_parameter),
    },
    "ecr": {
        **same(
            "CreateRepository DeleteLifecyclePolicy DeleteRepository DeleteRepositoryPolicy DescribeImages "
            "GetLifecyclePolicy GetRepositoryPolicy ListImages PutImage PutImageScanningConfiguration "
            "PutImageTagMutability PutLifecyclePolicy SetRepositoryPolicy",
            _REPOSITORY,
        ),
        **same(REGISTRY_ACTIONS, _REPOSITORY),
        "DescribeRepositories": named("ecr", "repositoryNames", "repository/{}"),
        **same("ListTagsForResource TagResource UntagResource", named("ecr", "resourceArn")),
    },
    "secretsmanager": {
        "CreateSecret": _new_secret,
        **same(
            "DeleteResourcePolicy DeleteSecret DescribeSecret GetResourcePolicy GetSecretValue ListSecretVersionIds "
            "PutResourcePolicy PutSecretValue RestoreSecret TagResource UntagResource UpdateSecret "
            "UpdateSecretVersionStage",
            _secret,
        ),
    },
}
STORAGE_ACTIONS: Mapping[str, Mapping[str, str]] = {
    "s3": {
        **dict.fromkeys(
            ("CompleteMultipartUpload", "CopyObject", "CreateMultipartUpload", "UploadPart", "UploadPartCopy"),
            "PutObject",
        ),
        **dict.fromkeys(("HeadBucket", "ListObjects", "ListObjectsV2"), "ListBucket"),
        "DeleteBucketCors": "PutBucketCORS",
        "DeleteBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "DeleteBucketTagging": "PutBucketTagging",
        "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
        "DeleteObjects": "DeleteObject",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
        "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
        "GetBucketCors": "GetBucketCORS",
        "GetBucketEncryption": "GetEncryptionConfiguration",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "GetBucketNotificationConfiguration": "GetBucketNotification",
        "GetBucketReplication": "GetReplicationConfiguration",
        "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
        "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
        "HeadObject": "GetObject",
        "ListBuckets": "ListAllMyBuckets",
        "ListMultipartUploads": "ListBucketMultipartUploads",
        "ListObjectVersions": "ListBucketVersions",
        "ListParts": "ListMultipartUploadParts",
        "PutBucketCors": "PutBucketCORS",
        "PutBucketEncryption": "PutEncryptionConfiguration",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "PutBucketNotificationConfiguration": "PutBucketNotification",
        "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    },
}
