"""Store the versions of objects."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

NULL = "null"
"""The version of an object that was stored without versioning."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of an object, or a delete marker."""

    id: int
    bucket: int
    key: str
    version: str
    is_latest: int
    is_marker: int
    file: str | None
    size: int
    etag: str
    """The ETag without quotation marks."""
    modified: int
    """Milliseconds since the epoch."""
    properties: dict[str, Json]
    """Headers by the API's names, Metadata, Checksums, Tags, the Parts' sizes, and PartChecksums."""
    upload: str | None
    """The ID of the multipart upload that made it."""


VERSIONS = Table("s3_versions", Version, json={"properties": loads})


def latest(reader: Reader, bucket: int, key: str) -> Version | None:
    """Return the latest version of an object, which may be a delete marker, or None."""
    return VERSIONS.find(reader, "bucket = ? AND key = ? ORDER BY id DESC LIMIT 1", bucket, key)


get = VERSIONS.find_by("bucket", "key", "version")
"""Return one version of an object, or None."""


def of_upload(reader: Reader, bucket: int, key: str, upload: str) -> Version | None:
    """Return the version that a multipart upload made, or None."""
    return VERSIONS.find(reader, "upload = ? AND bucket = ? AND key = ?", upload, bucket, key)


def insert_latest(tx: Tx, version: Version) -> int:
    """Store a new version as the latest one of its object."""
    where = "bucket = ? AND key = ? AND is_latest = 1"
    tx.execute(f"UPDATE s3_versions SET is_latest = 0 WHERE {where}", (version.bucket, version.key))  # noqa: S608
    return VERSIONS.insert(tx, version)


update_properties = VERSIONS.update_by("id")
"""Store the changed properties of a version."""


def delete(tx: Tx, version: Version) -> None:
    """Delete the row of a version; the one before it becomes the latest."""
    tx.execute("DELETE FROM s3_versions WHERE id = ?", (version.id,))
    if version.is_latest and (before := latest(tx, version.bucket, version.key)) is not None:
        tx.execute("UPDATE s3_versions SET is_latest = 1 WHERE id = ?", (before.id,))


def objects_from(reader: Reader, bucket: int, key: str, end: str | None, most: int) -> list[Version]:
    """Return the latest versions of existing objects with keys from `key` on and before `end`, in order."""
    where = (
        "bucket = ? AND key >= ? AND (? IS NULL OR key < ?) AND is_latest = 1 AND is_marker = 0 ORDER BY key LIMIT ?"
    )
    return VERSIONS.select(reader, where, bucket, key, end, end, most)


def versions_from(reader: Reader, bucket: int, key: str, end: str | None, before: int, most: int) -> list[Version]:
    """Return versions by key, the newest first; those of the first key only with ids below `before`."""
    where = (
        "bucket = ? AND key >= ? AND (? IS NULL OR key < ?) AND NOT (key = ? AND id >= ?) ORDER BY key, id DESC LIMIT ?"
    )
    return VERSIONS.select(reader, where, bucket, key, end, end, key, before, most)


def any_exists(reader: Reader, bucket: int) -> bool:
    """Return whether a bucket has a version of any object."""
    return reader.row("SELECT 1 FROM s3_versions WHERE bucket = ? LIMIT 1", (bucket,)) is not None


def names_file(reader: Reader, file: str) -> bool:
    """Return whether a version or a part has this file."""
    sql = "SELECT 1 FROM s3_versions WHERE file = ?1 UNION ALL SELECT 1 FROM s3_parts WHERE file = ?1 LIMIT 1"
    return reader.row(sql, (file,)) is not None
