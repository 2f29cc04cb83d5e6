"""Read, check and change the tags of objects; buckets share the rules.

See https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html and
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/allocation-tag-restrictions.html.
"""

import re
from dataclasses import replace
from urllib.parse import parse_qsl

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.s3 import errors
from lamplighter.services.s3.bucket_events import TAGS_ADDED, TAGS_DELETED, BucketEvents
from lamplighter.services.s3.buckets.find_bucket import find_bucket
from lamplighter.services.s3.objects.find_version import find_version, version_field
from lamplighter.services.s3.tables import versions
from lamplighter.store.db import Reader, Tx

MAX_TAGS = 10
INVALID_HEADER = (
    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
    "duplicates."
)
MAX_KEY, MAX_VALUE = 128, 256
_TAG_TEXT = re.compile(r"[\w\s+=.:/@-]*")
""""Letters, numbers, and spaces representable in UTF-8, and the following characters: + - = . _ : / @"."""


def check_tags(tags: list[Json], most: int = MAX_TAGS) -> dict[str, str]:
    """Return a TagSet as one object. Raises InvalidTag and BadRequest."""
    found = {tag.get("Key", ""): tag.get("Value", "") for tag in tags}
    if len(found) != len(tags):
        raise errors.InvalidTag("Cannot provide multiple Tags with the same key")
    if len(found) > most:
        raise errors.InvalidRequest(f"Object tags cannot be greater than {most}")
    for key, value in found.items():
        if not 1 <= len(key) <= MAX_KEY or not _TAG_TEXT.fullmatch(key):
            raise errors.InvalidTag("The TagKey you have provided is invalid")
        if len(value) > MAX_VALUE or not _TAG_TEXT.fullmatch(value):
            raise errors.InvalidTag("The TagValue you have provided is invalid")
        if key.lower().startswith("aws:") and most == MAX_TAGS:
            raise errors.InvalidTag("System tags cannot be added/updated by requester")
    return found


def parse_tag_header(text: str | None) -> dict[str, str]:
    """Return the tags of the header x-amz-tagging, which is a query string."""
    try:
        pairs = parse_qsl(text or "", keep_blank_values=True, errors="strict")
    except ValueError:
        pairs = [("", "")] * 2
    if len(dict(pairs)) < len(pairs):
        raise errors.InvalidArgument(INVALID_HEADER, "x-amz-tagging", text)
    return check_tags([{"Key": key, "Value": value} for key, value in pairs])


class ObjectTags:
    """The operations on the tags of objects."""

    def __init__(self, events: BucketEvents) -> None:
        self._events = events

    def get(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle GetObjectTagging."""
        bucket = find_bucket(reader, caller, params)
        version = find_version(reader, bucket, params)
        tags = version.properties.get("Tags", {})
        return {"TagSet": [{"Key": key, "Value": tags[key]} for key in tags], **version_field(bucket, version)}

    def put(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle PutObjectTagging."""
        return self._save(tx, caller, params, check_tags((params.get("Tagging") or {}).get("TagSet") or []))

    def delete(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle DeleteObjectTagging."""
        return self._save(tx, caller, params, {})

    def _save(self, tx: Tx, caller: Caller, params: Json, tags: dict[str, str]) -> Json:
        bucket = find_bucket(tx, caller, params)
        version = find_version(tx, bucket, params)
        versions.update_properties(tx, replace(version, properties={**version.properties, "Tags": tags}))
        self._events.send(tx, TAGS_ADDED if tags else TAGS_DELETED, bucket, version, {})
        return version_field(bucket, version)
