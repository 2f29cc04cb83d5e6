"""Lists of objects, versions and uploads: every page against a list that Python makes, and pages whose items are gone.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html
"""

import boto3
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from tests.property_settings import examples
from tests.served_engine import EngineAccount
from tests.services.refused_calls import refusal, refused

KEYS = sorted(
    ["a", "a/", "a/1", "a/2/x", "a/2/y", "a//z", "b c+&<", "b/1", "ä/ö", "ä", "z\U0001f4a1", "zz/", "Z", "a.b", "a-b",
     "\ud7ff", "\ud7ff/1", "\ue000"],
    key=str.encode,
)  # fmt: skip
TWICE = ("a/1", "b/1", "ä")
"""The keys that have two versions, or two uploads."""


@pytest.fixture(scope="module")
def filled(shared_engine: Json) -> tuple[Json, str]:
    """Return a client and a bucket with objects, versions and uploads; the tests of this file only read it."""
    s3 = EngineAccount(shared_engine.port, "000099000001", key="000099000001").client("s3")
    s3.create_bucket(Bucket="filled-lists")
    s3.put_bucket_versioning(Bucket="filled-lists", VersioningConfiguration={"Status": "Enabled"})
    for key in KEYS:
        for _ in range(1 + (key in TWICE)):
            s3.put_object(Bucket="filled-lists", Key=key)
            s3.create_multipart_upload(Bucket="filled-lists", Key=key)
    return s3, "filled-lists"


def expected(keys: list[str], prefix: str, delimiter: str, after: str = "") -> list[str]:
    """Return the keys and common prefixes of a list, in order."""
    found: dict[str, None] = {}
    for key in keys:
        if key.startswith(prefix) and key.encode() > after.encode():
            at = key.find(delimiter, len(prefix)) if delimiter else -1
            found[key if at < 0 else key[: at + len(delimiter)]] = None
    return list(found)


def entries(page: Json, member: str) -> list[str]:
    """Return the keys and common prefixes of a page, in order."""
    listed = [each["Key"] for each in page.get(member, [])]
    listed += [each["Prefix"] for each in page.get("CommonPrefixes", [])]
    return sorted(listed, key=str.encode)


PREFIXES = st.sampled_from(["", "a", "a/", "a/2", "a/2/", "ä", "ä/", "z", "none", "a//", "\ud7ff"])
DELIMITERS = st.sampled_from(["", "/", "//", "2/", "b", "ö"])
SIZES = st.sampled_from([1, 2, 3, 5, 9, 1000])
READS = settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])


@READS
@given(PREFIXES, DELIMITERS, st.sampled_from(["", "a", "a/1", "a/2/x", "b", "ä", "zzz", "\ue000"]), SIZES)
@example("", "|", "", 1000)
def test_pages_of_objects_are_all_keys_and_common_prefixes_once(
    filled: tuple[Json, str], prefix: str, delimiter: str, after: str, size: int
) -> None:
    s3, bucket = filled
    given_: Json = {"Bucket": bucket, "Prefix": prefix, "PaginationConfig": {"PageSize": size}}
    if delimiter:
        given_["Delimiter"] = delimiter
    found = []
    for page in s3.get_paginator("list_objects_v2").paginate(**given_, StartAfter=after):
        assert page["KeyCount"] == len(entries(page, "Contents")) <= size
        found += entries(page, "Contents")
    assert found == expected(KEYS, prefix, delimiter, after)
    old = [entries(page, "Contents") for page in s3.get_paginator("list_objects").paginate(**given_)]
    assert [key for page in old for key in page] == expected(KEYS, prefix, delimiter)


@READS
@given(PREFIXES, DELIMITERS, SIZES)
@example("", "|", 1000)
def test_pages_of_versions_and_uploads_are_all_of_them_once(
    filled: tuple[Json, str], prefix: str, delimiter: str, size: int
) -> None:
    s3, bucket = filled
    given_: Json = {"Bucket": bucket, "Prefix": prefix, "PaginationConfig": {"PageSize": size}}
    if delimiter:
        given_["Delimiter"] = delimiter
    wanted = [
        key for key in expected(KEYS, prefix, delimiter) for _ in range(1 + (key in TWICE and not key.endswith("/")))
    ]
    for operation, member in (("list_object_versions", "Versions"), ("list_multipart_uploads", "Uploads")):
        pages = list(s3.get_paginator(operation).paginate(**given_))
        assert [key for page in pages for key in entries(page, member)] == wanted
        ids = [
            each["VersionId" if member == "Versions" else "UploadId"] for page in pages for each in page.get(member, [])
        ]
        assert len(set(ids)) == len(ids)


def test_a_page_may_have_no_entry_and_not_less(filled: tuple[Json, str]) -> None:
    s3, bucket = filled
    for operation, name in (("list_objects_v2", "MaxKeys"), ("list_object_versions", "MaxKeys")):
        page = getattr(s3, operation)(Bucket=bucket, **{name: 0})
        assert (page["IsTruncated"], page["MaxKeys"]) == (False, 0)
        assert "Contents" not in page
        assert "Versions" not in page
        assert refused(getattr(s3, operation), Bucket=bucket, **{name: -1}) == "InvalidArgument"
    most = s3.list_objects_v2(Bucket=bucket, MaxKeys=2**31 - 1)
    assert (most["KeyCount"], most["IsTruncated"]) == (len(KEYS), False)


@pytest.mark.parametrize(
    ("operation", "params", "words"),
    [
        ("list_objects_v2", {"ContinuationToken": "größe"}, "The continuation token provided is incorrect"),
        ("list_objects_v2", {"EncodingType": "xml"}, "Invalid Encoding Method specified in Request"),
        ("list_object_versions", {"VersionIdMarker": "null"},
         "A version-id marker cannot be specified without a key marker."),
        ("list_object_versions", {"KeyMarker": "a", "VersionIdMarker": "x"}, "Invalid version id specified"),
    ],
)  # fmt: skip
def test_a_place_that_no_list_has_is_an_invalid_argument(
    filled: tuple[Json, str], operation: str, params: Json, words: str
) -> None:
    s3, bucket = filled
    assert refusal(getattr(s3, operation), Bucket=bucket, **params) == ("InvalidArgument", words)


def test_a_bucket_is_emptied_page_by_page(account: EngineAccount, s3: Json, bucket: str) -> None:
    """The next page begins after a version that is no longer there: boto3 deletes each page before it."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in ("a", "b", "b", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key)
    s3.delete_object(Bucket=bucket, Key="b")
    keys = {"aws_access_key_id": account.key, "aws_secret_access_key": "test"}
    resource = boto3.resource("s3", endpoint_url=account.url, region_name="us-east-1", **keys)
    resource.Bucket(bucket).object_versions.page_size(2).delete()
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)
    s3.delete_bucket(Bucket=bucket)


def test_uploads_are_aborted_page_by_page(s3: Json, bucket: str) -> None:
    for key in ("a", "b", "b", "b", "c"):
        s3.create_multipart_upload(Bucket=bucket, Key=key)
    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    for page in pages:
        for each in page["Uploads"]:
            s3.abort_multipart_upload(Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"])
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_a_page_of_objects_begins_after_the_last_one_though_it_is_gone(s3: Json, bucket: str) -> None:
    for key in "abcd":
        s3.put_object(Bucket=bucket, Key=key)
    first = s3.list_objects_v2(Bucket=bucket, MaxKeys=2)
    s3.delete_object(Bucket=bucket, Key="b")
    s3.put_object(Bucket=bucket, Key="bb")
    second = s3.list_objects_v2(Bucket=bucket, ContinuationToken=first["NextContinuationToken"])
    assert entries(second, "Contents") == ["bb", "c", "d"]


def test_parts_have_pages(s3: Json, bucket: str) -> None:
    upload = {"Bucket": bucket, "Key": "k", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]}
    for number in (10_000, 3, 1, 3):
        s3.upload_part(**upload, PartNumber=number, Body=str(number).encode())
    pages = list(s3.get_paginator("list_parts").paginate(**upload, PaginationConfig={"PageSize": 2}))
    assert [[each["PartNumber"] for each in page["Parts"]] for page in pages] == [[1, 3], [10_000]]
    for number in (0, 10_001):
        assert refusal(s3.upload_part, **upload, PartNumber=number, Body=b"") == (
            "InvalidArgument",
            "Part number must be an integer between 1 and 10000, inclusive",
        )
