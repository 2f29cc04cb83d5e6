"""Store the parts of multipart uploads: UploadPart and UploadPartCopy.

A part that is sent again replaces the one with the same number. See
https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html and API_UploadPartCopy.html there.
"""

import re
from dataclasses import dataclass, replace

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import PREPARED, Caller, Prepared, Work
from lamplighter.services.s3 import errors
from lamplighter.services.s3.object_files import ObjectFiles, StoredFile, unless_missing
from lamplighter.services.s3.objects.conditions import check_copy_source
from lamplighter.services.s3.objects.get_object import parse_range
from lamplighter.services.s3.objects.object_properties import encryption_of
from lamplighter.services.s3.objects.put_object import ObjectWriter, find_source
from lamplighter.services.s3.tables import uploads as rows
from lamplighter.services.s3.tables.uploads import Part
from lamplighter.services.s3.uploads.checksum_types import FULL
from lamplighter.services.s3.uploads.find_upload import find_upload
from lamplighter.services.s3.uploads.object_checksums import file_checksum
from lamplighter.store.db import Reader, Tx

MAX_PARTS = 10_000
_COPY_RANGE = re.compile(r"(?:bytes=)?(\d{1,19})-(\d{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class SourceRange:
    """What a copy reads, and the algorithm of its checksum."""

    file: str
    first: int
    size: int
    algorithm: str


@dataclass(frozen=True, slots=True)
class CopiedPart:
    """A copy of a range, made before the turn."""

    source: SourceRange
    stored: StoredFile


class PartWriter:
    """The operations that store a part."""

    def __init__(self, files: ObjectFiles, writer: ObjectWriter) -> None:
        self._files = files
        self._writer = writer

    def upload_part(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle UploadPart."""
        stored = self._writer.stored_body(params)
        self._files.delete_unless_named(tx, stored.name)
        part = self._store_part(tx, caller, params, stored)
        checksums = {f"Checksum{name}": value for name, value in part.checksums.items()}
        return {"ETag": f'"{part.etag}"', **checksums, **encryption_of(find_upload(tx, caller, params)[1].properties)}

    def prepare_part(self, reader: Reader, caller: Caller, params: Json) -> Work:
        """Store the body, and compute the checksum that the object will need: to read all parts then takes too long."""
        try:
            upload = find_upload(reader, caller, params)[1].properties
        except AwsError:
            return self._writer.prepare_body(reader, caller, params)  # the turn raises it
        algorithms = {upload["Algorithm"]} if upload["ChecksumType"] == FULL and not upload["Asked"] else set()

        def store() -> Prepared:
            stored = self._writer.stored_body(params)
            missing = algorithms - stored.checksums.keys()
            more = {name: file_checksum(self._files, name, [(stored.name, stored.size)]) for name in missing}
            return Prepared(replace(stored, checksums={**stored.checksums, **more}))

        return store

    def _store_part(self, tx: Tx, caller: Caller, params: Json, stored: StoredFile) -> Part:
        _, upload = find_upload(tx, caller, params)
        number = params["PartNumber"]
        if not 1 <= number <= MAX_PARTS:
            message = f"Part number must be an integer between 1 and {MAX_PARTS}, inclusive"
            raise errors.InvalidArgument(message, "partNumber", number)
        algorithm = upload.properties["Algorithm"]
        if algorithm not in stored.checksums and upload.properties["Asked"]:
            found = next(iter(stored.checksums), "null").lower()
            raise errors.InvalidRequest(
                f"Checksum Type mismatch occurred, expected checksum Type: {algorithm.lower()}, actual checksum Type: "
                f"{found}"
            )
        if (before := rows.part(tx, upload.id, number)) is not None:
            self._files.delete_after_commit(tx, [before.file])
        now = tx.now
        part = Part(upload.id, number, stored.name, stored.size, stored.etag, now, dict(stored.checksums))
        rows.put_part(tx, part)
        return part

    def copy_part(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle UploadPartCopy."""
        prepared = params.get(PREPARED)
        made = prepared if isinstance(prepared, CopiedPart) else None
        if made is not None:
            self._files.delete_unless_named(tx, made.stored.name)
        source_bucket, source = find_source(tx, caller, params)
        check_copy_source(source, params)
        wanted = _find_range(tx, caller, params)
        if made is None or made.source != wanted:
            made = self._copy(wanted)
            self._files.delete_unless_named(tx, made.stored.name)
        part = self._store_part(tx, caller, params, made.stored)
        checksums = {f"Checksum{name}": value for name, value in part.checksums.items()}
        from_version = {"CopySourceVersionId": source.version} if source_bucket.versioning else {}
        result = {"ETag": f'"{part.etag}"', "LastModified": part.modified // 1000, **checksums}
        return {"CopyPartResult": result, **from_version}

    def prepare_copy(self, reader: Reader, caller: Caller, params: Json) -> Work | None:
        """Handle prepare_copy."""
        try:
            source = _find_range(reader, caller, params)
        except AwsError:
            return None  # the turn raises it
        return unless_missing(lambda: self._copy(source))

    def _copy(self, source: SourceRange) -> CopiedPart:
        pieces = self._files.read(source.file, source.first, source.size)
        return CopiedPart(source, self._files.write(pieces, [source.algorithm]))


def _find_range(reader: Reader, caller: Caller, params: Json) -> SourceRange:
    """Return what a request copies. Raises InvalidArgument for a range that the source does not have."""
    _, source = find_source(reader, caller, params)
    _, upload = find_upload(reader, caller, params)
    first, size = 0, source.size
    if text := params.get("CopySourceRange"):
        match = _COPY_RANGE.fullmatch(text)
        if match is None:
            message = "The x-amz-copy-source-range value must be of the form bytes=first-last"
            raise errors.InvalidArgument(message, "x-amz-copy-source-range", text)
        found = parse_range(match[1], match[2], source.size)
        if found is None or int(match[2]) >= source.size:
            message = f"Range specified is not valid for source object of size: {source.size}"
            raise errors.InvalidArgument(message, "x-amz-copy-source-range", text)
        first, size = found
    assert source.file is not None
    return SourceRange(source.file, first, size, upload.properties["Algorithm"])
