"""Lifecycle rules delete what is old at midnight, on a manual clock."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.engine_harness import CALLER, DAY, EngineHarness


class Buckets:
    """A harness with one bucket."""

    def __init__(self, harness: EngineHarness) -> None:
        self.harness = harness
        self("CreateBucket")

    def __call__(self, operation: str, **params: Json) -> Json:
        """Call an operation on the bucket."""
        given = {"Bucket": "bucket", **params}
        return self.harness.run(self.harness.engine.call(CALLER, "s3", operation, given))

    def rules(self, *rules: Json) -> None:
        """Set the lifecycle rules."""
        given = {"Rules": [{"Status": "Enabled", **rule} for rule in rules]}
        self("PutBucketLifecycleConfiguration", LifecycleConfiguration=given)

    def keys(self) -> list[str]:
        """Return the keys of the objects."""
        return [each["Key"] for each in self("ListObjectsV2")["Contents"]]


@pytest.fixture
def buckets(tmp_path: Path) -> Iterator[Buckets]:
    """Yield a bucket on a manual clock."""
    with EngineHarness.running(tmp_path) as harness:
        yield Buckets(harness)


def test_objects_with_the_prefix_expire_at_the_midnight_after_their_days(buckets: Buckets) -> None:
    buckets.rules({"Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 2}})
    for key in ("tmp/a", "kept"):
        buckets("PutObject", Key=key, Body=b"1")
    buckets.harness.advance(DAY * 2 - 1000)
    assert buckets.keys() == ["kept", "tmp/a"]
    buckets.harness.advance(round(DAY * 1.1))
    assert buckets.keys() == ["kept"]


def test_more_objects_than_a_turn_examines_expire_in_the_same_night(buckets: Buckets) -> None:
    for number in range(1200):
        buckets("PutObject", Key=f"{number:04}", Body=b"")
    buckets.rules({"Filter": {}, "Expiration": {"Days": 1}})
    buckets.harness.advance(round(DAY * 2.1))
    assert buckets.keys() == []


def test_old_versions_expire_and_a_marker_without_versions_goes_too(buckets: Buckets) -> None:
    buckets("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2", b"3"):
        buckets("PutObject", Key="k", Body=body)
    buckets.rules(
        {"Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 1}},
    )
    buckets.harness.advance(round(DAY * 2.1))
    assert len(buckets("ListObjectVersions")["Versions"]) == 2
    buckets("DeleteObject", Key="k")
    buckets.rules(
        {"ID": "1", "Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
        {"ID": "2", "Filter": {}, "Expiration": {"ExpiredObjectDeleteMarker": True}},
    )
    for _ in range(4):
        buckets.harness.advance(DAY)
    found = buckets("ListObjectVersions")
    assert (found["Versions"], found["DeleteMarkers"]) == ([], [])


def test_unfinished_uploads_are_aborted(buckets: Buckets) -> None:
    buckets("CreateMultipartUpload", Key="k")
    buckets.rules({"Filter": {}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3}})
    buckets.harness.advance(round(DAY * 2))
    assert len(buckets("ListMultipartUploads")["Uploads"]) == 1
    buckets.harness.advance(round(DAY * 2.1))
    assert buckets("ListMultipartUploads")["Uploads"] == []
