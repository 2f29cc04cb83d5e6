"""Buckets of S3 and their settings, as boto3 makes and reads them."""

import pytest

from lamplighter.base.json_text import Json
from tests.served_engine import EngineAccount
from tests.services.refused_calls import refused


def test_a_bucket_is_listed_until_it_is_deleted(account: EngineAccount, s3: Json, bucket: str) -> None:
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == [bucket]
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    s3.delete_bucket(Bucket=bucket)
    assert refused(s3.head_bucket, Bucket=bucket) == "404"
    assert s3.list_buckets()["Buckets"] == []


def test_an_empty_acl_is_none(account: EngineAccount, s3: Json) -> None:
    """s3fs sends one."""
    s3.create_bucket(Bucket=f"acl-{account.account_id}", ACL="")


def test_a_bucket_belongs_to_one_region_and_one_account(account: EngineAccount, bucket: str) -> None:
    there = account.client("s3", region="eu-west-1")
    name, place = f"{bucket}-eu", {"LocationConstraint": "eu-west-1"}
    assert refused(there.create_bucket, Bucket=name) == "IllegalLocationConstraintException"
    there.create_bucket(Bucket=name, CreateBucketConfiguration=place)
    assert there.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    assert refused(there.create_bucket, Bucket=name, CreateBucketConfiguration=place) == "BucketAlreadyOwnedByYou"
    other = account.client("s3", key="999999999999")
    assert refused(other.create_bucket, Bucket=name) == "BucketAlreadyExists"
    assert refused(other.list_objects_v2, Bucket=name) == "AccessDenied"


@pytest.mark.parametrize("name", ["ab", "Upper", "a..b", "192.168.0.1", "xn--a", "a-s3alias"])
def test_a_name_that_s3_does_not_allow_is_refused(s3: Json, name: str) -> None:
    s3.meta.events.unregister("before-parameter-build.s3", None)
    assert refused(s3.create_bucket, Bucket=name) == "InvalidBucketName"


def test_a_new_bucket_has_the_defaults_of_s3(s3: Json, bucket: str) -> None:
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    owner = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert owner["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"
    assert refused(s3.get_bucket_policy, Bucket=bucket) == "NoSuchBucketPolicy"
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == "NoSuchTagSet"
    assert refused(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == "NoSuchLifecycleConfiguration"
    assert refused(s3.get_bucket_cors, Bucket=bucket) == "NoSuchCORSConfiguration"


def test_settings_come_back_as_they_were_sent_until_they_are_deleted(s3: Json, bucket: str) -> None:
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}'
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy
    s3.delete_bucket_policy(Bucket=bucket)
    assert refused(s3.get_bucket_policy, Bucket=bucket) == "NoSuchBucketPolicy"
    rules = [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 30}}]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    tags = [{"Key": "team", "Value": "night"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    cors = [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": cors})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == cors
    s3.put_bucket_logging(
        Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "b", "TargetPrefix": ""}}
    )
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetBucket"] == "b"
    events: Json = {"EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=events)
    found = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert found["EventBridgeConfiguration"] == {}


def test_what_would_have_no_effect_here_is_refused_instead_of_accepted(s3: Json, bucket: str) -> None:
    queue = {"QueueArn": "arn:aws:sqs:us-east-1:123456789012:q", "Events": ["s3:ObjectCreated:*"]}
    notify = {"Bucket": bucket, "NotificationConfiguration": {"QueueConfigurations": [queue]}}
    assert refused(s3.put_bucket_notification_configuration, **notify) == "NotImplemented"
    site = {"Bucket": bucket, "WebsiteConfiguration": {"IndexDocument": {"Suffix": "index.html"}}}
    assert refused(s3.put_bucket_website, **site) == "NotImplemented"
    assert refused(s3.put_bucket_acl, Bucket=bucket, ACL="public-read") == "AccessControlListNotSupported"
    assert refused(s3.create_bucket, Bucket=f"{bucket}-lock", ObjectLockEnabledForBucket=True) == "NotImplemented"
    assert refused(s3.put_object, Bucket=bucket, Key="k", StorageClass="GLACIER") == "NotImplemented"
