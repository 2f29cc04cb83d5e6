"""What S3 refuses, in its words; what two callers do at once; and what is the same when it is done again."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.engine_harness import CALLER, EngineHarness
from tests.served_engine import EngineAccount
from tests.services.refused_calls import refusal, refused

GONE = "0" * 32
"""A name that a version can have, but none has."""


def read(s3: Json, bucket: str, key: str = "k", **params: Json) -> bytes:
    content: bytes = s3.get_object(Bucket=bucket, Key=key, **params)["Body"].read()
    return content


def tags(*keys: str) -> Json:
    return {"TagSet": [{"Key": key, "Value": "v"} for key in keys]}


@pytest.mark.parametrize(
    ("key", "content"),
    [
        ("x" * 1024, b"1"),
        ("é" * 512, b"1"),
        (" ", b""),
        ("a//b/../c", b"1"),
        ("\U0001f4a1/?#%20+&=;", b"\0"),
        ("tab\tand\nline", b"1"),
    ],
)
def test_a_key_is_any_text_of_at_most_1024_bytes(s3: Json, bucket: str, key: str, content: bytes) -> None:
    for _ in range(2):
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    assert read(s3, bucket, key) == content
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    for _ in range(2):
        s3.delete_object(Bucket=bucket, Key=key)
    assert refused(s3.get_object, Bucket=bucket, Key=key) == "NoSuchKey"


@pytest.mark.parametrize("key", ["x" * 1025, "é" * 513])
def test_a_longer_key_is_refused(s3: Json, bucket: str, key: str) -> None:
    assert refusal(s3.put_object, Bucket=bucket, Key=key) == ("KeyTooLongError", "Your key is too long")


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (tags("a", "a"), "InvalidTag", "Cannot provide multiple Tags with the same key"),
        (tags(*(f"k{number}" for number in range(11))), "BadRequest", "Object tags cannot be greater than 10"),
        (tags("x" * 129), "InvalidTag", "The TagKey you have provided is invalid"),
        (tags("a<b"), "InvalidTag", "The TagKey you have provided is invalid"),
        (tags("AWS:x"), "InvalidTag", "System tags cannot be added/updated by requester"),
        ({"TagSet": [{"Key": "a", "Value": "x" * 257}]}, "InvalidTag", "The TagValue you have provided is invalid"),
    ],
)
def test_refused_tags_leave_those_that_are_there(s3: Json, bucket: str, given: Json, code: str, words: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Tagging="kept=gr%C3%B6%C3%9Fe")
    assert refusal(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging=given) == (code, words)
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "kept", "Value": "größe"}]


def test_an_object_has_ten_tags_at_most_and_a_bucket_fifty(s3: Json, bucket: str) -> None:
    ten, fifty = tags(*(f"k{number}" for number in range(10))), tags(*(f"k{number}" for number in range(50)))
    s3.put_object(Bucket=bucket, Key="k")
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging=ten)
    s3.put_bucket_tagging(Bucket=bucket, Tagging=fifty)
    assert len(s3.get_bucket_tagging(Bucket=bucket)["TagSet"]) == 50
    assert refused(s3.put_bucket_tagging, Bucket=bucket, Tagging=tags(*(f"k{n}" for n in range(51)))) == "BadRequest"
    assert s3.head_object(Bucket=bucket, Key="k")["TagCount"] == 10
    assert refused(s3.put_object, Bucket=bucket, Key="k", Tagging="a=1&a=2") == "InvalidArgument"


@pytest.mark.parametrize(("given", "code"), [(tags("a", "a"), "InvalidTag"), (tags("x" * 129), "InvalidTag")])
def test_a_new_bucket_has_valid_tags(account: EngineAccount, s3: Json, given: Json, code: str) -> None:
    name = f"tagged-{account.account_id}"
    configuration = {"Tags": given["TagSet"]}
    assert refused(s3.create_bucket, Bucket=name, CreateBucketConfiguration=configuration) == code
    assert s3.list_buckets()["Buckets"] == []
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": tags("a")["TagSet"]})
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == tags("a")["TagSet"]


@pytest.mark.parametrize(
    ("given", "content"),
    [
        ("bytes=0-0", b"0"),
        ("bytes=9-9", b"9"),
        ("bytes=0-", b"0123456789"),
        ("bytes=-10", b"0123456789"),
        ("bytes=-99", b"0123456789"),
        ("bytes=5-4", b"0123456789"),
        ("bytes=0-1,4-5", b"0123456789"),
        ("bytes=-", b"0123456789"),
        ("lines=0-1", b"0123456789"),
        ("bytes=10-", None),
        ("bytes=10-20", None),
        ("bytes=-0", None),
    ],
)
def test_a_range_has_edges(s3: Json, bucket: str, given: str, content: bytes | None) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    if content is None:
        assert refusal(s3.get_object, Bucket=bucket, Key="k", Range=given) == (
            "InvalidRange",
            "The requested range is not satisfiable",
        )
    else:
        assert read(s3, bucket, Range=given) == content


def test_an_empty_object_has_no_range(s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k")
    for given in ("bytes=0-", "bytes=-1", "bytes=0-0"):
        assert refused(s3.get_object, Bucket=bucket, Key="k", Range=given) == "InvalidRange"


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"IfMatch": "etag"}, 200),
        ({"IfMatch": '"x", etag'}, 200),
        ({"IfMatch": "*"}, 200),
        ({"IfMatch": '"x"'}, 412),
        ({"IfNoneMatch": '"x"'}, 200),
        ({"IfNoneMatch": "etag"}, 304),
        ({"IfNoneMatch": "*"}, 304),
        ({"IfModifiedSince": -1}, 200),
        ({"IfModifiedSince": 0}, 304),
        ({"IfUnmodifiedSince": 0}, 200),
        ({"IfUnmodifiedSince": -1}, 412),
        ({"IfMatch": "etag", "IfUnmodifiedSince": -1}, 200),
        ({"IfNoneMatch": '"x"', "IfModifiedSince": 0}, 200),
        ({"IfNoneMatch": "etag", "IfModifiedSince": -1}, 304),
        ({"IfMatch": '"x"', "IfNoneMatch": "etag"}, 412),
    ],
)
def test_conditions_of_a_read_have_an_order(s3: Json, bucket: str, conditions: Json, status: int) -> None:
    """See https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html: a matching tag decides before a time."""
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    time = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    wanted = {
        name: time + timedelta(seconds=value) if isinstance(value, int) else value.replace("etag", tag)
        for name, value in conditions.items()
    }
    for call in (s3.get_object, s3.head_object):
        try:
            found = call(Bucket=bucket, Key="k", **wanted)["ResponseMetadata"]["HTTPStatusCode"]
        except ClientError as error:
            found = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert found == status


@pytest.mark.parametrize(
    ("conditions", "copied"),
    [
        ({"IfMatch": "etag"}, True),
        ({"IfMatch": '"x"'}, False),
        ({"IfNoneMatch": "etag"}, False),
        ({"IfNoneMatch": '"x"'}, True),
        ({"IfModifiedSince": -1}, True),
        ({"IfModifiedSince": 0}, False),
        ({"IfUnmodifiedSince": -1}, False),
        ({"IfMatch": "etag", "IfUnmodifiedSince": -1}, True),
        ({"IfNoneMatch": "etag", "IfModifiedSince": -1}, False),
    ],
)
def test_conditions_of_a_copy_are_those_of_its_source(s3: Json, bucket: str, conditions: Json, copied: bool) -> None:
    """See https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html."""
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    time = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    wanted = {
        f"CopySource{name}": time + timedelta(seconds=value) if isinstance(value, int) else value.replace("etag", tag)
        for name, value in conditions.items()
    }
    request: Json = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/k", **wanted}
    if copied:
        s3.copy_object(**request)
        assert read(s3, bucket, "copy") == b"1"
    else:
        assert refused(s3.copy_object, **request) == "PreconditionFailed"
        assert refused(s3.get_object, Bucket=bucket, Key="copy") == "NoSuchKey"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("bucket", "InvalidArgument"),
        ("bucket/", "InvalidArgument"),
        ("no-such-bucket-at-all/k", "NoSuchBucket"),
        ("bucket/none", "NoSuchKey"),
        (f"bucket/k?versionId={GONE}", "NoSuchVersion"),
        ("bucket/k?versionId=x", "InvalidArgument"),
    ],
)
def test_a_copy_needs_its_source(s3: Json, bucket: str, source: str, code: str) -> None:
    s3.put_object(Bucket=bucket, Key="k")
    given = source.replace("bucket", bucket, 1) if source.startswith("bucket") else source
    assert refused(s3.copy_object, Bucket=bucket, Key="copy", CopySource=given) == code
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["k"]


def test_a_version_that_is_deleted_again_is_no_error_but_one_that_no_object_can_have_is(s3: Json, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="k")["VersionId"]
    for _ in range(2):
        assert s3.delete_object(Bucket=bucket, Key="k", VersionId=version)["VersionId"] == version
    assert refusal(s3.delete_object, Bucket=bucket, Key="k", VersionId="bad") == (
        "InvalidArgument",
        "Invalid version id specified",
    )


def test_a_second_deletion_makes_a_second_marker(s3: Json, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    markers = [s3.delete_object(Bucket=bucket, Key="k")["VersionId"] for _ in range(2)]
    found = s3.list_object_versions(Bucket=bucket)["DeleteMarkers"]
    assert [(each["VersionId"], each["IsLatest"]) for each in found] == [(markers[1], True), (markers[0], False)]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "VersionId": each} for each in markers]})
    assert [each["DeleteMarkerVersionId"] for each in answer["Deleted"]] == markers
    assert read(s3, bucket) == b"1"


def test_a_thousand_objects_are_deleted_in_one_call_and_not_more(s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k0")
    listed = [{"Key": f"k{number}"} for number in range(1001)]
    assert refused(s3.delete_objects, Bucket=bucket, Delete={"Objects": listed}) == "MalformedXML"
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": listed[:1000], "Quiet": True})
    assert "Deleted" not in answer
    assert "Errors" not in answer
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_of_callers_who_create_one_object_at_once_one_succeeds(s3: Json, bucket: str) -> None:
    def create(number: int) -> str:
        try:
            s3.put_object(Bucket=bucket, Key="k", Body=str(number).encode(), IfNoneMatch="*")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return f"created {number}"

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(create, range(8)))
    assert found[:7] == ["PreconditionFailed"] * 7
    assert found[7] == f"created {read(s3, bucket).decode()}"


def test_callers_who_count_with_conditions_lose_no_number(s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0")

    def count(_number: int) -> None:
        for _ in range(100):
            found = s3.get_object(Bucket=bucket, Key="k")
            more = str(int(found["Body"].read()) + 1).encode()
            with suppress(ClientError):  # somebody else was faster
                s3.put_object(Bucket=bucket, Key="k", Body=more, IfMatch=found["ETag"])
                return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(12)))
    assert read(s3, bucket) == b"12"


def test_callers_who_write_versions_at_once_keep_each_of_them(s3: Json, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(lambda number: s3.put_object(Bucket=bucket, Key="k", Body=b"%d" % number)["VersionId"], range(16))
        )
    for number, version in enumerate(made):
        assert read(s3, bucket, VersionId=version) == b"%d" % number
    listed = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert sorted(each["VersionId"] for each in listed) == sorted(made)
    assert [each["IsLatest"] for each in listed] == [True] + [False] * 15


def test_pages_and_uploads_go_on_after_a_restart_of_the_engine(tmp_path: Path) -> None:
    with EngineHarness.running(tmp_path) as harness:

        def call(operation: str, **params: Json) -> Json:
            return harness.run(harness.engine.call(CALLER, "s3", operation, {"Bucket": "files", **params}))

        call("CreateBucket")
        for key in "abc":
            call("PutObject", Key=key, Body=key.encode())
        token = call("ListObjectsV2", MaxKeys=2)["NextContinuationToken"]
        upload = call("CreateMultipartUpload", Key="joined")["UploadId"]
        first = call("UploadPart", Key="joined", UploadId=upload, PartNumber=1, Body=b"x" * 5 * 2**20)["ETag"]
        harness.restart()
        assert [each["Key"] for each in call("ListObjectsV2", ContinuationToken=token)["Contents"]] == ["c"]
        second = call("UploadPart", Key="joined", UploadId=upload, PartNumber=2, Body=b"end")["ETag"]
        parts = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second}]
        harness.restart()
        made = call("CompleteMultipartUpload", Key="joined", UploadId=upload, MultipartUpload={"Parts": parts})
        assert made["ETag"].endswith('-2"')
        assert call("HeadObject", Key="joined")["ContentLength"] == 5 * 2**20 + 3
