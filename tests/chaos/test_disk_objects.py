"""The disk under a running engine is really full: uploads are refused and leave no file, and the engine continues."""

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.chaos.full_disks import Disk, check_refusal, repeat_until_refused
from tests.chaos.storm.object_files import find_file_faults
from tests.served_engine import ServedEngine, eventually

BUCKET = "bucket"
PART_BYTES = 5 * 2**20
BOTH = pytest.mark.parametrize("full_disk", ["mount", "limit"], indirect=True)


@pytest.fixture
def s3(served: ServedEngine) -> Iterator[Json]:
    """Yield a client with a bucket."""
    client = served.client("s3")
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key="before", Body=b"before")
    yield client
    assert "Traceback" not in "".join(served.lines)


def put_until_refused(s3: Json, size: int) -> dict[str, bytes]:
    """Put objects until ten in a row are refused; return those that were accepted."""
    accepted: dict[str, bytes] = {}

    def put(number: int) -> None:
        key, body = f"{size}/{number}", os.urandom(size)
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        accepted[key] = body

    repeat_until_refused(put)
    return accepted


def wait_for_files(served: ServedEngine) -> None:
    """Wait until each file belongs to an object; a thread deletes the others."""
    with suppress(AssertionError):
        eventually(lambda: not find_file_faults(served.data), 60)
    assert find_file_faults(served.data) == []


def check_objects(s3: Json, expected: dict[str, bytes]) -> None:
    """Check that the bucket has these objects and no others."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    assert {each["Key"] for page in pages for each in page.get("Contents", [])} == expected.keys()
    for key, body in expected.items():
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == body


@BOTH
@pytest.mark.parametrize("size", [100, 60_000])
def test_an_upload_that_a_full_disk_refuses_leaves_no_file(
    served: ServedEngine, full_disk: Disk, s3: Json, size: int
) -> None:
    full_disk.fill(served)
    accepted = put_until_refused(s3, size) | {"before": b"before"}
    wait_for_files(served)
    check_objects(s3, accepted)
    full_disk.free(served)
    s3.put_object(Bucket=BUCKET, Key="after", Body=b"after")
    check_objects(s3, accepted | {"after": b"after"})
    served.kill()
    served.up("--quiet")
    check_objects(served.client("s3"), accepted | {"after": b"after"})
    wait_for_files(served)


@BOTH
def test_copies_and_deletions_on_a_full_disk_are_done_whole_or_refused(
    served: ServedEngine, full_disk: Disk, s3: Json
) -> None:
    full_disk.fill(served)
    expected = put_until_refused(s3, 100) | {"before": b"before"}
    for number in range(20):
        try:
            s3.copy_object(Bucket=BUCKET, Key=f"copy/{number}", CopySource=f"{BUCKET}/before")
            expected[f"copy/{number}"] = b"before"
        except ClientError as error:
            check_refusal(error)
    for key in sorted(expected)[:5]:
        try:
            s3.delete_object(Bucket=BUCKET, Key=key)
            del expected[key]
        except ClientError as error:
            check_refusal(error)
    wait_for_files(served)
    check_objects(s3, expected)
    full_disk.free(served)
    check_objects(s3, expected)


@pytest.mark.parametrize("full_disk", ["mount"], indirect=True)
def test_an_upload_in_parts_that_a_full_disk_interrupts_can_be_completed_later(
    served: ServedEngine, full_disk: Disk, s3: Json
) -> None:
    place = {"Bucket": BUCKET, "Key": "large"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    first, second = os.urandom(PART_BYTES), os.urandom(1000)

    def send(number: int, body: bytes) -> Json:
        etag = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=body)["ETag"]
        return {"PartNumber": number, "ETag": etag}

    full_disk.fill(served)
    with pytest.raises(ClientError) as refused:
        send(1, first)
    check_refusal(refused.value)
    wait_for_files(served)
    full_disk.free(served)
    parts = {"Parts": [send(1, first), send(2, second)]}
    full_disk.fill(served)
    with pytest.raises(ClientError) as refused:
        s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)
    check_refusal(refused.value)
    wait_for_files(served)
    assert len(s3.list_parts(**place, UploadId=upload)["Parts"]) == 2
    full_disk.free(served)
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)
    check_objects(s3, {"before": b"before", "large": first + second})
    wait_for_files(served)
