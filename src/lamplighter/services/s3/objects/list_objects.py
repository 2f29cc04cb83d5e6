"""List objects and versions: ListObjectsV2, ListObjects and ListObjectVersions.

Keys are in the order of their UTF-8 bytes. With a delimiter, keys that share a beginning up to it are one common
prefix; the list then continues behind that prefix, however many keys it has. See
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar
from urllib.parse import quote

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.pages import Pages, encode_token
from lamplighter.services.s3 import errors
from lamplighter.services.s3.buckets.buckets import owner_id
from lamplighter.services.s3.buckets.find_bucket import find_bucket
from lamplighter.services.s3.objects.object_properties import STANDARD
from lamplighter.services.s3.tables import versions
from lamplighter.services.s3.tables.buckets import Bucket
from lamplighter.services.s3.tables.versions import Version
from lamplighter.store.db import Reader

MAX_KEYS = 1_000
PAGES = Pages(
    lambda: errors.InvalidArgument("The continuation token provided is incorrect", "continuation-token"),
    "ContinuationToken",
)
FIRST_ROWS = 8
"""The rows that are read first if a common prefix may follow; then twice as many each time."""
_LAST = "\U0010ffff"


class HasKey(Protocol):
    """A row with a key."""

    @property
    def key(self) -> str:
        """The key of an object."""


K = TypeVar("K", bound=HasKey)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a list: a common prefix, or a row with a key."""

    prefix: str
    row: Json = None
    """None for a common prefix."""

    @property
    def last_key(self) -> str:
        """The key or the common prefix."""
        return self.prefix if self.row is None else str(self.row.key)


def walk(
    fetch: Callable[[str, str | None, int], list[K]], start: str, prefix: str, delimiter: str, most: int
) -> Iterator[Entry]:
    """Yield entries from the key `start` on. `fetch` returns rows from a key to an end, in order."""
    end, size = end_of_prefix(prefix), first_size(delimiter, most)
    place: str | None = max(start, prefix)
    while place is not None:
        rows = fetch(place, end, size)
        place = None if len(rows) < size else f"{rows[-1].key}\0"
        size = min(2 * size, most + 1)
        for row in rows:
            cut = row.key.find(delimiter, len(prefix)) if delimiter else -1
            if cut < 0:
                yield Entry(prefix, row)
                continue
            common = row.key[: cut + len(delimiter)]
            yield Entry(common)
            place, size = end_of_prefix(common), first_size(delimiter, most)
            break


def first_size(delimiter: str, most: int) -> int:
    """Return how many rows to read first, at the start and behind a common prefix: it may hide most of them."""
    return min(FIRST_ROWS, most + 1) if delimiter else most + 1


def end_of_prefix(prefix: str) -> str | None:
    """Return the least text that comes after all texts with a prefix, or None if there is none."""
    kept = prefix.rstrip(_LAST)
    if not kept:
        return None
    last = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if 0xD800 <= last < 0xE000 else last)


def read_limit(params: Json, name: str = "MaxKeys") -> int:
    """Return how many entries a page may have. Raises InvalidArgument."""
    most = params.get(name, MAX_KEYS)
    if not 0 <= most <= 2**31 - 1:
        raise errors.InvalidArgument(f"Argument {name} must be an integer between 0 and 2147483647")
    return int(min(most, MAX_KEYS))


def key_encoder(params: Json) -> Callable[[str], str]:
    """Return how keys are written. Raises InvalidArgument for an unknown EncodingType."""
    kind = params.get("EncodingType")
    if kind not in (None, "url"):
        raise errors.InvalidArgument("Invalid Encoding Method specified in Request", "encoding-type", kind)
    return (lambda text: quote(text, safe="/-_.~*")) if kind else (lambda text: text)


def _after(marker: str, delimiter: str, prefix: str) -> str | None:
    """Return where a list continues after a key, or after a common prefix with all its keys."""
    if delimiter and marker.startswith(prefix) and marker.endswith(delimiter) and len(marker) > len(prefix):
        return end_of_prefix(marker)
    return f"{marker}\0" if marker else ""


def _objects(reader: Reader, bucket: Bucket, params: Json, marker: str) -> tuple[list[Entry], bool]:
    """Return a page of objects and common prefixes, and whether more follow."""
    most, prefix, delimiter = read_limit(params), params.get("Prefix", ""), params.get("Delimiter", "")
    start = _after(marker, delimiter, prefix)
    if start is None or not most:
        return [], False

    def fetch(key: str, end: str | None, size: int) -> list[Version]:
        return versions.objects_from(reader, bucket.id, key, end, size)

    return _take_page(walk(fetch, start, prefix, delimiter, most), most)


def _take_page(entries: Iterator[Entry], most: int) -> tuple[list[Entry], bool]:
    found = list(islice(entries, most + 1))
    return found[:most], len(found) > most


def _content(entry: Entry, bucket: Bucket, encode: Callable[[str], str], *, owner: bool) -> Json:
    row: Version = entry.row
    checksums = row.properties.get("Checksums", {})
    return {
        "Key": encode(row.key),
        "LastModified": row.modified // 1000,
        "ETag": f'"{row.etag}"',
        **(
            {"ChecksumAlgorithm": list(checksums), "ChecksumType": row.properties.get("ChecksumType", "FULL_OBJECT")}
            if checksums
            else {}
        ),
        "Size": row.size,
        "StorageClass": row.properties.get("StorageClass", STANDARD),
        **({"Owner": {"ID": owner_id(bucket.account)}} if owner else {}),
    }


def echo(params: Json, encode: Callable[[str], str], *names: str) -> dict[str, Json]:
    """Return the texts of a request that its answer repeats."""
    kind = {"EncodingType": params["EncodingType"]} if "EncodingType" in params else {}
    return {**{name: encode(params[name]) for name in names if params.get(name)}, **kind}


def common_prefixes(page: list[Entry], encode: Callable[[str], str]) -> list[Json]:
    """Return the common prefixes of a page."""
    return [{"Prefix": encode(entry.prefix)} for entry in page if entry.row is None]


def list_objects_v2(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListObjectsV2."""
    bucket, encode = find_bucket(reader, caller, params), key_encoder(params)
    token = PAGES.start(params, "")
    page, more = _objects(reader, bucket, params, token or params.get("StartAfter", ""))
    owner = bool(params.get("FetchOwner"))
    return {
        "Name": bucket.name,
        "Prefix": encode(params.get("Prefix", "")),
        "MaxKeys": params.get("MaxKeys", MAX_KEYS),
        "KeyCount": len(page),
        "IsTruncated": more,
        **echo(params, encode, "Delimiter", "StartAfter"),
        **({"ContinuationToken": params["ContinuationToken"]} if token else {}),
        **({"NextContinuationToken": encode_token(page[-1].last_key)} if more else {}),
        "Contents": [_content(each, bucket, encode, owner=owner) for each in page if each.row is not None],
        "CommonPrefixes": common_prefixes(page, encode),
    }


def list_objects(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListObjects."""
    bucket, encode = find_bucket(reader, caller, params), key_encoder(params)
    page, more = _objects(reader, bucket, params, params.get("Marker", ""))
    return {
        "Name": bucket.name,
        "Prefix": encode(params.get("Prefix", "")),
        "Marker": encode(params.get("Marker", "")),
        "MaxKeys": params.get("MaxKeys", MAX_KEYS),
        "IsTruncated": more,
        **echo(params, encode, "Delimiter"),
        **({"NextMarker": encode(page[-1].last_key)} if more and params.get("Delimiter") else {}),
        "Contents": [_content(each, bucket, encode, owner=True) for each in page if each.row is not None],
        "CommonPrefixes": common_prefixes(page, encode),
    }


def list_object_versions(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListObjectVersions."""
    bucket, encode = find_bucket(reader, caller, params), key_encoder(params)
    page, more = _version_page(reader, bucket, params)
    rows: list[Version] = [entry.row for entry in page if entry.row is not None]
    following: dict[str, Json] = {}
    if more:
        last = page[-1]
        version = {"NextVersionIdMarker": last.row.version} if last.row is not None else {}
        following = {"NextKeyMarker": encode(last.last_key), **version}
    return {
        "Name": bucket.name,
        "Prefix": encode(params.get("Prefix", "")),
        "KeyMarker": encode(params.get("KeyMarker", "")),
        "VersionIdMarker": params.get("VersionIdMarker", ""),
        "MaxKeys": params.get("MaxKeys", MAX_KEYS),
        "IsTruncated": more,
        **echo(params, encode, "Delimiter"),
        **following,
        "Versions": [_describe_version(each, bucket, encode) for each in rows if not each.is_marker],
        "DeleteMarkers": [_describe_marker(each, bucket, encode) for each in rows if each.is_marker],
        "CommonPrefixes": common_prefixes(page, encode),
    }


def _version_page(reader: Reader, bucket: Bucket, params: Json) -> tuple[list[Entry], bool]:
    most, prefix, delimiter = read_limit(params), params.get("Prefix", ""), params.get("Delimiter", "")
    marker, name = params.get("KeyMarker", ""), params.get("VersionIdMarker", "")
    if name and not marker:
        raise errors.InvalidArgument(
            "A version-id marker cannot be specified without a key marker.", "version-id-marker", name
        )
    start, before = _after(marker, delimiter, prefix), 2**62
    if name:
        found = versions.get(reader, bucket.id, marker, name)
        if found is None:
            raise errors.InvalidArgument("Invalid version id specified", "version-id-marker", name)
        start, before = marker, found.id
    if start is None or not most:
        return [], False
    return _take_page(_walk_versions(reader, bucket, (start, before), prefix, delimiter, most), most)


def _walk_versions(
    reader: Reader, bucket: Bucket, place: tuple[str, int], prefix: str, delimiter: str, most: int
) -> Iterator[Entry]:
    """Yield versions and common prefixes; unlike keys, versions of one key can be on several pages of rows."""
    end, size = end_of_prefix(prefix), first_size(delimiter, most)
    start, before = (place[0], place[1]) if place[0] >= prefix else (prefix, 2**62)
    while True:
        rows = versions.versions_from(reader, bucket.id, start, end, before, size)
        following: str | None = None
        for row in rows:
            cut = row.key.find(delimiter, len(prefix)) if delimiter else -1
            if cut < 0:
                yield Entry(prefix, row)
                start, before = row.key, row.id
                continue
            common = row.key[: cut + len(delimiter)]
            yield Entry(common)
            following = end_of_prefix(common)
            if following is None:
                return
            break
        if following is not None:
            start, before, size = following, 2**62, first_size(delimiter, most)
        elif len(rows) < size:
            return
        else:
            size = min(2 * size, most + 1)


def _describe_version(row: Version, bucket: Bucket, encode: Callable[[str], str]) -> Json:
    return {
        **_content(Entry("", row), bucket, encode, owner=True),
        "VersionId": row.version,
        "IsLatest": bool(row.is_latest),
    }


def _describe_marker(row: Version, bucket: Bucket, encode: Callable[[str], str]) -> Json:
    return {
        "Key": encode(row.key),
        "VersionId": row.version,
        "IsLatest": bool(row.is_latest),
        "LastModified": row.modified // 1000,
        "Owner": {"ID": owner_id(bucket.account)},
    }
