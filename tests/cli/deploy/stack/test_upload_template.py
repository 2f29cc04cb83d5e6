"""Uploading a template to a bucket in any region."""

import boto3
import pytest

from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.stack.template_bucket import BucketMissing, find_bucket
from lamplighter.cli.deploy.stack.upload_template import pass_template
from lamplighter.cli.target import Target

LONG: Json = {"Description": "long", "Resources": {}}


def create_bucket(url: str, region: str) -> str:
    """Create a bucket in a region and return its name."""
    name = f"templates-{region}"
    s3: Json = boto3.client(
        "s3", endpoint_url=url, region_name=region, aws_access_key_id="test", aws_secret_access_key="test"
    )
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    return name


@pytest.mark.parametrize(
    ("stack", "bucket_region", "host"),
    [
        ("us-east-1", "eu-west-1", "templates-eu-west-1.s3.eu-west-1.amazonaws.com"),
        ("cn-north-1", "cn-northwest-1", "templates-cn-northwest-1.s3.cn-northwest-1.amazonaws.com.cn"),
    ],
)
def test_the_template_url_names_the_bucket_s_own_region(aws: str, stack: str, bucket_region: str, host: str) -> None:
    target = Target(aws, stack)
    bucket = find_bucket(target, create_bucket(aws, bucket_region))
    passed = pass_template(target, "reports", LONG, bucket)
    assert passed.parameters["TemplateURL"].startswith(f"https://{host}/lamplighter/")


def test_a_missing_bucket_is_reported(aws: str) -> None:
    with pytest.raises(BucketMissing, match="there is no bucket nowhere"):
        find_bucket(Target(aws, "us-east-1"), "nowhere")
