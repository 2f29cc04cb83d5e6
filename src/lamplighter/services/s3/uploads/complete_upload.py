"""Complete multipart uploads: CompleteMultipartUpload.

Completing writes one file from those of the parts, before the turn. The ETag is the MD5 of the parts' MD5s with their
number. A completion that is repeated has the same answer while its object is there. See
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import PREPARED, Caller, Work
from lamplighter.services.s3 import errors
from lamplighter.services.s3.buckets.find_bucket import find_bucket
from lamplighter.services.s3.buckets.lifecycle import expiration_of
from lamplighter.services.s3.object_files import ObjectFiles, StoredFile, unless_missing
from lamplighter.services.s3.objects.find_version import version_field
from lamplighter.services.s3.objects.object_properties import checksums_of, encryption_of
from lamplighter.services.s3.objects.put_object import ObjectWriter
from lamplighter.services.s3.tables import uploads as rows
from lamplighter.services.s3.tables import versions
from lamplighter.services.s3.tables.buckets import Bucket
from lamplighter.services.s3.tables.uploads import Part, Upload
from lamplighter.services.s3.tables.versions import Version
from lamplighter.services.s3.uploads.checksum_types import COMPOSITE
from lamplighter.services.s3.uploads.delete_uploads import delete_upload
from lamplighter.services.s3.uploads.find_upload import find_upload
from lamplighter.services.s3.uploads.object_checksums import object_checksum
from lamplighter.services.s3.uploads.upload_parts import MAX_PARTS
from lamplighter.store.db import Reader, Tx

MIN_PART_BYTES = 5 * 2**20
"""The least bytes of every part but the last."""
_ETAG = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class JoinedFile:
    """The file made of parts, before the turn that completes their upload."""

    etags: tuple[str, ...]
    """The ETags of the parts: a part that is sent again meanwhile with the same content has the same one."""
    name: str
    checksums: Mapping[str, str]


class UploadCompleter:
    """The operation that completes an upload."""

    def __init__(self, files: ObjectFiles, writer: ObjectWriter) -> None:
        self._files = files
        self._writer = writer

    def complete(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle CompleteMultipartUpload."""
        prepared = params.get(PREPARED)
        made = prepared if isinstance(prepared, JoinedFile) else None
        if made is not None:
            self._files.delete_unless_named(tx, made.name)
        if (answer := _repeated_answer(tx, caller, params)) is not None:
            return answer
        bucket, upload, parts = self._find_parts(tx, caller, params)
        current = versions.latest(tx, bucket.id, upload.key)
        if "IfNoneMatch" in params and current is not None and current.modified > upload.started:
            raise errors.ConditionalRequestConflict  # the object changed during the upload
        if made is None or made.etags != tuple(part.etag for part in parts):
            made = self._join(upload, parts)
            self._files.delete_unless_named(tx, made.name)
        properties = _completed_properties(upload, parts, made.checksums, params)
        size, etag = sum(part.size for part in parts), _etag_of_parts([part.etag for part in parts])
        stored = StoredFile(made.name, size, {}, etag)
        version = self._writer.store(tx, bucket, params, stored, properties, upload.upload)
        delete_upload(tx, self._files, upload)
        return _describe_completed(bucket, version)

    def prepare(self, reader: Reader, caller: Caller, params: Json) -> Work | None:
        """Handle prepare."""
        try:
            _, upload, parts = self._find_parts(reader, caller, params)
        except AwsError:
            return None  # the turn raises it
        return unless_missing(lambda: self._join(upload, parts))

    def _find_parts(self, reader: Reader, caller: Caller, params: Json) -> tuple[Bucket, Upload, list[Part]]:
        """Return the upload and the parts that a request lists. Raises S3's errors for a wrong list."""
        bucket, upload = find_upload(reader, caller, params)
        listed = _listed_parts(params)
        numbers = [each.get("PartNumber", 0) for each in listed]
        if not listed or len(listed) > MAX_PARTS:
            raise errors.MalformedXml
        if any(second <= first for first, second in pairwise(numbers)):
            raise errors.InvalidPartOrder
        stored = {part.number: part for part in rows.parts(reader, upload.id)}
        parts = [stored.get(number) for number in numbers]
        for given, part in zip(listed, parts, strict=True):
            etag = str(given.get("ETag", "")).strip('"')
            _require_checksum(upload, given)
            if part is None or etag != part.etag or not _same_checksums(given, part):
                raise errors.InvalidPart(upload.upload, given.get("PartNumber", 0), etag)
        found = [part for part in parts if part is not None]
        for part in found[:-1]:
            if part.size < MIN_PART_BYTES:
                raise errors.EntityTooSmall(part.size, MIN_PART_BYTES, part.number, part.etag)
        if params.get("MpuObjectSize", total := sum(part.size for part in found)) != total:
            raise errors.InvalidRequest(
                "The provided 'x-amz-mp-object-size' header value does not match what was computed."
            )
        return bucket, upload, found

    def _join(self, upload: Upload, parts: Sequence[Part]) -> JoinedFile:
        """Write one file from those of the parts."""
        checksums = object_checksum(self._files, upload, parts)
        name = self._files.join((part.file, part.size) for part in parts)
        return JoinedFile(tuple(part.etag for part in parts), name, checksums)


def _require_checksum(upload: Upload, given: Json) -> None:
    """Raise InvalidRequest if a part lacks its checksum, of which that of a composite upload is made."""
    algorithm, chosen = upload.properties["Algorithm"], upload.properties
    if chosen["Asked"] and chosen["ChecksumType"] == COMPOSITE and not given.get(f"Checksum{algorithm}"):
        raise errors.InvalidRequest(
            f"The upload was created using a {algorithm.lower()} checksum. The complete request must include the "
            f"checksum for each part. It was missing for part {given.get('PartNumber', 0)} in the request."
        )


def _same_checksums(given: Json, part: Part) -> bool:
    return all(given.get(f"Checksum{name}", value) == value for name, value in part.checksums.items())


def _repeated_answer(reader: Reader, caller: Caller, params: Json) -> Json | None:
    """Return the answer again if the upload was completed with the same parts and its object is still there.

    S3 has the same answer for a client that did not receive the first one.
    """
    bucket = find_bucket(reader, caller, params)
    version = versions.of_upload(reader, bucket.id, params["Key"], params["UploadId"])
    if version is None:
        return None
    etags = [str(each.get("ETag", "")).strip('"') for each in _listed_parts(params)]
    is_same = all(_ETAG.fullmatch(etag) for etag in etags) and _etag_of_parts(etags) == version.etag
    return _describe_completed(bucket, version) if is_same else None


def _describe_completed(bucket: Bucket, version: Version) -> Json:
    return {
        "Location": f"/{bucket.name}/{version.key}",
        "Bucket": bucket.name,
        "Key": version.key,
        "ETag": f'"{version.etag}"',
        **checksums_of(version.properties),
        **encryption_of(version.properties),
        **version_field(bucket, version),
        **expiration_of(bucket, version),
    }


def _listed_parts(params: Json) -> list[Json]:
    return (params.get("MultipartUpload") or {}).get("Parts") or []


def _etag_of_parts(etags: Sequence[str]) -> str:
    digest = hashlib.md5(b"".join(bytes.fromhex(etag) for etag in etags), usedforsecurity=False)
    return f"{digest.hexdigest()}-{len(etags)}"


def _completed_properties(
    upload: Upload, parts: Sequence[Part], checksums: Mapping[str, str], params: Json
) -> dict[str, Json]:
    """Return the properties of the complete object. Raises BadDigest for another checksum than the caller's."""
    for name, value in checksums.items():
        sent = params.get(f"Checksum{name}", value)
        if sent not in (value, value.partition("-")[0]):
            raise AwsError(f"The {name} you specified did not match what we received.", code="BadDigest")
    properties = {name: value for name, value in upload.properties.items() if name not in ("Algorithm", "Asked")}
    of_parts = {name: [part.checksums[name] for part in parts if name in part.checksums] for name in checksums}
    known = {"PartChecksums": of_parts} if all(len(each) == len(parts) for each in of_parts.values()) else {}
    return {**properties, "Checksums": dict(checksums), "Parts": [part.size for part in parts], **known}
