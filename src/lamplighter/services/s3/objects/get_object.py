"""Read objects: GetObject, HeadObject, GetObjectAttributes and the ACL.

A range is one of bytes (https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2); a request for several gets the whole
object, as on S3. The file is opened with the read of its row, so that a later deletion does not disturb the answer.
"""

import re
from email.utils import parsedate_to_datetime

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.s3 import errors
from lamplighter.services.s3.buckets.find_bucket import find_bucket
from lamplighter.services.s3.buckets.lifecycle import expiration_of
from lamplighter.services.s3.buckets.settings import describe_acl, refuse_grants
from lamplighter.services.s3.object_files import ObjectFiles
from lamplighter.services.s3.objects.conditions import check_read
from lamplighter.services.s3.objects.find_version import find_version, version_field
from lamplighter.services.s3.objects.object_properties import STANDARD, checksums_of, checksums_of_part, describe_object
from lamplighter.services.s3.tables.versions import Version
from lamplighter.store.db import Reader, Tx

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)
MAX_PARTS = 1_000
"""The most parts in an answer of GetObjectAttributes."""
OVERRIDES = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires")


class ObjectReader:
    """The operations that read an object."""

    def __init__(self, files: ObjectFiles) -> None:
        self._files = files

    def get(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle GetObject."""
        version, answer, (first, size) = _describe(reader, caller, params)
        assert version.file is not None
        return {**answer, "Body": self._files.open(version.file, first, size)}

    def head(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle HeadObject."""
        return _describe(reader, caller, params)[1]


def _describe(reader: Reader, caller: Caller, params: Json) -> tuple[Version, Json, tuple[int, int]]:
    """Return a version, the headers of the answer, and the first byte and the number of bytes that it has."""
    bucket = find_bucket(reader, caller, params)
    if params.get("SSECustomerKey"):
        raise errors.InvalidRequest("The encryption parameters are not applicable to this object.")
    version = find_version(reader, bucket, params)
    check_read(version, params)
    part = _find_range(version, params)
    first, size = part or (0, version.size)
    number = params.get("PartNumber")
    with_checksums = number is not None or (params.get("ChecksumMode") == "ENABLED" and part is None)
    answer = {
        **describe_object(version, number, with_checksums=with_checksums),
        **version_field(bucket, version),
        **expiration_of(bucket, version),
        "ContentLength": size,
        **_overrides(params),
    }
    if part is not None:
        answer["ContentRange"] = f"bytes {first}-{first + size - 1}/{version.size}"
    return version, answer, (first, size)


def _overrides(params: Json) -> Json:
    found = {name: params[f"Response{name}"] for name in OVERRIDES if f"Response{name}" in params}
    if isinstance(found.get("Expires"), str):
        found["Expires"] = parsedate_to_datetime(found["Expires"]).timestamp()
    return found


def _find_range(version: Version, params: Json) -> tuple[int, int] | None:
    """Return the first byte and the number of bytes of the part that a request names, or None for all."""
    if "PartNumber" in params:
        return _range_of_part(version, params["PartNumber"])
    match = _RANGE.fullmatch(params.get("Range", "").strip())
    if match is None or match[1] == match[2] == "":
        return None
    return parse_range(match[1], match[2], version.size)


def parse_range(first: str, last: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the number of bytes of a range. Raises InvalidRange."""
    if not first:
        length = min(int(last), size)
        start, end = size - length, size
    else:
        start, end = int(first), min(int(last) + 1 if last else size, size)
        if last and int(last) < start:
            return None
    if start >= size or start >= end:
        error = errors.InvalidRange(size)
        error.headers = {"content-range": f"bytes */{size}"}
        raise error
    return start, end - start


def _range_of_part(version: Version, number: int) -> tuple[int, int] | None:
    sizes = version.properties.get("Parts") or [version.size]
    if not 1 <= number <= len(sizes):
        error = errors.InvalidRange()
        error.code, error.message = "InvalidPartNumber", "The requested partnumber is not satisfiable"
        raise error
    return (sum(sizes[: number - 1]), sizes[number - 1]) if version.properties.get("Parts") else None


def get_object_attributes(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle GetObjectAttributes."""
    bucket = find_bucket(reader, caller, params)
    version = find_version(reader, bucket, params)
    known: dict[str, Json] = {
        "ETag": version.etag,
        "Checksum": checksums_of(version.properties) or None,
        "ObjectParts": _describe_parts(version, params),
        "StorageClass": version.properties.get("StorageClass", STANDARD),
        "ObjectSize": version.size,
    }
    wanted = params.get("ObjectAttributes") or []
    if not wanted or any(name not in known for name in wanted):
        raise errors.InvalidArgument("Invalid attribute name specified.")
    return {
        **{name: known[name] for name in wanted if known[name] is not None},
        "LastModified": version.modified // 1000,
        **version_field(bucket, version),
    }


def _describe_parts(version: Version, params: Json) -> Json:
    """Return the number of parts, and a page of them if they have checksums; None for an object without parts."""
    sizes = version.properties.get("Parts")
    if not sizes:
        return None
    count = {"TotalPartsCount": len(sizes)}
    if "PartChecksums" not in version.properties:
        return count
    after, most = params.get("PartNumberMarker") or 0, params.get("MaxParts", MAX_PARTS)
    if int(after) < 0 or int(most) < 0:
        raise errors.InvalidArgument("The part number marker and the most parts must not be negative")
    numbers = range(int(after) + 1, len(sizes) + 1)[: min(int(most), MAX_PARTS)]
    parts = [{"PartNumber": at, "Size": sizes[at - 1], **checksums_of_part(version.properties, at)} for at in numbers]
    last = numbers[-1] if numbers else int(after)
    page = {"PartNumberMarker": int(after), "NextPartNumberMarker": last, "MaxParts": int(most)}
    return {**count, **page, "IsTruncated": last < len(sizes), "Parts": parts}


def put_object_acl(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle PutObjectAcl."""
    bucket = find_bucket(tx, caller, params)
    find_version(tx, bucket, params)
    refuse_grants(bucket, params)


def get_object_acl(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle GetObjectAcl."""
    bucket = find_bucket(reader, caller, params)
    find_version(reader, bucket, params)
    return describe_acl(bucket)
