"""Settings as registers: of capacity providers, repositories of ECR, and lifecycle rules of buckets."""

import json

from tests.chaos.storm.client_calls import ClientCalls
from tests.chaos.storm.registers.register import Register

GROUP = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:0:autoScalingGroupName/group"


def put_provider(calls: ClientCalls, name: str, value: str, is_new: bool) -> None:
    """Write the tag of a capacity provider, and create the provider first if it is new."""
    tags = [{"key": "value", "value": value}]
    if is_new:
        provider = {"autoScalingGroupArn": GROUP}
        calls.repeat(
            ("Client",), "ecs", "create_capacity_provider", name=name, autoScalingGroupProvider=provider, tags=tags
        )
    else:
        calls.repeat((), "ecs", "tag_resource", resourceArn=_provider_arn(name), tags=tags)


def remove_provider(calls: ClientCalls, name: str) -> None:
    """Delete a capacity provider."""
    calls.repeat(("InvalidParameter",), "ecs", "delete_capacity_provider", capacityProvider=name)


def read_provider(calls: ClientCalls, name: str) -> str | None:
    """Return the tag of a capacity provider."""
    found = calls.read("ecs", "describe_capacity_providers", capacityProviders=[name], include=["TAGS"])
    active = [each for each in found["capacityProviders"] if each["status"] == "ACTIVE"]
    return active[0]["tags"][0]["value"] if active else None


def _provider_arn(name: str) -> str:
    return f"arn:aws:ecs:us-east-1:123456789012:capacity-provider/{name}"


def put_repository(calls: ClientCalls, name: str, value: str, is_new: bool) -> None:
    """Write the policy of a repository, and create the repository first if it is new."""
    if is_new:
        calls.repeat_unless("RepositoryAlreadyExists", "ecr", "create_repository", repositoryName=name)
    allow = {"Sid": value, "Effect": "Allow", "Principal": "*", "Action": "ecr:GetDownloadUrlForLayer"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    calls.repeat((), "ecr", "set_repository_policy", repositoryName=name, policyText=text)


def remove_repository_policy(calls: ClientCalls, name: str) -> None:
    """Delete the policy of a repository; the repository stays, because only Docker can tell that it has no image."""
    calls.repeat(("PolicyNotFound",), "ecr", "delete_repository_policy", repositoryName=name)


def read_repository(calls: ClientCalls, name: str) -> str | None:
    """Return the value of a repository's policy."""
    found = calls.find("NotFound", "ecr", "get_repository_policy", repositoryName=name)
    return None if found is None else json.loads(found["policyText"])["Statement"][0]["Sid"]


def put_rules(calls: ClientCalls, name: str, value: str, is_new: bool) -> None:
    """Write the lifecycle rules of a bucket, and create the bucket first if it is new."""
    if is_new:
        calls.repeat((), "s3", "create_bucket", Bucket=f"storm-{name}")
    rule = {"ID": value, "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    rules = {"Rules": [rule]}
    calls.repeat((), "s3", "put_bucket_lifecycle_configuration", Bucket=f"storm-{name}", LifecycleConfiguration=rules)


def remove_bucket(calls: ClientCalls, name: str) -> None:
    """Delete a bucket with its rules."""
    calls.repeat(("NoSuchBucket",), "s3", "delete_bucket", Bucket=f"storm-{name}")


def read_rules(calls: ClientCalls, name: str) -> str | None:
    """Return the value of a bucket's lifecycle rules."""
    found = calls.find("NoSuch", "s3", "get_bucket_lifecycle_configuration", Bucket=f"storm-{name}")
    return None if found is None else found["Rules"][0]["ID"]


SETTINGS = (
    Register("provider", put_provider, remove_provider, read_provider),
    Register("repository", put_repository, remove_repository_policy, read_repository),
    Register("bucket", put_rules, remove_bucket, read_rules),
)
