"""Find the multipart upload of a request."""

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.s3 import errors
from lamplighter.services.s3.buckets.find_bucket import find_bucket
from lamplighter.services.s3.tables import uploads as rows
from lamplighter.services.s3.tables.buckets import Bucket
from lamplighter.services.s3.tables.uploads import Upload
from lamplighter.store.db import Reader


def find_upload(reader: Reader, caller: Caller, params: Json) -> tuple[Bucket, Upload]:
    """Return the bucket and the upload that a request names. Raises NoSuchUpload."""
    bucket = find_bucket(reader, caller, params)
    found = rows.get(reader, bucket.id, params["Key"], params["UploadId"])
    return bucket, require(found, lambda: errors.NoSuchUpload(params["UploadId"]))
