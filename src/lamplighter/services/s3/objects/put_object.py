"""Store objects: PutObject, CopyObject, and the object that a multipart upload completes.

The content is on disk before the turn (`prepare`). If the turn refuses the request, the file is deleted. See
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html.
"""

from dataclasses import dataclass
from urllib.parse import unquote

from lamplighter.base.errors import AwsError
from lamplighter.base.file_body import ReceivedFile
from lamplighter.base.json_text import Json, dump_bytes
from lamplighter.base.world import World
from lamplighter.bus import PREPARED, Caller, Prepared, Work
from lamplighter.services.s3 import errors
from lamplighter.services.s3.bucket_events import CREATED
from lamplighter.services.s3.buckets.find_bucket import find_bucket
from lamplighter.services.s3.buckets.lifecycle import expiration_of
from lamplighter.services.s3.object_files import DEFAULT_CHECKSUMS, ObjectFiles, StoredFile, unless_missing
from lamplighter.services.s3.objects.conditions import check_copy_source, check_write
from lamplighter.services.s3.objects.delete_versions import VersionDeleter, new_version
from lamplighter.services.s3.objects.find_version import find_version, version_field
from lamplighter.services.s3.objects.object_properties import (
    SYSTEM_HEADERS,
    check_object_request,
    checksums_of,
    encryption_of,
    read_properties,
)
from lamplighter.services.s3.objects.tags import parse_tag_header
from lamplighter.services.s3.tables import versions
from lamplighter.services.s3.tables.buckets import Bucket
from lamplighter.services.s3.tables.versions import NULL, Version
from lamplighter.store.db import Reader, Tx

OF_CONTENT = ("Checksums", "ChecksumType", "Parts", "PartChecksums")
"""The properties that belong to the content: a copy has them."""
ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")
"""The checksums that a request within the engine may ask for."""


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """A second name of the file of a copy's source, made before the turn."""

    source: str
    name: str


class ObjectWriter:
    """The operations that store an object."""

    def __init__(self, world: World, files: ObjectFiles, deleter: VersionDeleter) -> None:
        self._world = world
        self._files = files
        self._deleter = deleter

    def put(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle PutObject."""
        stored = self.stored_body(params)
        self._files.delete_unless_named(tx, stored.name)
        check_object_request(params)
        bucket = find_bucket(tx, caller, params)
        properties = {**read_properties(bucket, params), "Checksums": dict(stored.checksums)}
        version = self.store(tx, bucket, params, stored, properties)
        return {
            "ETag": f'"{version.etag}"',
            **checksums_of(version.properties),
            **encryption_of(version.properties),
            **version_field(bucket, version),
            **expiration_of(bucket, version),
        }

    def store(
        self,
        tx: Tx,
        bucket: Bucket,
        params: Json,
        stored: StoredFile,
        properties: dict[str, Json],
        upload: str | None = None,
    ) -> Version:
        """Store a file as the latest version of an object. Raises the errors of conditions that do not hold."""
        key = params["Key"]
        check_write(versions.latest(tx, bucket.id, key), key, params)
        if bucket.versioning != "Enabled" and (null := versions.get(tx, bucket.id, key, NULL)) is not None:
            self._deleter.remove(tx, null)
        version = Version(
            id=0,
            bucket=bucket.id,
            key=key,
            version=new_version(self._world) if bucket.versioning == "Enabled" else NULL,
            is_latest=1,
            is_marker=0,
            file=stored.name,
            size=stored.size,
            etag=stored.etag,
            modified=tx.now,
            properties=properties,
            upload=upload,
        )
        versions.insert_latest(tx, version)
        reason = "CompleteMultipartUpload" if upload else "CopyObject" if "CopySource" in params else "PutObject"
        self._deleter.events.send(tx, CREATED, bucket, version, {"reason": reason})
        return version

    def prepare_body(self, _reader: Reader, _caller: Caller, params: Json) -> Work:
        """Return the work that stores the body of a request."""
        return lambda: Prepared(self._store_body(params))

    def stored_body(self, params: Json) -> StoredFile:
        """Return the stored body; store it now for a call within a turn."""
        prepared = params.get(PREPARED)
        return prepared if isinstance(prepared, StoredFile) else self._store_body(params)

    def _store_body(self, params: Json) -> StoredFile:
        body = params.get("Body")
        if isinstance(body, ReceivedFile):
            return self._files.keep(body)
        algorithm = str(params.get("ChecksumAlgorithm", "")).upper()
        return self._files.write(_pieces(body), [algorithm] if algorithm in ALGORITHMS else DEFAULT_CHECKSUMS)

    # --- copies -------------------------------------------------------------------------------------------------------

    def copy(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle CopyObject."""
        prepared = params.get(PREPARED)
        if isinstance(prepared, CopiedFile):
            self._files.delete_unless_named(tx, prepared.name)
        check_object_request(params)
        bucket = find_bucket(tx, caller, params)
        source_bucket, source = find_source(tx, caller, params)
        check_copy_source(source, params)
        properties = _copied_properties(bucket, source_bucket, source, params)
        stored = StoredFile(self._copied_file(tx, source, prepared), source.size, {}, source.etag)
        version = self.store(tx, bucket, params, stored, properties)
        result = {"ETag": f'"{version.etag}"', "LastModified": version.modified // 1000, **checksums_of(properties)}
        from_version = {"CopySourceVersionId": source.version} if source_bucket.versioning else {}
        return {
            "CopyObjectResult": result,
            **encryption_of(properties),
            **from_version,
            **version_field(bucket, version),
            **expiration_of(bucket, version),
        }

    def _copied_file(self, tx: Tx, source: Version, prepared: Json) -> str:
        """Return the name of a copy of the source's file: the prepared one, if the source is still the same."""
        assert source.file is not None
        if isinstance(prepared, CopiedFile) and prepared.source == source.file:
            return prepared.name
        name = self._files.link(source.file)
        self._files.delete_unless_named(tx, name)
        return name

    def prepare_copy(self, reader: Reader, caller: Caller, params: Json) -> Work | None:
        """Handle prepare_copy."""
        try:
            source = find_source(reader, caller, params)[1]
        except AwsError:
            return None  # the turn raises it
        file = source.file
        if file is None:
            return None
        return unless_missing(lambda: CopiedFile(file, self._files.link(file)))


def find_source(reader: Reader, caller: Caller, params: Json) -> tuple[Bucket, Version]:
    """Return the bucket and the version that a copy reads. Raises InvalidArgument."""
    path, _, query = params["CopySource"].partition("?")
    name, _, key = unquote(path).removeprefix("/").partition("/")
    if not name or not key:
        raise errors.InvalidArgument("Invalid copy source object key", "x-amz-copy-source", params["CopySource"])
    version = {"VersionId": query.removeprefix("versionId=")} if query.startswith("versionId=") else {}
    owner = (
        {"ExpectedBucketOwner": params["ExpectedSourceBucketOwner"]} if "ExpectedSourceBucketOwner" in params else {}
    )
    bucket = find_bucket(reader, caller, {"Bucket": name, **owner})
    return bucket, find_version(reader, bucket, {"Key": key, **version})


def _copied_properties(bucket: Bucket, source_bucket: Bucket, source: Version, params: Json) -> dict[str, Json]:
    """Return the properties of a copy: those of the source, or those of the request where it replaces them."""
    new = read_properties(bucket, params)
    replaces = params.get("MetadataDirective", "COPY") == "REPLACE"
    changes = replaces or params.get("StorageClass") or params.get("WebsiteRedirectLocation")
    changes = changes or params.get("ServerSideEncryption")
    is_itself = (source_bucket.id, source.key) == (bucket.id, params["Key"]) and "versionId=" not in params[
        "CopySource"
    ]
    if is_itself and not changes:
        raise errors.InvalidRequest(
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes."
        )
    kept = {name: value for name, value in source.properties.items() if name in (*SYSTEM_HEADERS, "Metadata")}
    chosen: dict[str, Json] = {name: new[name] for name in ("StorageClass", "WebsiteRedirectLocation") if name in new}
    properties: dict[str, Json] = {**new} if replaces else {**new, **kept, **chosen}
    replaces_tags = params.get("TaggingDirective", "COPY") == "REPLACE"
    tags = parse_tag_header(params.get("Tagging")) if replaces_tags else source.properties.get("Tags", {})
    checksums: dict[str, Json] = {name: source.properties[name] for name in OF_CONTENT if name in source.properties}
    return {**properties, "Tags": tags, **checksums}


def _pieces(body: Json) -> list[bytes]:
    """Return the bytes of a body from within the engine; a state machine may send any JSON."""
    if body is None:
        return []
    if isinstance(body, bytes):
        return [body]
    if hasattr(body, "read"):
        return list(iter(lambda: body.read(2**20), b""))
    return [body.encode() if isinstance(body, str) else dump_bytes(body)]
