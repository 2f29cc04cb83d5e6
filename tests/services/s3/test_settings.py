"""Settings of buckets that S3 refuses, lists of buckets, and what an object's headers may be."""

from collections.abc import Callable

import pytest

from lamplighter.base.json_text import Json
from tests.served_engine import EngineAccount
from tests.services.refused_calls import refusal, refused

NOW: Json = {"Status": "Enabled", "Filter": {"Prefix": ""}}
MALFORMED = "The XML you provided was not well-formed or did not validate against our published schema"


@pytest.mark.parametrize(
    ("operation", "params", "code", "words"),
    [
        ("put_bucket_policy", {"Policy": "no"}, "MalformedPolicy", "Policies must be valid JSON"),
        ("put_bucket_policy", {"Policy": "[]"}, "MalformedPolicy", "Missing required field Statement"),
        ("put_bucket_policy", {"Policy": '{"Statement":[]}'}, "MalformedPolicy", "Missing required field Statement"),
        ("put_bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": []}}, "MalformedXML", MALFORMED),
        ("put_bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": [NOW | {"Status": "On"}]}},
         "MalformedXML", MALFORMED),
        ("put_bucket_lifecycle_configuration",
         {"LifecycleConfiguration": {"Rules": [NOW | {"ID": "a", "Expiration": {"Days": 1}}] * 2}},
         "InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule"),
        ("put_bucket_lifecycle_configuration",
         {"LifecycleConfiguration": {"Rules": [NOW | {"Expiration": {"Days": 0}}]}},
         "InvalidArgument", "'Days' for Expiration action must be a positive integer"),
        ("put_bucket_ownership_controls", {"OwnershipControls": {"Rules": []}}, "MalformedXML", MALFORMED),
        ("put_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": []}}, "MalformedXML", MALFORMED),
        ("put_bucket_ownership_controls", {"OwnershipControls": {"Rules": [{"ObjectOwnership": "me"}]}},
         "MalformedXML", MALFORMED),
        ("put_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "rot13"}}]}}, "MalformedXML", MALFORMED),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "On"}}, "MalformedXML", MALFORMED),
        ("put_bucket_tagging", {"Tagging": {"TagSet": [{"Key": "<", "Value": ""}]}}, "InvalidTag",
         "The TagKey you have provided is invalid"),
    ],
)  # fmt: skip
def test_a_refused_setting_leaves_the_one_that_is_there(
    account: EngineAccount, s3: Json, bucket: str, operation: str, params: Json, code: str, words: str
) -> None:
    read: Callable[..., Json] = getattr(s3, operation.replace("put_", "get_", 1))

    def shown() -> Json:
        try:
            return {key: value for key, value in read(Bucket=bucket).items() if key != "ResponseMetadata"}
        except s3.exceptions.ClientError as error:
            return error.response["Error"]["Code"]

    before = shown()
    found, message = refusal(getattr(s3, operation), Bucket=bucket, **params)
    assert found == code
    assert words in message
    assert shown() == before


def test_a_setting_is_replaced_and_deleted_twice_without_an_error(s3: Json, bucket: str) -> None:
    for tag in ("a", "b", "b"):
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": tag, "Value": "größe"}]})
        assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": tag, "Value": "größe"}]
    deletions: list[tuple[Callable[..., Json], Callable[..., Json], str]] = [
        (s3.delete_bucket_tagging, s3.get_bucket_tagging, "NoSuchTagSet"),
        (s3.delete_bucket_policy, s3.get_bucket_policy, "NoSuchBucketPolicy"),
        (s3.delete_bucket_cors, s3.get_bucket_cors, "NoSuchCORSConfiguration"),
        (s3.delete_bucket_lifecycle, s3.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration"),
        (s3.delete_public_access_block, s3.get_public_access_block, "NoSuchPublicAccessBlockConfiguration"),
        (s3.delete_bucket_ownership_controls, s3.get_bucket_ownership_controls, "OwnershipControlsNotFoundError"),
    ]
    for delete, get, code in deletions:
        for _ in range(2):
            delete(Bucket=bucket)
            assert refused(get, Bucket=bucket) == code
    s3.delete_bucket_encryption(Bucket=bucket)
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_buckets_have_pages_prefixes_and_regions(account: EngineAccount, s3: Json) -> None:
    names = [f"{letter}-{account.account_id}" for letter in "abcd"]
    for name in reversed(names):
        place = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}} if name > "c" else {}
        s3.create_bucket(Bucket=name, **place)
    pages = list(s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 3}))
    assert [[each["Name"] for each in page["Buckets"]] for page in pages] == [names[:3], names[3:]]
    assert [each["Name"] for each in s3.list_buckets(Prefix="b-")["Buckets"]] == [names[1]]
    there = s3.list_buckets(BucketRegion="eu-west-1", MaxBuckets=1)
    assert [each["Name"] for each in there["Buckets"]] == [names[2]]
    following = s3.list_buckets(BucketRegion="eu-west-1", ContinuationToken=there["ContinuationToken"])
    assert [each["Name"] for each in following["Buckets"]] == [names[3]]
    for wrong in ({"MaxBuckets": 10_001}, {"ContinuationToken": "größe"}):
        assert refused(s3.list_buckets, **wrong) == "InvalidArgument"


def test_metadata_has_2048_bytes_at_most(s3: Json, bucket: str) -> None:
    """See https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList."""
    s3.put_object(Bucket=bucket, Key="k", Metadata={"a": "x" * 2_047})
    for request in ({"Body": b""}, {"CopySource": f"{bucket}/k", "MetadataDirective": "REPLACE"}):
        call = s3.copy_object if "CopySource" in request else s3.put_object
        assert refusal(call, Bucket=bucket, Key="new", Metadata={"a": "x" * 2_048}, **request) == (
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum allowed metadata size",
        )
    assert len(s3.head_object(Bucket=bucket, Key="k")["Metadata"]["a"]) == 2_047


def test_an_answer_has_the_headers_that_its_reader_chose(s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", ContentType="text/plain", ContentLanguage="de")
    wanted = {"ContentType": "a/b", "CacheControl": "no-store", "ContentDisposition": 'attachment; filename="x"'}
    found = s3.get_object(Bucket=bucket, Key="k", **{f"Response{name}": value for name, value in wanted.items()})
    assert {name: found[name] for name in wanted} == wanted
    assert found["ContentLanguage"] == "de"
    again = s3.head_object(Bucket=bucket, Key="k")
    assert (again["ContentType"], "CacheControl" in again) == ("text/plain", False)


@pytest.mark.parametrize(
    ("directives", "metadata", "kind", "tags"),
    [
        ({}, {"a": "1"}, "text/plain", ["t"]),
        ({"MetadataDirective": "REPLACE"}, {"b": "2"}, "x/y", ["t"]),
        ({"TaggingDirective": "REPLACE"}, {"a": "1"}, "text/plain", ["u"]),
        ({"MetadataDirective": "REPLACE", "TaggingDirective": "REPLACE"}, {"b": "2"}, "x/y", ["u"]),
    ],
)
def test_a_copy_replaces_what_its_directives_say(
    s3: Json, bucket: str, directives: Json, metadata: Json, kind: str, tags: list[str]
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", Metadata={"a": "1"}, ContentType="text/plain", Tagging="t=")
    new: Json = {"Metadata": {"b": "2"}, "ContentType": "x/y", "Tagging": "u="}
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k", **new, **directives)
    head = s3.head_object(Bucket=bucket, Key="copy")
    assert (head["Metadata"], head["ContentType"]) == (metadata, kind)
    assert [each["Key"] for each in s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"]] == tags


def test_an_object_may_be_copied_onto_itself_with_other_metadata(s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", Metadata={"a": "1"})
    place: Json = {"Bucket": bucket, "Key": "k", "CopySource": {"Bucket": bucket, "Key": "k"}}
    code, message = refusal(s3.copy_object, **place)
    assert (code, "copy an object to itself without changing" in message) == ("InvalidRequest", True)
    s3.copy_object(**place, MetadataDirective="REPLACE", Metadata={"b": "2"})
    found = s3.get_object(Bucket=bucket, Key="k")
    assert (found["Body"].read(), found["Metadata"]) == (b"1", {"b": "2"})


def test_only_the_expected_owner_is_answered(account: EngineAccount, s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k")
    calls: list[tuple[Callable[..., Json], Json]] = [
        (s3.get_object, {"Key": "k"}),
        (s3.put_object, {"Key": "k"}),
        (s3.delete_object, {"Key": "k"}),
        (s3.list_objects_v2, {}),
        (s3.get_bucket_tagging, {}),
        (s3.delete_bucket, {}),
    ]
    for call, params in calls:
        assert refused(call, Bucket=bucket, ExpectedBucketOwner="999999999999", **params) == "AccessDenied"
    assert s3.head_object(Bucket=bucket, Key="k", ExpectedBucketOwner=account.account_id)["ContentLength"] == 0


def test_attributes_are_those_that_were_asked_for(s3: Json, bucket: str) -> None:
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"123")["ETag"].strip('"')
    found = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ETag", "ObjectSize", "ObjectParts"])
    assert (found["ETag"], found["ObjectSize"]) == (tag, 3)
    assert not {"ObjectParts", "Checksum", "StorageClass"} & found.keys()
    assert refused(s3.get_object_attributes, Bucket=bucket, Key="k", ObjectAttributes=["Size"]) == "InvalidArgument"
