"""Conditions of policies hold for the values that the engine knows about a request, its resource and its caller.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from dataclasses import replace

import pytest

from lamplighter.base.aws.role_session import RoleSession, Signer
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller
from tests.engine_harness import ACCOUNT, REGION
from tests.services.iam.iam_harness import EnforcingHarness, allow, document, role_arn

PEOPLE = "ec2.amazonaws.com"
TAGS = [{"Key": "Team", "Value": "night"}]


def is_allowed(harness: EnforcingHarness, service: str, operation: str, params: Json, **condition: Json) -> bool:
    """Return whether a role that may do everything under a condition may make a call."""
    role = role_arn("r")
    if "r" not in [each["RoleName"] for each in harness.iam("ListRoles")["Roles"]]:
        harness.role("r", PEOPLE)
    harness.put_policy("r", allow("*", **condition))
    try:
        harness.check_as(role, service, operation, **params)
    except AwsError:
        return False
    return True


SSM: Json = {"Value": "x", "Type": "String", "Tags": TAGS}
LOWER_CASE: Json = [{"key": "Team", "value": "night"}]
PAIR: Json = {"Team": "night"}
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:t"
SECRET: Json = {"Name": "s", "SecretString": "x", "Tags": TAGS}
RESOURCES: list[tuple[str, str, Json, str, Json]] = [
    ("sns", "CreateTopic", {"Name": "t", "Tags": TAGS}, "Publish", {"TopicArn": TOPIC}),
    ("sqs", "CreateQueue", {"QueueName": "q", "tags": PAIR}, "SendMessage", {"QueueUrl": "q"}),
    ("secretsmanager", "CreateSecret", SECRET, "GetSecretValue", {"SecretId": "s"}),
    ("ssm", "PutParameter", {"Name": "/a/b", **SSM}, "GetParameter", {"Name": "/a/b"}),
    ("ssm", "PutParameter", {"Name": "b", **SSM}, "GetParameters", {"Names": ["b"]}),
    ("logs", "CreateLogGroup", {"logGroupName": "g", "tags": PAIR}, "PutLogEvents", {"logGroupName": "g"}),
    ("ecr", "CreateRepository", {"repositoryName": "r", "tags": TAGS}, "BatchGetImage", {"repositoryName": "r"}),
    ("ecs", "CreateCluster", {"clusterName": "c", "tags": LOWER_CASE}, "DeleteCluster", {"cluster": "c"}),
]


@pytest.mark.parametrize(("service", "create", "given", "operation", "params"), RESOURCES)
def test_a_condition_on_a_tag_of_the_resource_holds_if_it_has_the_tag(
    enforcing: EnforcingHarness, service: str, create: str, given: Json, operation: str, params: Json
) -> None:
    enforcing.call(service, create, **given)
    for value, expected in (("night", True), ("day", False)):
        wanted = {"StringEquals": {"aws:ResourceTag/Team": value}}
        assert is_allowed(enforcing, service, operation, params, **wanted) is expected
    assert not is_allowed(enforcing, service, operation, params, StringEquals={"aws:ResourceTag/Other": "night"})
    assert is_allowed(enforcing, service, operation, params, Null={"aws:ResourceTag/Other": "true"})
    prefixed = {"StringEquals": {f"{service}:ResourceTag/Team": "night"}}
    assert is_allowed(enforcing, service, operation, params, **prefixed)


def test_the_tags_of_a_machine_and_of_a_role_decide(enforcing: EnforcingHarness) -> None:
    definition = dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    role = enforcing.role("machine")
    enforcing.iam("TagRole", RoleName="machine", Tags=TAGS)
    tags = [{"key": "Team", "value": "night"}]
    machine = enforcing.call("states", "CreateStateMachine", name="m", definition=definition, roleArn=role, tags=tags)
    params = {"stateMachineArn": machine["stateMachineArn"]}
    condition = {"StringEquals": {"aws:ResourceTag/Team": "night"}}
    assert is_allowed(enforcing, "states", "StartExecution", params, **condition)
    assert is_allowed(
        enforcing, "iam", "GetRole", {"RoleName": "machine"}, StringEquals={"iam:ResourceTag/Team": "night"}
    )
    assert not is_allowed(
        enforcing, "iam", "GetRole", {"RoleName": "r"}, StringEquals={"iam:ResourceTag/Team": "night"}
    )


def test_a_stack_has_tags(enforcing: EnforcingHarness) -> None:
    template = dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
    enforcing.call("cloudformation", "CreateStack", StackName="s", TemplateBody=template, Tags=TAGS)
    condition = {"StringEquals": {"aws:ResourceTag/Team": "night"}}
    assert is_allowed(enforcing, "cloudformation", "DeleteStack", {"StackName": "s"}, **condition)


@pytest.mark.parametrize("key", ["aws:ResourceAccount", "s3:ResourceAccount"])
def test_the_account_of_a_bucket_is_that_of_its_owner(enforcing: EnforcingHarness, key: str) -> None:
    """The CDK's roles for assets and pipelines have such conditions."""
    enforcing.call("s3", "CreateBucket", Bucket="mine")
    params = {"Bucket": "mine", "Key": "k"}
    assert is_allowed(enforcing, "s3", "GetObject", params, StringEquals={key: ACCOUNT})
    assert not is_allowed(enforcing, "s3", "GetObject", params, StringNotEquals={key: ACCOUNT})


def test_a_bucket_of_another_account_needs_its_policy(enforcing: EnforcingHarness) -> None:
    enforcing.call_in("210987654321", "s3", "CreateBucket", Bucket="theirs")
    params = {"Bucket": "theirs", "Key": "k"}
    assert not is_allowed(enforcing, "s3", "GetObject", params)
    statement = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:GetObject"}
    text = document({**statement, "Resource": "arn:aws:s3:::theirs/*"})
    enforcing.call_in("210987654321", "s3", "PutBucketPolicy", Bucket="theirs", Policy=text)
    assert is_allowed(enforcing, "s3", "GetObject", params)


CLUSTERS = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster"
ENCRYPTED: Json = {"Bucket": "b", "Key": "k", "ServerSideEncryption": "AES256"}
STAGE: Json = {"SecretId": "s", "VersionStage": "AWSCURRENT"}
REQUESTS: list[tuple[str, str, Json, str, str]] = [
    ("ecs", "RunTask", {"taskDefinition": "x", "cluster": "c"}, "ecs:cluster", f"{CLUSTERS}/c"),
    ("ecs", "ListTasks", {}, "ecs:cluster", f"{CLUSTERS}/default"),
    ("ecs", "RunTask", {"taskDefinition": "x"}, "ecs:enable-execute-command", "false"),
    ("s3", "PutObject", ENCRYPTED, "s3:x-amz-server-side-encryption", "AES256"),
    ("s3", "ListObjectsV2", {"Bucket": "b", "Prefix": "a/"}, "s3:prefix", "a/"),
    ("cloudformation", "CreateStack", {"StackName": "s", "TemplateURL": "u"}, "cloudformation:TemplateUrl", "u"),
    ("secretsmanager", "GetSecretValue", STAGE, "secretsmanager:VersionStage", "AWSCURRENT"),
    ("ssm", "PutParameter", {"Name": "a", "Overwrite": True}, "ssm:Overwrite", "true"),
    ("sqs", "CreateQueue", {"QueueName": "q", "tags": {"a": "b"}}, "aws:RequestTag/a", "b"),
    ("sqs", "SendMessage", {"QueueUrl": "q"}, "aws:MultiFactorAuthPresent", "false"),
    ("sqs", "SendMessage", {"QueueUrl": "q"}, "aws:SecureTransport", "true"),
]


def test_the_address_and_the_method_of_an_http_task_decide(enforcing: EnforcingHarness) -> None:
    """Step Functions' example of a policy has both conditions."""
    request = {"ApiEndpoint": "https://x/y", "Method": "GET"}
    for path, allowed in (("https://x/*", True), ("https://z/*", False)):
        like = {"StringLike": {"states:HTTPEndpoint": path}, "StringEquals": {"states:HTTPMethod": "GET"}}
        credentials = allow("events:RetrieveConnectionCredentials")
        role = enforcing.role(f"r{allowed}", PEOPLE, allow("states:InvokeHTTPEndpoint", **like), credentials)
        if allowed:
            enforcing.check_as(role, "http", "Invoke", **request)
        else:
            enforcing.denied_as(role, "http", "Invoke", **request)


@pytest.mark.parametrize(("service", "operation", "params", "key", "value"), REQUESTS)
def test_a_key_has_the_value_of_the_request(
    enforcing: EnforcingHarness, service: str, operation: str, params: Json, key: str, value: str
) -> None:
    assert is_allowed(enforcing, service, operation, params, StringEquals={key: value})
    assert not is_allowed(enforcing, service, operation, params, StringEquals={key: "other"})


def test_the_address_of_a_request_is_known_but_not_that_of_a_service(enforcing: EnforcingHarness) -> None:
    role = enforcing.role("r", PEOPLE, allow("sqs:*", IpAddress={"aws:SourceIp": "10.0.0.0/8"}))
    call = ("sqs", "SendMessage", {"QueueUrl": "q", "MessageBody": "x"})
    bus, reader = enforcing.engine.bus, enforcing.engine.store.reader

    def check(address: str, session: RoleSession) -> None:
        bus.check_access(reader, Caller(ACCOUNT, REGION, signer=Signer(session=session, address=address)), *call)

    session = RoleSession(role, "x")
    check("10.1.2.3", session)
    for address, each in (("11.1.2.3", session), ("10.1.2.3", replace(session, called_via=("x.amazonaws.com",)))):
        with pytest.raises(AwsError):
            check(address, each)


def test_a_key_that_the_engine_does_not_know_has_no_value(enforcing: EnforcingHarness) -> None:
    call = ("sqs", "SendMessage", {"QueueUrl": "q"})
    assert not is_allowed(enforcing, *call, StringEquals={"aws:SourceVpc": "vpc-1"})
    assert is_allowed(enforcing, *call, StringNotEquals={"aws:SourceVpc": "vpc-1"})
    assert is_allowed(enforcing, *call, StringEqualsIfExists={"aws:SourceVpc": "vpc-1"})
