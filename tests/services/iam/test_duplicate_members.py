"""A policy with two members of one name is refused: of the two, readers see one or the other."""

from collections.abc import Callable

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from tests.engine_harness import ACCOUNT, REGION, EngineHarness
from tests.services.iam.iam_harness import IamHarness, allow, document

TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
STATEMENT = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"


def twice(text: str) -> str:
    """Give each statement of a policy a second effect."""
    return text.replace('"Effect":', '"Effect": "Allow", "Effect":')


def test_a_role_has_no_policy_with_two_members_of_one_name(harness: IamHarness) -> None:
    trust, policy = document(TRUST), document(allow("*"))
    harness.iam("CreateRole", RoleName="r", AssumeRolePolicyDocument=trust)
    calls: list[tuple[str, Json]] = [
        ("CreateRole", {"RoleName": "s", "AssumeRolePolicyDocument": twice(trust)}),
        ("UpdateAssumeRolePolicy", {"RoleName": "r", "PolicyDocument": twice(trust)}),
        ("PutRolePolicy", {"RoleName": "r", "PolicyName": "p", "PolicyDocument": twice(policy)}),
        ("PutRolePolicy", {"RoleName": "r", "PolicyName": "p", "PolicyDocument": '{"Statement":[],' + policy[1:]}),
        ("CreatePolicy", {"PolicyName": "p", "PolicyDocument": twice(policy)}),
    ]
    for operation, params in calls:
        with pytest.raises(AwsError) as refused:
            harness.iam(operation, **params)
        assert refused.value.code == "MalformedPolicyDocumentException", operation
    with pytest.raises(AwsError) as refused:
        harness.call("sts", "AssumeRole", RoleArn=ROLE, RoleSessionName="s", Policy=twice(policy))
    assert refused.value.code == "MalformedPolicyDocumentException"


def bucket(harness: EngineHarness, text: str) -> Json:
    harness.call("s3", "CreateBucket", Bucket="bucket")
    return ("s3", "PutBucketPolicy", {"Bucket": "bucket", "Policy": text})


def queue(harness: EngineHarness, text: str) -> Json:
    url = harness.call("sqs", "CreateQueue", QueueName="q")["QueueUrl"]
    return ("sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": {"Policy": text}})


def topic(harness: EngineHarness, text: str) -> Json:
    arn = harness.call("sns", "CreateTopic", Name="t")["TopicArn"]
    return ("sns", "SetTopicAttributes", {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": text})


def secret(harness: EngineHarness, text: str) -> Json:
    harness.call("secretsmanager", "CreateSecret", Name="s", SecretString="x")
    return ("secretsmanager", "PutResourcePolicy", {"SecretId": "s", "ResourcePolicy": text})


def repository(harness: EngineHarness, text: str) -> Json:
    harness.call("ecr", "CreateRepository", repositoryName="r")
    return ("ecr", "SetRepositoryPolicy", {"repositoryName": "r", "policyText": text})


def event_bus(_harness: EngineHarness, text: str) -> Json:
    text = text.replace('"Resource":"*"', f'"Resource":"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"')
    return ("events", "PutPermission", {"Policy": text})


def logs(_harness: EngineHarness, text: str) -> Json:
    return ("logs", "PutResourcePolicy", {"policyName": "p", "policyDocument": text})


@pytest.mark.parametrize(
    ("request_of", "code"),
    [
        (bucket, "MalformedPolicy"),
        (queue, "InvalidAttributeValue"),
        (topic, "InvalidParameter"),
        (secret, "MalformedPolicyDocumentException"),
        (repository, "InvalidParameterException"),
        (event_bus, "ValidationException"),
        (logs, "InvalidParameterException"),
    ],
)
def test_a_resource_has_no_policy_with_two_members_of_one_name(
    harness: IamHarness, request_of: Callable[[EngineHarness, str], Json], code: str
) -> None:
    text = dumps({"Version": "2012-10-17", "Statement": [{"Sid": "a", **STATEMENT}]})
    service, operation, params = request_of(harness, text.replace('"Effect":', '"Effect":"Allow","Effect":'))
    with pytest.raises(AwsError) as refused:
        harness.call(service, operation, **params)
    assert refused.value.code == code
