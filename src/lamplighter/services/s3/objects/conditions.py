"""Evaluate the conditions of requests: If-Match, If-None-Match and the times.

See https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html and, for the order,
https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2.
"""

from lamplighter.base.json_text import Json
from lamplighter.services.s3 import errors
from lamplighter.services.s3.tables.versions import Version


def check_read(version: Version, params: Json) -> None:
    """Raise PreconditionFailed or NotModified if a condition of a read does not hold."""
    seconds = version.modified // 1000
    if "IfMatch" in params:
        if not _matches(version, params["IfMatch"]):
            raise errors.PreconditionFailed("If-Match")
    elif "IfUnmodifiedSince" in params and seconds > params["IfUnmodifiedSince"]:
        raise errors.PreconditionFailed("If-Unmodified-Since")
    if "IfNoneMatch" in params:
        if _matches(version, params["IfNoneMatch"]):
            raise _not_modified(version)
    elif "IfModifiedSince" in params and seconds <= params["IfModifiedSince"]:
        raise _not_modified(version)


def check_write(current: Version | None, key: str, params: Json) -> None:
    """Raise PreconditionFailed or NoSuchKey if a condition of a write does not hold; `current`: the latest version."""
    exists = current is not None and not current.is_marker
    if "IfNoneMatch" in params:
        if params["IfNoneMatch"] != "*":
            raise errors.NotImplementedHere("A header you provided implies functionality that is not implemented")
        if exists:
            raise errors.PreconditionFailed("If-None-Match")
    if "IfMatch" in params:
        if current is None or not exists:
            raise errors.NoSuchKey(key)
        if not _matches(current, params["IfMatch"]):
            raise errors.PreconditionFailed("If-Match")


def check_copy_source(version: Version, params: Json) -> None:
    """Raise PreconditionFailed if a condition on the source of a copy does not hold."""
    seconds = version.modified // 1000
    wants_match, wants_other = params.get("CopySourceIfMatch"), params.get("CopySourceIfNoneMatch")
    if wants_match is not None:
        if not _matches(version, wants_match):
            raise errors.PreconditionFailed("x-amz-copy-source-If-Match")
    elif seconds > params.get("CopySourceIfUnmodifiedSince", seconds):
        raise errors.PreconditionFailed("x-amz-copy-source-If-Unmodified-Since")
    if wants_other is not None:
        if _matches(version, wants_other):
            raise errors.PreconditionFailed("x-amz-copy-source-If-None-Match")
    elif "CopySourceIfModifiedSince" in params and seconds <= params["CopySourceIfModifiedSince"]:
        raise errors.PreconditionFailed("x-amz-copy-source-If-Modified-Since")


def _matches(version: Version, header: str) -> bool:
    tags = [each.strip().removeprefix("W/").strip('"') for each in header.split(",")]
    return "*" in tags or version.etag in tags


def _not_modified(version: Version) -> Exception:
    error = errors.NotModified()
    error.headers = {"etag": f'"{version.etag}"'}
    return error
