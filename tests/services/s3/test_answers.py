"""Answers and errors of S3 that clients compare: checksums, expiry, statuses, arguments and times."""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.served_engine import EngineAccount


def error_of(call: Callable[..., Json], **params: Json) -> Json:
    """Return the error that a call raises."""
    with pytest.raises(ClientError) as error:
        call(**params)
    return error.value.response["Error"]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"ChecksumAlgorithm": "SHA256"}, "InvalidRequest"),
        ({"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}, None),
    ],
)
def test_a_composite_checksum_needs_those_of_the_parts(s3: Json, bucket: str, asked: Json, error: str | None) -> None:
    upload = {"Bucket": bucket, "Key": "k"}
    upload["UploadId"] = s3.create_multipart_upload(**upload, **asked)["UploadId"]
    part = s3.upload_part(**upload, PartNumber=1, Body=b"1", ChecksumAlgorithm=asked["ChecksumAlgorithm"])
    parts = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}}
    if error is None:
        assert s3.complete_multipart_upload(**upload, **parts)["ChecksumType"] == "FULL_OBJECT"
        return
    found = error_of(s3.complete_multipart_upload, **upload, **parts)
    assert found["Code"] == error
    assert found["Message"] == (
        "The upload was created using a sha256 checksum. The complete request must include the checksum for each part. "
        "It was missing for part 1 in the request."
    )


@pytest.mark.parametrize("value", ["no base64", b64encode(b"short").decode()])
def test_a_checksum_in_a_wrong_form_is_an_invalid_request(s3: Json, bucket: str, value: str) -> None:
    found = error_of(s3.put_object, Bucket=bucket, Key="k", Body=b"1", ChecksumSHA256=value)
    assert (found["Code"], found["Message"]) == (
        "InvalidRequest",
        "Value for x-amz-checksum-sha256 header is invalid.",
    )


def test_the_number_of_parts_is_told_to_who_asks_for_a_part(s3: Json, bucket: str) -> None:
    upload = {"Bucket": bucket, "Key": "k"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = s3.upload_part(**upload, PartNumber=1, Body=b"1")
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert "PartsCount" not in s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert s3.head_object(Bucket=bucket, Key="k", PartNumber=1)["PartsCount"] == 1


def test_an_answer_says_when_a_lifecycle_rule_expires_the_object(s3: Json, bucket: str) -> None:
    rules = [
        {"ID": "in a week", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 7}},
        {"ID": "later", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 30}},
        {"ID": "off", "Status": "Disabled", "Filter": {}, "Expiration": {"Days": 1}},
    ]
    assert "Expiration" not in s3.put_object(Bucket=bucket, Key="tmp/a", Body=b"1")
    put = s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    stored = s3.put_object(Bucket=bucket, Key="tmp/a", Body=b"1")["Expiration"]
    assert s3.head_object(Bucket=bucket, Key="tmp/a")["Expiration"] == stored
    date, rule = stored.removeprefix('expiry-date="').split('", ')
    assert rule == 'rule-id="in%20a%20week"'
    left = parsedate_to_datetime(date) - datetime.now(UTC)
    assert timedelta(days=7) <= left <= timedelta(days=8, minutes=1)
    kept = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["TransitionDefaultMinimumObjectSize"]
    assert put["TransitionDefaultMinimumObjectSize"] == kept == "all_storage_classes_128K"


def test_a_policy_is_put_without_content(s3: Json, bucket: str) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}"}
    policy = f'{{"Version": "2012-10-17", "Statement": [{statement}]}}'.replace("'", '"')
    assert s3.put_bucket_policy(Bucket=bucket, Policy=policy)["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_the_region_without_a_constraint_is_no_constraint(account: EngineAccount, s3: Json) -> None:
    place = {"CreateBucketConfiguration": {"LocationConstraint": "us-east-1"}}
    found = error_of(s3.create_bucket, Bucket=f"east-{account.account_id}", **place)
    assert found["Code"] == "InvalidLocationConstraint"


def test_a_bucket_with_the_constraint_eu_keeps_it_and_resides_in_eu_west_1(account: EngineAccount, s3: Json) -> None:
    name = f"old-{account.account_id}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "EU"})
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "EU"
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "eu-west-1"


def test_a_tag_has_letters_numbers_spaces_and_few_other_characters(s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", Tagging="K%C3%A4%20+-=._:/@")
    for text in ("a%3Cb=1", "a=1%2C2", "a=%00"):
        assert error_of(s3.put_object, Bucket=bucket, Key="k", Body=b"1", Tagging=text)["Code"] == "InvalidTag"
    wrong = {"TagSet": [{"Key": "a", "Value": "#"}]}
    assert error_of(s3.put_bucket_tagging, Bucket=bucket, Tagging=wrong)["Code"] == "InvalidTag"


def test_an_expected_owner_is_an_account(s3: Json, bucket: str) -> None:
    assert error_of(s3.head_bucket, Bucket=bucket, ExpectedBucketOwner="me")["Code"] == "400"
    found = error_of(s3.list_objects_v2, Bucket=bucket, ExpectedBucketOwner="me")
    assert found["Code"] == "InvalidBucketOwnerAWSAccountID"


def test_an_invalid_argument_is_named_with_its_value(s3: Json, bucket: str) -> None:
    found = error_of(s3.put_object, Bucket=bucket, Key="k", Body=b"1", Tagging="a=1&a=2")
    assert (found["Code"], found["ArgumentName"], found["ArgumentValue"]) == (
        "InvalidArgument",
        "x-amz-tagging",
        "a=1&a=2",
    )
    found = error_of(s3.list_object_versions, Bucket=bucket, VersionIdMarker="x")
    assert (found["ArgumentName"], found["ArgumentValue"]) == ("version-id-marker", "x")


def test_times_are_whole_seconds(s3: Json, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    (listed,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert listed["LastModified"] == s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    assert listed["LastModified"].microsecond == 0
    copied = s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k")
    assert copied["CopyObjectResult"]["LastModified"].microsecond == 0
