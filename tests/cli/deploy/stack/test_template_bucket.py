"""The bucket for long templates: made once for account and region, private, and never another account's."""

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.stack.template_bucket import BucketMissing, TemplateBucket, create_bucket, find_bucket
from lamplighter.cli.deploy.stack.upload_template import upload_template
from lamplighter.cli.prompts import pause_between_polls
from lamplighter.cli.target import Target
from lamplighter.jobs.file.aws_settings import AwsSettings
from tests.cli.aws_account import TEST_CREDENTIALS, make_client, run_command
from tests.served_engine import ServedEngine

BUCKET = "lamplighter-123456789012-us-east-1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a project whose template is too long for a request."""
    jobs = "\n".join(f"      job{at}: {{image: x, timeout: 1h, network: {{subnets: [a]}}}}" for at in range(40))
    (tmp_path / "lamplighter.yaml").write_text(f"project: many\njobs:\n{jobs}\n")
    return tmp_path


def make(target: Target) -> TemplateBucket:
    create_bucket(target, find_bucket(target, None), AwsSettings(), Console(), lambda: pause_between_polls(target))
    return find_bucket(target, None)


def test_a_long_template_needs_no_option_and_the_bucket_is_made_with_the_deployment_s_one_question(
    aws: str, folder: Path
) -> None:
    s3, options = make_client(aws, "s3"), {"AWS_ENDPOINT_URL": aws}
    asked = run_command(folder, "deploy", **options)
    question = f"in us-east-1, and create the bucket {BUCKET} for its template?”"
    assert (asked.code, question in " ".join(asked.err.split())) == (2, True), asked
    assert s3.list_buckets()["Buckets"] == []
    deployed = run_command(folder, "deploy", "--yes", **options)
    assert (deployed.code, deployed.out.count("created the bucket")) == (0, 1), deployed
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == [BUCKET]
    file = folder / "lamplighter.yaml"
    file.write_text(file.read_text().replace("job0:", "other:"))
    again = run_command(folder, "deploy", "--yes", **options)
    assert (again.code, "created the bucket" in again.out) == (0, False), again
    assert len(s3.list_objects_v2(Bucket=BUCKET)["Contents"]) == 2
    assert "nothing to do" in run_command(folder, "deploy", **options).out


def test_the_bucket_of_the_job_file_is_used(aws: str, folder: Path) -> None:
    file = folder / "lamplighter.yaml"
    file.write_text(file.read_text() + "aws: {bucket: templates}\n")
    missing = run_command(folder, "deploy", "--yes", "--endpoint-url", aws)
    assert (missing.code, "there is no bucket templates" in missing.err) == (1, True), missing
    make_client(aws, "s3").create_bucket(Bucket="templates")
    assert run_command(folder, "deploy", "--yes", "--endpoint-url", aws).code == 0
    assert make_client(aws, "s3").list_objects_v2(Bucket="templates")["KeyCount"] == 1


def test_the_bucket_is_private_encrypted_versioned_tagged_and_for_tls_only(engine: ServedEngine) -> None:
    bucket = make(Target(engine.url, "us-east-1"))
    s3 = engine.client("s3")
    assert bucket == TemplateBucket(BUCKET, "us-east-1", "123456789012")
    assert set(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert (rule["NoncurrentVersionExpiration"], "Expiration" in rule) == ({"NoncurrentDays": 30}, False)
    assert {"Key": "lamplighter:for", "Value": "templates"} in s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"]
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_bucket_and_its_stack_have_the_tags_of_the_job_file_and_cloudformation_uses_its_role(
    engine: ServedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**TEST_CREDENTIALS, "AWS_ENDPOINT_URL": engine.url}.items():
        monkeypatch.setenv(name, value)
    target, role = Target(None, "us-east-1"), "arn:aws:iam::123456789012:role/deploys"
    aws = AwsSettings.model_validate({"tags": {"team": "data"}, "cloudformation-role": role})
    create_bucket(target, find_bucket(target, None), aws, Console(), lambda: pause_between_polls(target))
    assert {"Key": "team", "Value": "data"} in engine.client("s3").get_bucket_tagging(Bucket=BUCKET)["TagSet"]
    (stack,) = engine.client("cloudformation").describe_stacks()["Stacks"]
    assert (stack["Tags"], stack["RoleARN"]) == ([{"Key": "team", "Value": "data"}], role)


def test_two_commands_at_once_make_one_bucket_and_both_continue(engine: ServedEngine) -> None:
    with ThreadPoolExecutor(2) as threads:
        made = list(threads.map(make, [Target(engine.url, "us-east-1") for _ in range(2)]))
    assert [each.exists for each in made] == [True, True]
    assert [each["Name"] for each in engine.client("s3").list_buckets()["Buckets"]] == [BUCKET]


def test_a_template_can_be_uploaded_twice_and_cloudformation_reads_it(engine: ServedEngine) -> None:
    target = Target(engine.url, "us-east-1")
    engine.client("s3").create_bucket(Bucket="templates")
    bucket = find_bucket(target, "templates")
    text = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    urls = {upload_template(target, bucket, "reports", text) for _ in range(2)}
    (url,) = urls
    assert engine.client("cloudformation").validate_template(TemplateURL=url)["Parameters"] == []


class ForeignBucket:
    """A client of S3 and STS for an account whose bucket's name somebody else has taken."""

    def client(self, _service: str) -> Json:
        return self

    def get_caller_identity(self) -> Json:
        return {"Account": "123456789012"}

    def head_bucket(self, **params: str) -> Json:
        assert params["ExpectedBucketOwner"] == "123456789012"
        answer = {"Error": {"Code": "403"}, "ResponseMetadata": {"HTTPStatusCode": 403, "HTTPHeaders": {}}}
        raise ClientError(cast("Json", answer), "HeadBucket")

    region = "us-east-1"


def test_a_bucket_whose_name_another_account_took_first_is_refused() -> None:
    with pytest.raises(BucketMissing, match=f"the bucket {BUCKET} belongs to another account"):
        find_bucket(cast("Target", ForeignBucket()), None)


def test_a_bucket_that_cannot_be_made_is_reported_with_the_reason_and_leaves_no_stack(
    engine: ServedEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    target = Target(engine.url, "us-east-1")
    wanted = find_bucket(target, None)
    engine.client("s3").create_bucket(Bucket="taken")
    with pytest.raises(BucketMissing, match="the bucket taken could not be created"):
        create_bucket(
            target, TemplateBucket("taken", "us-east-1", wanted.owner), AwsSettings(), Console(), partial(int)
        )
    assert "Bucket (AWS::S3::Bucket) failed: " in capsys.readouterr().err
    assert engine.client("cloudformation").describe_stacks()["Stacks"] == []
