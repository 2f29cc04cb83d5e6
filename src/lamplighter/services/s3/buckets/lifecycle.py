"""Apply the lifecycle rules of buckets: expire objects, old versions, delete markers and unfinished uploads.

A timer fires at each midnight UTC while a bucket has rules, as S3 rounds to "the next day at midnight UTC". It removes
a few hundred versions in a turn, and continues at once while there are more. Rules that move objects to another storage
class are kept and have no effect. See
https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from email.utils import formatdate
from urllib.parse import quote

from lamplighter.base.json_text import Json
from lamplighter.services.s3 import errors
from lamplighter.services.s3.bucket_events import EXPIRATION
from lamplighter.services.s3.object_files import ObjectFiles
from lamplighter.services.s3.objects.delete_versions import VersionDeleter
from lamplighter.services.s3.tables import buckets as rows
from lamplighter.services.s3.tables import uploads, versions
from lamplighter.services.s3.tables.buckets import SERVICE, Bucket
from lamplighter.services.s3.tables.versions import Version
from lamplighter.services.s3.uploads.delete_uploads import delete_upload
from lamplighter.store import timers
from lamplighter.store.db import Tx
from lamplighter.store.timers import Timer

DAY = 24 * 3600 * 1000
TIMER = "lifecycle"
RULES = "LifecycleConfiguration"
PAGE = 500
"""The most versions that one turn examines."""


def check_rules(value: Json) -> None:
    """Refuse rules that S3 refuses. Raises MalformedXML or InvalidArgument."""
    rules = value.get("Rules") or []
    if not rules or any(rule.get("Status") not in ("Enabled", "Disabled") for rule in rules):
        raise errors.MalformedXml
    names = [rule["ID"] for rule in rules if rule.get("ID")]
    if len(set(names)) != len(names):
        raise errors.InvalidArgument("Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        days = (rule.get("Expiration") or {}).get("Days", 1)
        noncurrent = (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays", 1)
        if days < 1 or noncurrent < 1:
            raise errors.InvalidArgument("'Days' for Expiration action must be a positive integer")


def plan(tx: Tx, bucket: Bucket, now: int) -> None:
    """Set the timer of a bucket with rules; delete that of a bucket without."""
    if bucket.settings.get(RULES):
        timers.put(tx, Timer(SERVICE, str(bucket.id), TIMER, (now // DAY + 1) * DAY), steady_clock=False)
    else:
        stop(tx, bucket)


def stop(tx: Tx, bucket: Bucket) -> None:
    """Delete the timer of a bucket."""
    timers.delete_all(tx, SERVICE, str(bucket.id))


def expiration_of(bucket: Bucket, version: Version) -> Json:
    """Return when a rule expires an object, and which one, as answers about the object say it; {} if none does."""
    rules = [rule for rule in _enabled_rules(bucket) if _matches(rule, version)]
    found = [(time, rule.get("ID", "")) for rule in rules if (time := _expiry(rule, version)) is not None]
    if not found or not version.is_latest:
        return {}
    time, name = min(found)
    return {"Expiration": f'expiry-date="{formatdate(time / 1000, usegmt=True)}", rule-id="{quote(name)}"'}


def _enabled_rules(bucket: Bucket) -> list[Json]:
    return [rule for rule in bucket.settings.get(RULES, {}).get("Rules", []) if rule["Status"] == "Enabled"]


def _expiry(rule: Json, version: Version) -> int | None:
    """Return when the rule expires an object that it matches, or None."""
    expiration = rule.get("Expiration") or {}
    if (date := expiration.get("Date")) is not None:
        return _milliseconds(date)
    return _midnight_after(version.modified, expiration["Days"]) if "Days" in expiration else None


class Lifecycle:
    """The sweep of buckets with rules."""

    def __init__(self, deleter: VersionDeleter, files: ObjectFiles) -> None:
        self._deleter = deleter
        self._files = files

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Examine a page of a bucket; continue at once while there is more, else at the next midnight."""
        bucket = rows.by_id(tx, int(timer.subject))
        if bucket is None:
            return
        rules = _enabled_rules(bucket)
        after = timer.name.partition(":")[2]
        # A page begins with the object after the last one, so that all versions of an object are on one page.
        page = versions.versions_from(tx, bucket.id, f"{after}\0" if after else "", None, 2**62, PAGE)
        whole = _whole_objects(page, is_last=len(page) < PAGE)
        numbers = Counter(version.key for version in whole)
        for version, newer in _with_newer(whole):
            is_alone = numbers[version.key] == 1
            if any(_has_expired(rule, version, newer, tx.now, is_alone=is_alone) for rule in rules):
                self._expire(tx, bucket, version)
        if not after:
            self._abort_uploads(tx, bucket, rules)
        if len(page) == PAGE and whole:
            timers.put(tx, Timer(SERVICE, timer.subject, f"{TIMER}:{whole[-1].key}", tx.now), steady_clock=False)
        else:
            plan(tx, bucket, tx.now)

    def _expire(self, tx: Tx, bucket: Bucket, version: Version) -> None:
        if version.is_latest and not version.is_marker:
            self._deleter.delete_latest(tx, bucket, version.key, EXPIRATION)
        else:
            self._deleter.delete_version(tx, bucket, version, EXPIRATION)

    def _abort_uploads(self, tx: Tx, bucket: Bucket, rules: list[Json]) -> None:
        for rule in rules:
            days = (rule.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation")
            if days is None:
                continue
            for upload in uploads.started_before(tx, bucket.id, tx.now - days * DAY, PAGE):
                if upload.key.startswith(_prefix(rule)):
                    delete_upload(tx, self._files, upload)


def _whole_objects(page: list[Version], *, is_last: bool) -> list[Version]:
    """Leave out the last object of a full page: more of its versions may follow. One that fills a page stays."""
    if is_last or not page or page[0].key == page[-1].key:
        return page
    return [version for version in page if version.key != page[-1].key]


def _with_newer(page: list[Version]) -> Iterator[tuple[Version, list[Version]]]:
    """Yield each version with the newer ones of its object, the newest first."""
    newer: list[Version] = []
    for version in page:
        if newer and newer[0].key != version.key:
            newer = []
        yield version, newer
        newer = [*newer, version]


def _has_expired(rule: Json, version: Version, newer: list[Version], now: int, *, is_alone: bool) -> bool:
    if not _matches(rule, version):
        return False
    expiration, noncurrent = rule.get("Expiration") or {}, rule.get("NoncurrentVersionExpiration") or {}
    if version.is_latest and not version.is_marker:
        expiry = _expiry(rule, version)
        return expiry is not None and expiry <= now
    if version.is_latest:
        return bool(expiration.get("ExpiredObjectDeleteMarker")) and is_alone
    if "NoncurrentDays" not in noncurrent or len(newer) - 1 < noncurrent.get("NewerNoncurrentVersions", 0):
        return False
    return _midnight_after(newer[-1].modified, noncurrent["NoncurrentDays"]) <= now


def _milliseconds(date: Json) -> int:
    if isinstance(date, str):
        return round(datetime.fromisoformat(date).timestamp() * 1000)
    return int(date * 1000)


def _midnight_after(time: int, days: int) -> int:
    return ((time + days * DAY) // DAY + 1) * DAY


def _prefix(rule: Json) -> str:
    found = rule.get("Filter") or {}
    both = found.get("And") or {}
    return str(rule.get("Prefix") or found.get("Prefix") or both.get("Prefix") or "")


def _matches(rule: Json, version: Version) -> bool:
    found = rule.get("Filter") or {}
    both = found.get("And") or {}
    if not version.key.startswith(_prefix(rule)):
        return False
    for limits in (found, both):
        if version.size <= limits.get("ObjectSizeGreaterThan", -1):
            return False
        if version.size >= limits.get("ObjectSizeLessThan", 2**62):
            return False
    tags = version.properties.get("Tags", {})
    wanted = [*([found["Tag"]] if found.get("Tag") else []), *(both.get("Tags") or [])]
    return all(tags.get(tag["Key"]) == tag["Value"] for tag in wanted)
