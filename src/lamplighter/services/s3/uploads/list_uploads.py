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
    after_marker,
    common_prefixes,
    echo,
    end_of_prefix,
    key_encoder,
    read_limit,
    take_page,
    walk,
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
    start, after = after_marker(marker, delimiter, prefix), 0
    if name and marker:
        found = rows.get(reader, bucket.id, marker, name)
        start, after = marker, found.id if found is not None else 0  # of a key whose upload is gone: all
    if start is None or not most:
        return [], False

    def fetch(key: str, after: int, size: int) -> list[Upload]:
        return rows.uploads_from(reader, bucket.id, key, end_of_prefix(prefix), after, size)

    return take_page(walk(fetch, (start, after), 0, prefix, delimiter, most), most)


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
