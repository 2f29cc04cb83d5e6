"""Handle multipart uploads: an object that is sent in parts, in any order, and completed by a list of them.

Completing writes one file from those of the parts, before the turn. The ETag is the MD5 of the parts' MD5s with their
number. See https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html for the limits.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lamplighter.base.errors import AwsError, require
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import PREPARED, Caller, Operation, Work
from lamplighter.services.s3 import errors
from lamplighter.services.s3.buckets.find_bucket import find_bucket
from lamplighter.services.s3.object_files import ObjectFiles, StoredFile
from lamplighter.services.s3.objects.conditions import check_copy_source
from lamplighter.services.s3.objects.delete_versions import Remover
from lamplighter.services.s3.objects.facts import check_object_request, checks_of, encryption_of, read_facts
from lamplighter.services.s3.objects.find_version import version_field
from lamplighter.services.s3.objects.get_object import parse_range
from lamplighter.services.s3.objects.put_object import ObjectWriter, find_source, prepare_file
from lamplighter.services.s3.tables import uploads as rows
from lamplighter.services.s3.tables.buckets import Bucket
from lamplighter.services.s3.tables.uploads import Part, Upload
from lamplighter.store.db import Reader, Tx
from lamplighter.wire.object_upload import CHECKS

MAX_PARTS = 10_000
MIN_PART_BYTES = 5 * 2**20
"""The least bytes of every part but the last."""
_COPY_RANGE = re.compile(r"(?:bytes=)?(\d{1,19})-(\d{1,19})", re.ASCII)
COMPOSITE, FULL = "COMPOSITE", "FULL_OBJECT"
CHECK_TYPES: Mapping[str, Sequence[str]] = {
    "CRC32": (COMPOSITE, FULL),
    "CRC32C": (COMPOSITE, FULL),
    "CRC64NVME": (FULL,),
    "SHA1": (COMPOSITE,),
    "SHA256": (COMPOSITE,),
}
"""The types of a check that an upload can have, the default one first."""


@dataclass(frozen=True, slots=True)
class JoinedFile:
    """The file made of parts, before the turn that completes their upload."""

    etags: tuple[str, ...]
    """The ETags of the parts: a part that is sent again meanwhile with the same content has the same one."""
    stored: StoredFile


class MultipartUploads:
    """The operations on multipart uploads, except for lists."""

    def __init__(self, world: World, files: ObjectFiles, writer: ObjectWriter, remover: Remover) -> None:
        self._world = world
        self._files = files
        self._writer = writer
        self._remover = remover

    def by_name(self) -> Mapping[str, Operation]:
        """Return the operations by their AWS names."""
        return {
            "CreateMultipartUpload": Operation(write=self.create),
            "UploadPart": Operation(write=self.upload_part, prepare=self._writer.prepare_body),
            "UploadPartCopy": Operation(write=self.copy_part, prepare=self._prepare_copy),
            "CompleteMultipartUpload": Operation(write=self.complete, prepare=self._prepare_complete),
            "AbortMultipartUpload": Operation(write=self.abort),
        }

    def create(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle CreateMultipartUpload."""
        check_object_request(params)
        bucket = find_bucket(tx, caller, params)
        algorithm = params.get("ChecksumAlgorithm", "CRC64NVME")
        if algorithm not in CHECK_TYPES:
            raise errors.InvalidRequest("Checksum algorithm provided is unsupported.")
        kind = params.get("ChecksumType", CHECK_TYPES[algorithm][0])
        if kind not in CHECK_TYPES[algorithm]:
            raise errors.InvalidRequest(
                f"The {kind} checksum type cannot be used with the {algorithm} checksum algorithm."
            )
        asked = {"Algorithm": algorithm, "ChecksumType": kind, "Asked": "ChecksumAlgorithm" in params}
        facts = {**read_facts(bucket, params), **asked}
        name = self._world.uuid().replace("-", "")
        rows.insert(tx, Upload(0, bucket.id, params["Key"], name, self._world.now(), facts))
        check = {"ChecksumAlgorithm": algorithm, "ChecksumType": kind} if asked["Asked"] else {}
        return {"Bucket": bucket.name, "Key": params["Key"], "UploadId": name, **check, **encryption_of(facts)}

    def upload_part(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle UploadPart."""
        stored = self._writer.stored_body(params)
        self._files.delete_after_undo(tx, stored.name)
        part = self._store_part(tx, caller, params, stored)
        checks = {f"Checksum{name}": value for name, value in part.checks.items()}
        return {"ETag": f'"{part.etag}"', **checks, **encryption_of(find_upload(tx, caller, params)[1].facts)}

    def _store_part(self, tx: Tx, caller: Caller, params: Json, stored: StoredFile) -> Part:
        _, upload = find_upload(tx, caller, params)
        number = params["PartNumber"]
        if not 1 <= number <= MAX_PARTS:
            raise errors.InvalidArgument(f"Part number must be an integer between 1 and {MAX_PARTS}, inclusive")
        algorithm = upload.facts["Algorithm"]
        if algorithm not in stored.checks and upload.facts["Asked"]:
            found = next(iter(stored.checks), "null").lower()
            raise errors.InvalidRequest(
                f"Checksum Type mismatch occurred, expected checksum Type: {algorithm.lower()}, actual checksum Type: "
                f"{found}"
            )
        if (before := rows.part(tx, upload.id, number)) is not None:
            self._files.delete_after_commit(tx, [before.file])
        now = self._world.now()
        part = Part(upload.id, number, stored.name, stored.size, stored.etag, now, dict(stored.checks))
        rows.put_part(tx, part)
        return part

    # --- copies -------------------------------------------------------------------------------------------------------

    def copy_part(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle UploadPartCopy."""
        prepared = params.get(PREPARED)
        stored = prepared if isinstance(prepared, StoredFile) else self._copy(tx, caller, params)
        self._files.delete_after_undo(tx, stored.name)
        source_bucket, source = find_source(tx, caller, params)
        check_copy_source(source, params)
        part = self._store_part(tx, caller, params, stored)
        checks = {f"Checksum{name}": value for name, value in part.checks.items()}
        from_version = {"CopySourceVersionId": source.version} if source_bucket.versioning else {}
        result = {"ETag": f'"{part.etag}"', "LastModified": part.modified / 1000, **checks}
        return {"CopyPartResult": result, **from_version}

    def _prepare_copy(self, reader: Reader, caller: Caller, params: Json) -> Work | None:
        try:
            pieces, algorithm = self._source_pieces(reader, caller, params)
        except AwsError:
            return None  # the turn raises it
        return prepare_file(lambda: self._files.write(pieces, [algorithm]))

    def _copy(self, reader: Reader, caller: Caller, params: Json) -> StoredFile:
        pieces, algorithm = self._source_pieces(reader, caller, params)
        return self._files.write(pieces, [algorithm])

    def _source_pieces(self, reader: Reader, caller: Caller, params: Json) -> tuple[Iterator[bytes], str]:
        _, source = find_source(reader, caller, params)
        _, upload = find_upload(reader, caller, params)
        first, size = 0, source.size
        if text := params.get("CopySourceRange"):
            match = _COPY_RANGE.fullmatch(text)
            if match is None:
                raise errors.InvalidArgument("The x-amz-copy-source-range value must be of the form bytes=first-last")
            found = parse_range(match[1], match[2], source.size)
            if found is None or int(match[2]) >= source.size:
                raise errors.InvalidArgument(f"Range specified is not valid for source object of size: {source.size}")
            first, size = found
        assert source.file is not None
        return self._files.read(source.file, first, size), upload.facts["Algorithm"]

    # --- the end of an upload -----------------------------------------------------------------------------------------

    def complete(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle CompleteMultipartUpload."""
        prepared = params.get(PREPARED)
        if isinstance(prepared, JoinedFile):
            self._files.delete_after_undo(tx, prepared.stored.name)
        bucket, upload, parts = self._find_parts(tx, caller, params)
        stored = self._joined_file(tx, upload, parts, prepared)
        facts = _object_facts(upload, parts, stored, params)
        version = self._writer.store(tx, bucket, params, _with_etag(stored, parts), facts)
        self._remover.delete_upload(tx, upload)
        return {
            "Location": f"/{bucket.name}/{version.key}",
            "Bucket": bucket.name,
            "Key": version.key,
            "ETag": f'"{version.etag}"',
            **checks_of(version.facts),
            **encryption_of(version.facts),
            **version_field(bucket, version),
        }

    def _prepare_complete(self, reader: Reader, caller: Caller, params: Json) -> Work | None:
        try:
            _, upload, parts = self._find_parts(reader, caller, params)
        except AwsError:
            return None  # the turn raises it
        etags = tuple(part.etag for part in parts)
        return prepare_file(lambda: JoinedFile(etags, self._join(upload, parts)))

    def _joined_file(self, tx: Tx, upload: Upload, parts: Sequence[Part], prepared: Json) -> StoredFile:
        """Return the file of all parts: the prepared one, if the parts are still the same."""
        if isinstance(prepared, JoinedFile):
            if prepared.etags == tuple(part.etag for part in parts):
                return prepared.stored
            self._files.delete_after_commit(tx, [prepared.stored.name])
        stored = self._join(upload, parts)
        self._files.delete_after_undo(tx, stored.name)
        return stored

    def _find_parts(self, reader: Reader, caller: Caller, params: Json) -> tuple[Bucket, Upload, list[Part]]:
        """Return the upload and the parts that a request lists. Raises S3's errors for a wrong list."""
        bucket, upload = find_upload(reader, caller, params)
        listed = (params.get("MultipartUpload") or {}).get("Parts") or []
        numbers = [each.get("PartNumber", 0) for each in listed]
        if not listed or len(listed) > MAX_PARTS:
            raise errors.MalformedXml
        if any(second <= first for first, second in pairwise(numbers)):
            raise errors.InvalidPartOrder
        stored = {part.number: part for part in rows.parts(reader, upload.id)}
        parts = [stored.get(number) for number in numbers]
        for given, part in zip(listed, parts, strict=True):
            if part is None or given.get("ETag", "").strip('"') != part.etag or not _same_checks(given, part):
                raise errors.InvalidPart
        found = [part for part in parts if part is not None]
        if any(part.size < MIN_PART_BYTES for part in found[:-1]):
            raise errors.EntityTooSmall
        if params.get("MpuObjectSize", total := sum(part.size for part in found)) != total:
            raise errors.InvalidRequest(
                "The provided 'x-amz-mp-object-size' header value does not match what was computed."
            )
        return bucket, upload, found

    def _join(self, upload: Upload, parts: Sequence[Part]) -> StoredFile:
        """Write one file from those of the parts."""
        is_full = upload.facts["ChecksumType"] == FULL

        def pieces() -> Iterator[bytes]:
            for part in parts:
                yield from self._files.read(part.file, 0, part.size)

        return self._files.write(pieces(), [upload.facts["Algorithm"]] if is_full else [])

    def abort(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle AbortMultipartUpload."""
        self._remover.delete_upload(tx, find_upload(tx, caller, params)[1])
        return {}


def find_upload(reader: Reader, caller: Caller, params: Json) -> tuple[Bucket, Upload]:
    """Return the bucket and the upload that a request names. Raises NoSuchUpload."""
    bucket = find_bucket(reader, caller, params)
    found = rows.get(reader, bucket.id, params["Key"], params["UploadId"])
    return bucket, require(found, errors.NoSuchUpload)


def _same_checks(given: Json, part: Part) -> bool:
    return all(given.get(f"Checksum{name}", value) == value for name, value in part.checks.items())


def _with_etag(stored: StoredFile, parts: Sequence[Part]) -> StoredFile:
    digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False)
    return StoredFile(stored.name, stored.size, stored.checks, f"{digest.hexdigest()}-{len(parts)}")


def _object_facts(upload: Upload, parts: Sequence[Part], stored: StoredFile, params: Json) -> dict[str, Json]:
    """Return the facts of the complete object. Raises BadDigest for another check than the caller's."""
    facts = {name: value for name, value in upload.facts.items() if name not in ("Algorithm", "Asked")}
    algorithm = upload.facts["Algorithm"]
    checks = dict(stored.checks)
    if facts["ChecksumType"] == COMPOSITE:
        check = CHECKS[algorithm]()
        check.update(b"".join(b64decode(part.checks[algorithm]) for part in parts))
        checks = {algorithm: f"{b64encode(check.digest()).decode()}-{len(parts)}"}
    for name, value in checks.items():
        sent = params.get(f"Checksum{name}", value)
        if sent not in (value, value.partition("-")[0]):
            raise AwsError(f"The {name} you specified did not match what we received.", code="BadDigest")
    return {**facts, "Checks": checks, "Parts": [part.size for part in parts]}
