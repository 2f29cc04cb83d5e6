"""Read what a request says about an object, and write it into answers.

The headers that S3 keeps with an object come back as they were sent. The encryption that an answer names is what the
request or the bucket chose: the engine's disk is not encrypted by it. See
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json
from lamplighter.services.s3 import errors
from lamplighter.services.s3.buckets.buckets import check_acl
from lamplighter.services.s3.objects.tags import parse_tag_header
from lamplighter.services.s3.tables.buckets import Bucket
from lamplighter.services.s3.tables.versions import Version

SYSTEM_HEADERS = (
    *("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires"),
    *("WebsiteRedirectLocation", "StorageClass"),
)
ENCRYPTION_HEADERS = ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled")
DEFAULT_TYPE = "binary/octet-stream"
STANDARD = "STANDARD"
STORAGE_CLASSES = (
    *(STANDARD, "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"),
    *("EXPRESS_ONEZONE",),
)
"""The classes whose objects can be read at once. An object here can always be read, so an archive is refused."""
MAX_METADATA_BYTES = 2_048
MAX_KEY_BYTES = 1_024


def check_object_request(params: Json) -> None:
    """Refuse a key that is too long, and what this engine cannot do with an object."""
    if (size := len(params["Key"].encode(errors="surrogatepass"))) > MAX_KEY_BYTES:
        raise errors.KeyTooLong(size, MAX_KEY_BYTES)
    if params.get("SSECustomerAlgorithm") or params.get("SSECustomerKey"):
        raise errors.NotImplementedHere("This engine does not encrypt objects with keys of customers")
    if params.get("ObjectLockMode") or params.get("ObjectLockLegalHoldStatus"):
        raise errors.InvalidRequest("Bucket is missing Object Lock Configuration")
    if params.get("StorageClass", STANDARD) not in STORAGE_CLASSES:
        raise errors.NotImplementedHere("This engine has no archives: choose a storage class that can be read at once")
    if params.get("WriteOffsetBytes"):
        raise errors.NotImplementedHere("Only directory buckets append to objects")
    check_acl(params)


def read_properties(bucket: Bucket, params: Json) -> dict[str, Json]:
    """Return what a request says about a new object. Raises MetadataTooLarge."""
    metadata = params.get("Metadata") or {}
    if sum(len(key) + len(value.encode("latin-1", "replace")) for key, value in metadata.items()) > MAX_METADATA_BYTES:
        raise errors.MetadataTooLarge
    found = {name: params[name] for name in SYSTEM_HEADERS if params.get(name) is not None}
    if encoding := _without_transfer(found.pop("ContentEncoding", "")):
        found["ContentEncoding"] = encoding
    return {
        "ContentType": DEFAULT_TYPE,
        **found,
        **_encryption(bucket, params),
        "Metadata": metadata,
        "Tags": parse_tag_header(params.get("Tagging")),
    }


def _without_transfer(encoding: str) -> str:
    """Return a Content-Encoding without `aws-chunked`, which is only the form of the request."""
    return ",".join(part.strip() for part in encoding.split(",") if part.strip() not in ("aws-chunked", ""))


def _encryption(bucket: Bucket, params: Json) -> dict[str, Json]:
    given = {name: params[name] for name in ENCRYPTION_HEADERS if params.get(name) is not None}
    if given:
        return given
    rules = bucket.settings.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    chosen = (rules[0].get("ApplyServerSideEncryptionByDefault") if rules else None) or {"SSEAlgorithm": "AES256"}
    key = {"SSEKMSKeyId": chosen["KMSMasterKeyID"]} if chosen.get("KMSMasterKeyID") else {}
    return {"ServerSideEncryption": chosen["SSEAlgorithm"], **key}


def encryption_of(properties: Mapping[str, Json]) -> Json:
    """Return the encryption of an answer."""
    return {name: properties[name] for name in ENCRYPTION_HEADERS if name in properties}


def checksums_of(properties: Mapping[str, Json], part: int | None = None) -> Json:
    """Return the checksums of an answer about an object, or about one of its parts."""
    if part is not None and "Parts" in properties:
        checksums = checksums_of_part(properties, part)
    else:
        checksums = {f"Checksum{name}": value for name, value in properties.get("Checksums", {}).items()}
    return {**checksums, "ChecksumType": properties.get("ChecksumType", "FULL_OBJECT")} if checksums else {}


def checksums_of_part(properties: Mapping[str, Json], number: int) -> dict[str, str]:
    """Return the checksums of one part of an object, if its parts have any."""
    found = properties.get("PartChecksums", {})
    return {f"Checksum{name}": values[number - 1] for name, values in found.items()}


def describe_object(version: Version, part: int | None = None, *, with_checksums: bool) -> Json:
    """Return the headers of an answer about an object."""
    properties = version.properties
    shown = {name: properties[name] for name in SYSTEM_HEADERS if name in properties and properties[name] != STANDARD}
    return {
        **shown,
        **encryption_of(properties),
        **(checksums_of(properties, part) if with_checksums else {}),
        "ETag": f'"{version.etag}"',
        "LastModified": version.modified // 1000,
        "AcceptRanges": "bytes",
        "Metadata": properties.get("Metadata") or {},
        **({"TagCount": len(properties["Tags"])} if properties.get("Tags") else {}),
        **({"PartsCount": len(properties["Parts"])} if properties.get("Parts") and part is not None else {}),
    }
