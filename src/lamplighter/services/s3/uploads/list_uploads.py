"""List multipart uploads and their parts: ListMultipartUploads and ListParts.

See https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html and API_ListParts.html there.
"""

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.s3.buckets.buckets import owner_id
from lamplighter.services.s3.buckets.find_bucket import find_bucket
from lamplighter.services.s3.objects.list_objects import (
    MAX_KEYS,
    Entry,
    common_prefixes,
    echo,
    end_of_prefix,
    key_encoder,
    read_limit,
)
from lamplighter.services.s3.objects.object_properties import STANDARD
from lamplighter.services.s3.tables import uploads as rows
from lamplighter.services.s3.tables.buckets import Bucket
from lamplighter.services.s3.tables.uploads import Upload
from lamplighter.services.s3.uploads.find_upload import find_upload
from lamplighter.store.db import Reader


def list_multipart_uploads(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListMultipartUploads."""
    bucket, encode = find_bucket(reader, caller, params), key_encoder(params)
    page, more = _page(reader, bucket, params)
    uploads: list[Upload] = [entry.row for entry in page if entry.row is not None]
    following: dict[str, Json] = {}
    if more:
        last = page[-1]
        marker = last.row.upload if last.row is not None else ""
        following = {"NextKeyMarker": encode(last.last_key), "NextUploadIdMarker": marker}
    owner = {"ID": owner_id(bucket.account)}
    return {
        "Bucket": bucket.name,
        "KeyMarker": encode(params.get("KeyMarker", "")),
        "UploadIdMarker": params.get("UploadIdMarker", ""),
        "Prefix": encode(params.get("Prefix", "")),
        "MaxUploads": params.get("MaxUploads", MAX_KEYS),
        "IsTruncated": more,
        **echo(params, encode, "Delimiter"),
        **following,
        "Uploads": [
            {
                "UploadId": each.upload,
                "Key": encode(each.key),
                "Initiated": each.started // 1000,
                "StorageClass": each.properties.get("StorageClass", STANDARD),
                "Owner": owner,
                "Initiator": owner,
            }
            for each in uploads
        ],
        "CommonPrefixes": common_prefixes(page, encode),
    }


def _page(reader: Reader, bucket: Bucket, params: Json) -> tuple[list[Entry], bool]:
    """Return a page of uploads and common prefixes, and whether more follow."""
    most, prefix, delimiter = read_limit(params, "MaxUploads"), params.get("Prefix", ""), params.get("Delimiter", "")
    marker, name = params.get("KeyMarker", ""), params.get("UploadIdMarker", "")
    found = rows.get(reader, bucket.id, marker, name) if name and marker else None
    start, after = (marker, found.id) if found else (f"{marker}\0" if marker else "", 0)
    start, after = (start, after) if start >= prefix else (prefix, 0)
    page: list[Entry] = []
    while most:
        following: str | None = None
        batch = rows.uploads_from(reader, bucket.id, start, end_of_prefix(prefix), after, most + 1)
        for row in batch:
            cut = row.key.find(delimiter, len(prefix)) if delimiter else -1
            common = row.key[: cut + len(delimiter)] if cut >= 0 else ""
            if common and common == marker:
                following = end_of_prefix(common)
                break
            if len(page) == most:
                return page, True
            page.append(Entry(common) if common else Entry(prefix, row))
            start, after = row.key, row.id
            if common:
                following = end_of_prefix(common)
                break
        if following is None:
            return page, False
        start, after = following, 0
    return page, False


def list_parts(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListParts."""
    bucket, upload = find_upload(reader, caller, params)
    most, marker = read_limit(params, "MaxParts"), int(params.get("PartNumberMarker") or 0)
    found = rows.parts(reader, upload.id, marker, most + 1)
    shown, owner = found[:most], {"ID": owner_id(bucket.account)}
    check = {name: upload.properties[key] for name, key in (("ChecksumAlgorithm", "Algorithm"), ("ChecksumType",) * 2)}
    return {
        "Bucket": bucket.name,
        "Key": upload.key,
        "UploadId": upload.upload,
        "PartNumberMarker": str(marker),
        "NextPartNumberMarker": str(shown[-1].number if shown else 0),
        "MaxParts": params.get("MaxParts", MAX_KEYS),
        "IsTruncated": len(found) > most,
        "StorageClass": upload.properties.get("StorageClass", STANDARD),
        "Owner": owner,
        "Initiator": owner,
        **(check if upload.properties["Asked"] else {}),
        "Parts": [
            {
                "PartNumber": part.number,
                "LastModified": part.modified // 1000,
                "ETag": f'"{part.etag}"',
                "Size": part.size,
                **{f"Checksum{name}": value for name, value in part.checksums.items()},
            }
            for part in shown
        ],
    }
