"""Find the version of an object that a request names."""

import re

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.services.s3 import errors
from lamplighter.services.s3.tables import versions
from lamplighter.services.s3.tables.buckets import Bucket
from lamplighter.services.s3.tables.versions import Version
from lamplighter.store.db import Reader

_VERSION_ID = re.compile(r"null|[\w.]{32}", re.ASCII)


def find_version(reader: Reader, bucket: Bucket, params: Json) -> Version:
    """Return the named or the latest version.

    Raises NoSuchKey, NoSuchVersion, InvalidArgument for a name that no version can have, and MethodNotAllowed for a
    marker.
    """
    key, name = params["Key"], params.get("VersionId")
    if name is not None:
        check_version_id(name)
        version = require(versions.get(reader, bucket.id, key, name), lambda: errors.NoSuchVersion(key, name))
        if version.is_marker:
            error = errors.MethodNotAllowed()
            error.headers = {"x-amz-delete-marker": "true", "x-amz-version-id": name}
            raise error
        return version
    version = require(versions.latest(reader, bucket.id, key), lambda: errors.NoSuchKey(key))
    if version.is_marker:
        raise errors.NoSuchKey(key, version.version)
    return version


def check_version_id(name: str, parameter: str = "versionId") -> None:
    """Raise InvalidArgument if no version can have this ID."""
    if not _VERSION_ID.fullmatch(name):
        raise errors.InvalidArgument("Invalid version id specified", parameter, name)


def version_field(bucket: Bucket, version: Version) -> Json:
    """Return the VersionId of an answer: buckets that never had versioning have none."""
    return {"VersionId": version.version} if bucket.versioning else {}
