"""Delete objects and their versions: the rows in a turn, and the files after its commit."""

from dataclasses import dataclass

from lamplighter.base.world import World
from lamplighter.services.s3.bucket_events import DELETED, DELETION, MARKED, REMOVED, BucketEvents
from lamplighter.services.s3.object_files import ObjectFiles
from lamplighter.services.s3.tables import versions
from lamplighter.services.s3.tables.buckets import Bucket
from lamplighter.services.s3.tables.versions import NULL, Version
from lamplighter.store.db import Tx


@dataclass(frozen=True, slots=True)
class VersionDeleter:
    """Deletes versions of objects."""

    world: World
    files: ObjectFiles
    events: BucketEvents

    def delete_latest(self, tx: Tx, bucket: Bucket, key: str, reason: str = DELETION) -> Version | None:
        """Delete an object; with versioning, hide it by a delete marker, which is returned."""
        null = versions.get(tx, bucket.id, key, NULL) if bucket.versioning != "Enabled" else None
        if not bucket.versioning:
            if null is not None:
                self.delete_version(tx, bucket, null, reason)
            return None
        if null is not None:
            self.remove(tx, null)
        name = NULL if bucket.versioning == "Suspended" else new_version(self.world)
        marker = Version(
            id=0,
            bucket=bucket.id,
            key=key,
            version=name,
            is_latest=1,
            is_marker=1,
            file=None,
            size=0,
            etag="",
            modified=tx.now,
            properties={},
            upload=None,
        )
        versions.insert_latest(tx, marker)
        self.events.send(tx, DELETED, bucket, marker, {"reason": reason, **MARKED})
        return marker

    def delete_version(self, tx: Tx, bucket: Bucket, version: Version, reason: str = DELETION) -> None:
        """Delete one version for ever, and send the event."""
        self.remove(tx, version)
        self.events.send(tx, DELETED, bucket, version, {"reason": reason, **REMOVED})

    def remove(self, tx: Tx, version: Version) -> None:
        """Delete a version that another one replaces."""
        versions.delete(tx, version)
        self.files.delete_after_commit(tx, [version.file])


def new_version(world: World) -> str:
    """Return a new version ID."""
    return world.uuid().replace("-", "")
