"""Begin and abort multipart uploads: an object that is sent in parts, in any order, and completed by a list of them.

See https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html for the limits.
"""

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.s3 import errors
from lamplighter.services.s3.buckets.find_bucket import find_bucket
from lamplighter.services.s3.object_files import ObjectFiles
from lamplighter.services.s3.objects.object_properties import check_object_request, encryption_of, read_properties
from lamplighter.services.s3.tables import uploads as rows
from lamplighter.services.s3.tables.uploads import Upload
from lamplighter.services.s3.uploads.checksum_types import CHECKSUM_TYPES
from lamplighter.services.s3.uploads.delete_uploads import delete_upload
from lamplighter.services.s3.uploads.find_upload import find_upload
from lamplighter.store.db import Tx


class MultipartUploads:
    """The operations that begin and abort an upload."""

    def __init__(self, world: World, files: ObjectFiles) -> None:
        self._world = world
        self._files = files

    def create(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle CreateMultipartUpload."""
        check_object_request(params)
        bucket = find_bucket(tx, caller, params)
        algorithm = params.get("ChecksumAlgorithm", "CRC64NVME")
        if algorithm not in CHECKSUM_TYPES:
            raise errors.InvalidRequest("Checksum algorithm provided is unsupported.")
        kind = params.get("ChecksumType", CHECKSUM_TYPES[algorithm][0])
        if kind not in CHECKSUM_TYPES[algorithm]:
            raise errors.InvalidRequest(
                f"The {kind} checksum type cannot be used with the {algorithm} checksum algorithm."
            )
        asked = {"Algorithm": algorithm, "ChecksumType": kind, "Asked": "ChecksumAlgorithm" in params}
        properties = {**read_properties(bucket, params), **asked}
        name = self._world.uuid().replace("-", "")
        rows.insert(tx, Upload(0, bucket.id, params["Key"], name, tx.now, properties))
        check = {"ChecksumAlgorithm": algorithm, "ChecksumType": kind} if asked["Asked"] else {}
        return {"Bucket": bucket.name, "Key": params["Key"], "UploadId": name, **check, **encryption_of(properties)}

    def abort(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Handle AbortMultipartUpload."""
        delete_upload(tx, self._files, find_upload(tx, caller, params)[1])
