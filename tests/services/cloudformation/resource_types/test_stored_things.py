"""Stacks make buckets, parameters, repositories and secrets that their services have, and change and delete them."""

import re

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue


def test_a_bucket_has_the_settings_of_its_properties_and_follows_changes(harness: CloudFormationHarness) -> None:
    rule = {"Id": "old", "Status": "Enabled", "ExpirationInDays": 7, "Prefix": "tmp/"}
    encryption = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]

    def bucket(**properties: Json) -> str:
        return body(B={"Type": "AWS::S3::Bucket", "Properties": properties})

    harness.create(
        bucket(
            VersioningConfiguration={"Status": "Enabled"},
            LifecycleConfiguration={"Rules": [rule]},
            BucketEncryption={"ServerSideEncryptionConfiguration": encryption},
            NotificationConfiguration={"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
            Tags=[{"Key": "team", "Value": "night"}],
        )
    )
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    name = {"Bucket": harness.physical("B")}
    assert re.fullmatch(r"stack-b-[a-z0-9]+", name["Bucket"])
    assert harness.call("s3", "GetBucketVersioning", **name) == {"Status": "Enabled"}
    (kept,) = harness.call("s3", "GetBucketLifecycleConfiguration", **name)["Rules"]
    assert (kept["ID"], kept["Filter"], kept["Expiration"]) == ("old", {"Prefix": "tmp/"}, {"Days": 7})
    notifications = harness.call("s3", "GetBucketNotificationConfiguration", **name)
    assert notifications == {"EventBridgeConfiguration": {}}
    assert harness.call("s3", "GetBucketTagging", **name)["TagSet"] == [{"Key": "team", "Value": "night"}]
    harness.update(bucket(VersioningConfiguration={"Status": "Suspended"}))
    assert harness.state() == "UPDATE_COMPLETE", harness.reasons()
    assert harness.call("s3", "GetBucketVersioning", **name) == {"Status": "Suspended"}
    assert harness.call("s3", "GetBucketNotificationConfiguration", **name) == {}
    with pytest.raises(AwsError, match="lifecycle"):
        harness.call("s3", "GetBucketLifecycleConfiguration", **name)
    harness.delete()
    assert harness.call("s3", "ListBuckets")["Buckets"] == []


def test_a_bucket_with_objects_is_not_deleted(harness: CloudFormationHarness) -> None:
    harness.create(body(B={"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "kept-bucket"}}))
    harness.call("s3", "PutObject", Bucket="kept-bucket", Key="k", Body="1")
    harness.delete()
    assert harness.state() == "DELETE_FAILED"
    assert any("The bucket you tried to delete is not empty" in reason for reason in harness.reasons())


def test_a_stack_does_not_take_over_a_bucket(harness: CloudFormationHarness) -> None:
    harness.call("s3", "CreateBucket", Bucket="taken")
    harness.create(body(B={"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "taken"}}))
    assert harness.state() == "ROLLBACK_COMPLETE"
    assert any("taken already exists" in reason for reason in harness.reasons())
    assert len(harness.call("s3", "ListBuckets")["Buckets"]) == 1


def test_a_parameter_is_written_and_other_resources_of_the_same_stack_read_it(harness: CloudFormationHarness) -> None:
    def text(value: str) -> str:
        properties = {"Name": "/size", "Type": "String", "Value": value, "Tags": {"team": "night"}}
        reader = {**queue(QueueName="q-{{resolve:ssm:/size}}"), "DependsOn": "P"}
        return body(P={"Type": "AWS::SSM::Parameter", "Properties": properties}, Q=reader)

    harness.create(text("small"))
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    assert harness.queues() == ["q-small"]
    tags = harness.call("ssm", "ListTagsForResource", ResourceType="Parameter", ResourceId="/size")["TagList"]
    assert {"Key": "team", "Value": "night"} in tags
    harness.update(text("large"))
    found = harness.call("ssm", "GetParameter", Name="/size")["Parameter"]
    assert (found["Value"], found["Version"]) == ("large", 2)
    harness.delete()
    with pytest.raises(AwsError, match="not found"):
        harness.call("ssm", "GetParameter", Name="/size")


def test_a_secret_is_generated_once_and_deleted_with_its_stack(harness: CloudFormationHarness) -> None:
    generate = {"SecretStringTemplate": dumps({"user": "me"}), "GenerateStringKey": "password", "PasswordLength": 12}

    def text(description: str) -> str:
        properties = {"GenerateSecretString": generate, "Description": description}
        return body(S={"Type": "AWS::SecretsManager::Secret", "Properties": properties})

    harness.create(text("one"))
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    secret = {"SecretId": harness.physical("S")}
    made = loads(harness.call("secretsmanager", "GetSecretValue", **secret)["SecretString"])
    assert (made["user"], len(made["password"])) == ("me", 12)
    harness.update(text("two"))
    assert loads(harness.call("secretsmanager", "GetSecretValue", **secret)["SecretString"]) == made
    assert harness.call("secretsmanager", "DescribeSecret", **secret)["Description"] == "two"
    harness.delete()
    assert harness.call("secretsmanager", "ListSecrets", IncludePlannedDeletion=True)["SecretList"] == []


def test_a_repository_has_the_uri_that_its_attribute_states(harness: CloudFormationHarness) -> None:
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 10}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    policy = {"LifecyclePolicyText": dumps({"rules": [rule]})}
    properties = {"LifecyclePolicy": policy, "ImageTagMutability": "IMMUTABLE"}
    resources = {"R": {"Type": "AWS::ECR::Repository", "Properties": properties}}
    outputs = {"Uri": {"Value": {"Fn::GetAtt": ["R", "RepositoryUri"]}}}
    harness.create(dumps({"Resources": resources, "Outputs": outputs}))
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    (found,) = harness.call("ecr", "DescribeRepositories")["repositories"]
    assert harness.outputs()["Uri"] == found["repositoryUri"]
    assert found["imageTagMutability"] == "IMMUTABLE"
    harness.delete()
    assert harness.call("ecr", "DescribeRepositories")["repositories"] == []
