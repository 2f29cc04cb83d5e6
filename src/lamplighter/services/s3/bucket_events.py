"""Send the events of a bucket to the default event bus, if its notification configuration has EventBridge.

See https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html. Guarantees that an event is sent in the
transaction that changes the object. The address of the sender is missing: services do not know it.
"""

from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller, Event
from lamplighter.services.s3.tables.buckets import Bucket
from lamplighter.services.s3.tables.versions import Version
from lamplighter.store.db import Tx

SOURCE = "aws.s3"
NOTIFICATIONS, EVENT_BRIDGE = "NotificationConfiguration", "EventBridgeConfiguration"
CREATED, DELETED = "Object Created", "Object Deleted"
TAGS_ADDED, TAGS_DELETED = "Object Tags Added", "Object Tags Deleted"
DELETION, EXPIRATION = "DeleteObject", "Lifecycle Expiration"
MARKED: Json = {"deletion-type": "Delete Marker Created"}
REMOVED: Json = {"deletion-type": "Permanently Deleted"}
EMPTY_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
"""The ETag of no content, which the event of a delete marker has."""


@dataclass(frozen=True, slots=True)
class BucketEvents:
    """The events of one engine's buckets."""

    bus: Bus
    world: World

    def send(self, tx: Tx, kind: str, bucket: Bucket, version: Version, more: Json) -> None:
        """Send an event about a version of an object; `more` are the fields that only its kind has."""
        if EVENT_BRIDGE in bucket.settings.get(NOTIFICATIONS, {}):
            self.bus.publish(tx, SOURCE, lambda: self._event(kind, bucket, version, more))

    def _event(self, kind: str, bucket: Bucket, version: Version, more: Json) -> Event:
        now = self.world.now()
        requester = "s3.amazonaws.com" if more.get("reason") == EXPIRATION else bucket.account
        detail = {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": _describe_object(kind, bucket, version) | {"sequencer": f"{now:016X}"},
            "request-id": self.world.uuid().replace("-", "")[:16].upper(),
            "requester": requester,
            **more,
        }
        caller = Caller(bucket.account, bucket.region)
        return Event(caller, SOURCE, kind, now, (f"arn:aws:s3:::{bucket.name}",), detail)


def _describe_object(kind: str, bucket: Bucket, version: Version) -> Json:
    """Describe an object; "some object attributes (such as etag and size) are present only when a delete marker"."""
    size = {"size": version.size} if kind == CREATED else {}
    etag = {} if kind == DELETED and not version.is_marker else {"etag": version.etag or EMPTY_ETAG}
    name = {"version-id": version.version} if bucket.versioning else {}
    return {"key": version.key, **size, **etag, **name}
