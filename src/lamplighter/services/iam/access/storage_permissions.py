"""List the permissions of calls that need more than their own action: versions and copies of objects, many secrets.

A version of an object has actions of its own. A copy reads its source. BatchGetSecretValue reads each secret. See
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html and
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import unquote

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.services.iam.access.needed_permission import ANY

MAX_DELETED = 1_000
"""The most keys of a DeleteObjects; S3 refuses longer lists."""
GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP")
Needed = tuple[str, str]
"""An action and its resource."""
VERSION_ACTIONS: Mapping[str, str] = {
    "s3:DeleteObject": "s3:DeleteObjectVersion",
    "s3:DeleteObjectTagging": "s3:DeleteObjectVersionTagging",
    "s3:GetObject": "s3:GetObjectVersion",
    "s3:GetObjectAcl": "s3:GetObjectVersionAcl",
    "s3:GetObjectAttributes": "s3:GetObjectVersionAttributes",
    "s3:GetObjectTagging": "s3:GetObjectVersionTagging",
    "s3:PutObjectAcl": "s3:PutObjectVersionAcl",
    "s3:PutObjectTagging": "s3:PutObjectVersionTagging",
}
"""The actions on a version, by those on the latest one."""


def storage_permissions(
    service: str,
    operation: str,
    params: Json,
    action: str,
    resources: Iterable[str],
    find_secrets: Callable[[list[str]], list[str]],
) -> list[Needed]:
    """Return what a call needs, its own action on its resources included.

    `find_secrets` returns the ARNs of secrets, or those of all secrets for none: a filter may find each of them.
    """
    own = [(action, each) for each in resources]
    match service, operation:
        case "s3", "DeleteObjects":
            listed = params["Delete"]["Objects"][:MAX_DELETED]
            return [_of_deleted(params["Bucket"], each) for each in listed] or own
        case "s3", "CopyObject" | "UploadPartCopy":
            return [*own, *_of_headers(params, own), _of_source(params["CopySource"])]
        case "s3", "PutObject" | "CreateMultipartUpload":
            return [*own, *_of_headers(params, own)]
        case "s3", "GetObjectAttributes":
            return [_of_version(each, params) for each in (*own, *(("s3:GetObject", resource) for _, resource in own))]
        case "s3", _:
            return [_of_version(each, params) for each in own]
        case "secretsmanager", "BatchGetSecretValue":
            given = params.get("SecretIdList") or []
            read = [("secretsmanager:GetSecretValue", each) for each in find_secrets(given)]
            return [*own, *([] if given else [("secretsmanager:ListSecrets", ANY)]), *read]
        case "secretsmanager", _ if "SecretId" in params:
            return [(action, each) for each in find_secrets([params["SecretId"]])]
        case _:
            return own


def _of_headers(params: Json, own: Iterable[Needed]) -> Iterator[Needed]:
    """Yield what the headers of a new object need: an ACL and tags have actions of their own."""
    for _, resource in own:
        if any(params.get(name) for name in ("ACL", *GRANTS)):
            yield "s3:PutObjectAcl", resource
        if params.get("Tagging"):
            yield "s3:PutObjectTagging", resource


def _of_version(needed: Needed, params: Json) -> Needed:
    action, resource = needed
    return (VERSION_ACTIONS.get(action, action) if params.get("VersionId") else action), resource


def _of_deleted(bucket: str, entry: Json) -> Needed:
    return _of_version(("s3:DeleteObject", _object_arn(f"{bucket}/{entry['Key']}")), entry)


def _of_source(source: str) -> Needed:
    path, _, query = source.partition("?")
    version = {"VersionId": query.removeprefix("versionId=")} if query.startswith("versionId=") else {}
    return _of_version(("s3:GetObject", _object_arn(unquote(path).removeprefix("/"))), version)


def _object_arn(place: str) -> str:
    return f"arn:{arn.PARTITION}:s3:::{place}"
