"""Store multipart uploads and their parts."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart upload that is neither completed nor aborted."""

    id: int
    bucket: int
    key: str
    upload: str
    """The upload's ID in the API."""
    started: int
    """Milliseconds since the epoch."""
    properties: dict[str, Json]
    """Those of the object that it will make, and the algorithm and the type of its check."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart upload."""

    upload: int
    number: int
    file: str
    size: int
    etag: str
    modified: int
    checksums: dict[str, str]


UPLOADS = Table("s3_uploads", Upload, json={"properties": loads})
PARTS = Table("s3_parts", Part, json={"checksums": loads})


get = UPLOADS.find_by("bucket", "key", "upload")
"""Return an upload, or None."""
insert = UPLOADS.insert
"""Store a new upload."""


def delete(tx: Tx, upload: Upload) -> None:
    """Delete the rows of an upload and its parts."""
    tx.execute("DELETE FROM s3_parts WHERE upload = ?", (upload.id,))
    tx.execute("DELETE FROM s3_uploads WHERE id = ?", (upload.id,))


def uploads_from(reader: Reader, bucket: int, key: str, end: str | None, after: int, most: int) -> list[Upload]:
    """Return uploads by key, the oldest first; those of the first key only with ids above `after`."""
    where = "bucket = ? AND key >= ? AND (? IS NULL OR key < ?) AND NOT (key = ? AND id <= ?) ORDER BY key, id LIMIT ?"
    return UPLOADS.select(reader, where, bucket, key, end, end, key, after, most)


def started_before(reader: Reader, bucket: int, time: int, most: int) -> list[Upload]:
    """Return some uploads of a bucket that began before a time."""
    return UPLOADS.select(reader, "bucket = ? AND started < ? LIMIT ?", bucket, time, most)


part = PARTS.find_by("upload", "number")
"""Return a part, or None."""
put_part = PARTS.replace
"""Store a part; replace the one with the same number."""


def parts(reader: Reader, upload: int, after: int = 0, most: int = 10_000) -> list[Part]:
    """Return the parts of an upload in order."""
    return PARTS.select(reader, "upload = ? AND number > ? ORDER BY number LIMIT ?", upload, after, most)
