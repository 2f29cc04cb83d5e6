"""Connect S3 to the engine: its operations by AWS's names, its timers, and the clean-up at the start.

See https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html. An operation that
is not listed here is refused with NotImplemented.
"""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from lamplighter.base.errors import Unavailable
from lamplighter.base.world import World
from lamplighter.bus import Bus, Operation, Service
from lamplighter.services.s3.bucket_events import BucketEvents
from lamplighter.services.s3.buckets import settings
from lamplighter.services.s3.buckets.buckets import Buckets
from lamplighter.services.s3.buckets.lifecycle import Lifecycle
from lamplighter.services.s3.object_files import ObjectFiles
from lamplighter.services.s3.objects import get_object, list_objects
from lamplighter.services.s3.objects.delete_objects import ObjectDeleter
from lamplighter.services.s3.objects.delete_versions import VersionDeleter
from lamplighter.services.s3.objects.get_object import ObjectReader
from lamplighter.services.s3.objects.put_object import ObjectWriter
from lamplighter.services.s3.objects.tags import ObjectTags
from lamplighter.services.s3.tables import versions
from lamplighter.services.s3.tables.buckets import SERVICE
from lamplighter.services.s3.uploads import list_uploads
from lamplighter.services.s3.uploads.complete_upload import UploadCompleter
from lamplighter.services.s3.uploads.multipart import MultipartUploads
from lamplighter.services.s3.uploads.upload_parts import PartWriter
from lamplighter.store.db import Tx
from lamplighter.store.timers import Timer

log = logging.getLogger("lamplighter.s3")


class S3(Service):
    """The S3 service of one engine."""

    name = SERVICE

    def __init__(self, bus: Bus, world: World, directory: Path) -> None:
        self._store = store = bus.store
        self._files = files = ObjectFiles(directory, world, lambda name: versions.names_file(store.reader, name))
        deleter = VersionDeleter(world, files, events := BucketEvents(bus, world))
        writer = ObjectWriter(world, files, deleter)
        self._lifecycle = Lifecycle(deleter, files)
        self._sweep: asyncio.Task[None] | None = None
        buckets, reader, tags = Buckets(files), ObjectReader(files), ObjectTags(events)
        object_deleter, uploads = ObjectDeleter(deleter), MultipartUploads(world, files)
        parts, completer = PartWriter(files, writer), UploadCompleter(files, writer)
        self.operations: Mapping[str, Operation] = {
            "CreateBucket": Operation(write=buckets.create),
            "HeadBucket": Operation(read=buckets.head),
            "DeleteBucket": Operation(write=buckets.delete),
            "ListBuckets": Operation(read=buckets.list),
            **settings.operations(),
            "PutObject": Operation(write=writer.put, prepare=writer.prepare_body),
            "CopyObject": Operation(write=writer.copy, prepare=writer.prepare_copy),
            "GetObject": Operation(read=reader.get),
            "HeadObject": Operation(read=reader.head),
            "GetObjectAttributes": Operation(read=get_object.get_object_attributes),
            "GetObjectAcl": Operation(read=get_object.get_object_acl),
            "PutObjectAcl": Operation(write=get_object.put_object_acl),
            "DeleteObject": Operation(write=object_deleter.delete),
            "DeleteObjects": Operation(write=object_deleter.delete_several),
            "ListObjectsV2": Operation(read=list_objects.list_objects_v2),
            "ListObjects": Operation(read=list_objects.list_objects),
            "ListObjectVersions": Operation(read=list_objects.list_object_versions),
            "GetObjectTagging": Operation(read=tags.get),
            "PutObjectTagging": Operation(write=tags.put),
            "DeleteObjectTagging": Operation(write=tags.delete),
            "CreateMultipartUpload": Operation(write=uploads.create),
            "AbortMultipartUpload": Operation(write=uploads.abort),
            "UploadPart": Operation(write=parts.upload_part, prepare=parts.prepare_part),
            "UploadPartCopy": Operation(write=parts.copy_part, prepare=parts.prepare_copy),
            "CompleteMultipartUpload": Operation(write=completer.complete, prepare=completer.prepare),
            "ListMultipartUploads": Operation(read=list_uploads.list_multipart_uploads),
            "ListParts": Operation(read=list_uploads.list_parts),
        }

    async def start(self) -> None:
        """Begin to delete the files that a killed engine left without an object."""
        await asyncio.to_thread(self._files.begin_sweep)
        self._sweep = asyncio.create_task(self._sweep_files())

    async def _sweep_files(self) -> None:
        try:
            await self._store.read_in_thread(
                lambda reader: self._files.sweep(lambda name: versions.names_file(reader, name))
            )
        except (Unavailable, OSError) as error:  # the next start tries again
            log.warning("files without an object could not be deleted: %s", error)

    async def stop(self) -> None:
        """Wait for the clean-up."""
        if self._sweep is not None:
            await self._sweep

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Apply the lifecycle rules of a bucket."""
        self._lifecycle.fire_timer(tx, timer)
