"""A bucket sends events about its objects to the default event bus.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from tests.engine_harness import ACCOUNT, REGION, EngineHarness

DAY = 86_400_000
BUCKET = "files"


class Buckets:
    """An engine on a manual clock, with a bucket whose events come to a queue."""

    def __init__(self, harness: EngineHarness) -> None:
        self.harness = harness
        self("CreateBucket")
        self.queue = harness.call("sqs", "CreateQueue", QueueName="events")["QueueUrl"]
        rule = {"EventPattern": dumps({"source": ["aws.s3"]})}
        harness.call("events", "PutRule", Name="objects", **rule)
        target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:events"}
        harness.call("events", "PutTargets", Rule="objects", Targets=[target])

    def __call__(self, operation: str, **params: Json) -> Json:
        """Call an operation on the bucket."""
        return self.harness.call("s3", operation, Bucket=BUCKET, **params)

    def notify(self) -> None:
        """Switch the events on."""
        self("PutBucketNotificationConfiguration", NotificationConfiguration={"EventBridgeConfiguration": {}})

    def events(self) -> list[Json]:
        """Return the events that have come since the last call."""
        self.harness.settle()
        found: list[Json] = []
        while True:
            answer = self.harness.call("sqs", "ReceiveMessage", QueueUrl=self.queue, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                found.append(loads(message["Body"]))
                handle = message["ReceiptHandle"]
                self.harness.call("sqs", "DeleteMessage", QueueUrl=self.queue, ReceiptHandle=handle)
            if not answer.get("Messages"):
                return found

    def details(self) -> list[tuple[str, str, Json]]:
        """Return kind, reason and object of the events that have come since the last call."""
        return [(each["detail-type"], each["detail"].get("reason", ""), each["detail"]) for each in self.events()]


@pytest.fixture
def buckets(tmp_path: Path) -> Iterator[Buckets]:
    """Yield a bucket whose events can be read."""
    with EngineHarness.running(tmp_path) as harness:
        yield Buckets(harness)


def test_a_bucket_sends_no_events_before_eventbridge_is_in_its_notifications(buckets: Buckets) -> None:
    buckets("PutObject", Key="k", Body=b"1")
    assert buckets.events() == []
    assert buckets("GetBucketNotificationConfiguration") == {}
    buckets.notify()
    assert buckets("GetBucketNotificationConfiguration") == {"EventBridgeConfiguration": {}}
    buckets("PutObject", Key="k", Body=b"1")
    assert len(buckets.events()) == 1
    buckets("PutBucketNotificationConfiguration", NotificationConfiguration={})
    buckets("PutObject", Key="k", Body=b"1")
    assert buckets.events() == []


def test_a_created_object_sends_an_event_in_the_form_of_aws(buckets: Buckets) -> None:
    buckets.notify()
    etag = buckets("PutObject", Key="in/a b", Body=b"12345")["ETag"].strip('"')
    (event,) = buckets.events()
    detail = event.pop("detail")
    assert {name: event[name] for name in ("source", "detail-type", "account", "region", "resources")} == {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "account": ACCOUNT,
        "region": REGION,
        "resources": [f"arn:aws:s3:::{BUCKET}"],
    }
    assert len(detail.pop("request-id")) == 16
    assert detail["object"].pop("sequencer")
    assert detail == {
        "version": "0",
        "bucket": {"name": BUCKET},
        "object": {"key": "in/a b", "size": 5, "etag": etag},
        "requester": ACCOUNT,
        "reason": "PutObject",
    }


def test_each_way_to_make_an_object_is_the_reason_of_its_event(buckets: Buckets) -> None:
    buckets.notify()
    buckets("PutObject", Key="a", Body=b"1")
    buckets("CopyObject", Key="b", CopySource=f"{BUCKET}/a")
    upload = {"Key": "c", "UploadId": buckets("CreateMultipartUpload", Key="c")["UploadId"]}
    tag = buckets("UploadPart", PartNumber=1, Body=b"1", **upload)["ETag"]
    buckets("CompleteMultipartUpload", MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]}, **upload)
    found = {(kind, reason, detail["object"]["key"]) for kind, reason, detail in buckets.details()}
    assert found == {
        ("Object Created", "PutObject", "a"),
        ("Object Created", "CopyObject", "b"),
        ("Object Created", "CompleteMultipartUpload", "c"),
    }


def test_a_deletion_says_whether_it_is_for_ever(buckets: Buckets) -> None:
    buckets("PutObject", Key="k", Body=b"1")
    buckets.notify()
    buckets("DeleteObjects", Delete={"Objects": [{"Key": "k"}, {"Key": "none"}]})
    ((kind, reason, detail),) = buckets.details()
    assert (kind, reason, detail["deletion-type"]) == ("Object Deleted", "DeleteObject", "Permanently Deleted")
    assert detail["object"].keys() == {"key", "sequencer"}
    buckets("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"})
    version = buckets("PutObject", Key="k", Body=b"1")["VersionId"]
    marker = buckets("DeleteObject", Key="k")["VersionId"]
    buckets("DeleteObject", Key="k", VersionId=version)
    found = {(each["object"]["version-id"], each.get("deletion-type")) for _, _, each in buckets.details()}
    assert found == {(version, None), (marker, "Delete Marker Created"), (version, "Permanently Deleted")}


def test_an_object_that_is_replaced_is_not_deleted(buckets: Buckets) -> None:
    buckets.notify()
    for body in (b"1", b"2"):
        buckets("PutObject", Key="k", Body=body)
    assert [kind for kind, _, _ in buckets.details()] == ["Object Created"] * 2


def test_an_expired_object_is_deleted_by_s3_itself(buckets: Buckets) -> None:
    rule = {"ID": "r", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}
    buckets("PutBucketLifecycleConfiguration", LifecycleConfiguration={"Rules": [rule]})
    buckets("PutObject", Key="k", Body=b"1")
    buckets.notify()
    buckets.harness.advance(round(DAY * 2.1))
    ((kind, reason, detail),) = buckets.details()
    assert (kind, reason, detail["requester"]) == ("Object Deleted", "Lifecycle Expiration", "s3.amazonaws.com")


def test_tags_that_are_added_and_deleted_send_events(buckets: Buckets) -> None:
    buckets("PutObject", Key="k", Body=b"1")
    buckets.notify()
    buckets("PutObjectTagging", Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    buckets("DeleteObjectTagging", Key="k")
    assert {kind for kind, _, _ in buckets.details()} == {"Object Tags Added", "Object Tags Deleted"}
