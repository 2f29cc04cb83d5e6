"""Find the bucket for long templates, or create one for the account and region, as `cdk bootstrap` does.

Guarantees that a template goes to no bucket of another account that took the name first ("bucket sniping"): each call
names the owner that it expects. CloudFormation creates the bucket, so an interrupted command leaves none half made, and
two commands at once make one. Nested stacks read their templates again at each update: so templates stay, and only
replaced versions expire. See https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.aws_guard import read_account
from lamplighter.cli.call_errors import ClientError, ignore_error
from lamplighter.cli.deploy.stack import follow_stack, stacks
from lamplighter.cli.deploy.stack.tags_and_role import stack_options
from lamplighter.cli.target import Target
from lamplighter.jobs.file.aws_settings import AwsSettings

STACK_NAME = "lamplighter-templates"
"""The stack of the bucket; there is one in each account and region."""
REGION_HEADER = "x-amz-bucket-region"
NOT_FOUND, FORBIDDEN = 404, 403
REPLACED_VERSION_DAYS = 30


class BucketMissing(LamplighterError):
    """The bucket for the template does not exist, another account owns it, or CloudFormation could not create it."""


@dataclass(frozen=True, slots=True)
class TemplateBucket:
    """A bucket for templates."""

    name: str
    region: str
    owner: str | None = None
    """The account that has to own the bucket; None if the user named the bucket."""
    exists: bool = True

    @property
    def ownership(self) -> dict[str, str]:
        """The parameter of S3's operations that refuses a bucket of another account."""
        return {"ExpectedBucketOwner": self.owner} if self.owner else {}


def find_bucket(target: Target, named: str | None) -> TemplateBucket:
    """Return the bucket that the user names, or that of the account and region, whether it exists or not.

    Raises `BucketMissing` if the named one does not exist, or if another account owns the other one.
    """
    if named is not None:
        return TemplateBucket(named, _region_of_named(target, named))
    account = read_account(target.client)
    bucket = TemplateBucket(f"lamplighter-{account}-{target.region}", target.region, account)
    try:
        target.client("s3").head_bucket(Bucket=bucket.name, **bucket.ownership)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == NOT_FOUND:
            return TemplateBucket(bucket.name, bucket.region, account, exists=False)
        if status == FORBIDDEN:
            reason = f"the bucket {bucket.name} belongs to another account, or s3:ListBucket on it is denied to you"
            raise BucketMissing(f"{reason}: use --bucket with the name of a bucket for templates") from None
        raise
    return bucket


def _region_of_named(target: Target, bucket: str) -> str:
    """Return the region of a bucket, which may not be the stack's; S3 states it even if it refuses the request."""
    try:
        headers = target.client("s3").head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    except ClientError as error:
        headers = error.response["ResponseMetadata"]["HTTPHeaders"]
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == NOT_FOUND:
            raise BucketMissing(
                f"there is no bucket {bucket}: use --bucket with the name of an existing bucket"
            ) from None
        if REGION_HEADER not in headers:
            raise
    return str(headers.get(REGION_HEADER, target.region))


def create_bucket(
    target: Target, bucket: TemplateBucket, aws: AwsSettings, console: Console, pause: Callable[[], object]
) -> None:
    """Create the bucket of the account and region, or wait until another command has; raise `BucketMissing`.

    CloudFormation gives the tags of its stack to the bucket.
    """
    client = target.client("cloudformation")
    name = STACK_NAME
    with ignore_error("AlreadyExistsException"):
        name = client.create_stack(
            StackName=STACK_NAME,
            TemplateBody=dumps(_bucket_template(bucket.name)),
            OnFailure="DELETE",
            **stack_options(aws, target),
        )["StackId"]
    while (stack := stacks.find_stack(client, name)) is not None and stack.is_in_progress:
        pause()
    if find_bucket(target, None).exists:
        console.print(f"created the bucket {bucket.name} for templates", soft_wrap=True)
        return
    progress = follow_stack.StackProgress(set())
    for event in follow_stack.read_new_events(client, name, progress.seen) if stack is not None else ():
        follow_stack.record_event(progress, name, event)
    follow_stack.report_outcome(progress)
    advice = f"use --bucket, or look at the stack {STACK_NAME}, which should have it"
    raise BucketMissing(f"the bucket {bucket.name} could not be created: {advice}")


def _bucket_template(name: str) -> Json:
    properties = {
        "BucketName": name,
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        "PublicAccessBlockConfiguration": dict.fromkeys(
            ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
        ),
        "VersioningConfiguration": {"Status": "Enabled"},
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "Id": "replaced-versions",
                    "Status": "Enabled",
                    "NoncurrentVersionExpiration": {"NoncurrentDays": REPLACED_VERSION_DAYS},
                }
            ]
        },
        "Tags": [{"Key": "lamplighter:for", "Value": "templates"}],
    }
    arn = f"arn:${{AWS::Partition}}:s3:::{name}"
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{"Fn::Sub": arn}, {"Fn::Sub": f"{arn}/*"}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    retained = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
    return {
        "Description": "The bucket for templates that are too long for a request, of all projects in this region",
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", **retained, "Properties": properties},
            "Policy": {"Type": "AWS::S3::BucketPolicy", **retained, "Properties": policy},
        },
    }
