"""Delete objects: DeleteObject and DeleteObjects.

See https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html.
"""

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.s3 import errors
from lamplighter.services.s3.buckets.find_bucket import find_bucket
from lamplighter.services.s3.objects.conditions import check_write
from lamplighter.services.s3.objects.delete_versions import VersionDeleter
from lamplighter.services.s3.tables import versions
from lamplighter.services.s3.tables.buckets import Bucket
from lamplighter.store.db import Tx

MAX_KEYS = 1_000
DIRECTORY_CONDITIONS = {"IfMatchSize": "Size", "IfMatchLastModifiedTime": "LastModifiedTime"}
"""The conditions that only directory buckets have, by their names in DeleteObject, and in an entry of DeleteObjects."""


class ObjectDeleter:
    """The operations that delete objects."""

    def __init__(self, deleter: VersionDeleter) -> None:
        self._deleter = deleter

    def delete(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle DeleteObject; an object that does not exist is no error."""
        _refuse_conditions(params)
        return self._delete(tx, find_bucket(tx, caller, params), params)

    def delete_several(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle DeleteObjects."""
        bucket, wanted = find_bucket(tx, caller, params), params.get("Delete") or {}
        objects = wanted.get("Objects") or []
        if not 1 <= len(objects) <= MAX_KEYS:
            raise errors.MalformedXml
        deleted, failed = [], []
        for each in objects:
            named = {"Key": each["Key"], **({"VersionId": each["VersionId"]} if each.get("VersionId") else {})}
            condition = {"IfMatch": each["ETag"]} if each.get("ETag") else {}
            given = {name: each[member] for name, member in DIRECTORY_CONDITIONS.items() if member in each}
            try:
                _refuse_conditions(given)
                answer = self._delete(tx, bucket, {**named, **condition})
                deleted.append({**named, **_deleted_marker(named, answer)})
            except AwsError as error:
                failed.append({**named, "Code": error.code, "Message": error.message})
        return {"Deleted": [] if wanted.get("Quiet") else deleted, "Errors": failed}

    def _delete(self, tx: Tx, bucket: Bucket, params: Json) -> Json:
        key, name = params["Key"], params.get("VersionId")
        if name is None:
            check_write(versions.latest(tx, bucket.id, key), key, params)
            marker = self._deleter.delete_latest(tx, bucket, key)
            return {} if marker is None else {"DeleteMarker": True, "VersionId": marker.version}
        version = versions.get(tx, bucket.id, key, name)
        if version is None:
            return {"VersionId": name}
        check_write(version, key, params)
        self._deleter.delete_version(tx, bucket, version)
        return {"VersionId": name, **({"DeleteMarker": True} if version.is_marker else {})}


def _refuse_conditions(params: Json) -> None:
    """Refuse conditions of directory buckets: to delete an object without them would delete too much."""
    if any(name in params for name in DIRECTORY_CONDITIONS):
        raise errors.NotImplementedHere("Only directory buckets compare the size or the time of an object to delete")


def _deleted_marker(named: Json, answer: Json) -> Json:
    """Return what an entry of DeleteObjects says of a marker that was made, or deleted."""
    if not answer.get("DeleteMarker"):
        return {}
    return {"DeleteMarker": True, "DeleteMarkerVersionId": answer["VersionId"]} if named else {}
