"""Which action and which resources each operation of each service needs: every operation is listed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.aws.role_session import RoleSession, Signer
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.iam.access.condition_keys import CLUSTER_OPERATIONS
from lamplighter.services.iam.access.needed_permissions import NeededPermissions, action_of, is_decided
from lamplighter.services.iam.access.resource_rules import ACTIONS, RESOURCE_RULES
from lamplighter.services.iam.access.storage_rules import REGISTRY_ACTIONS
from lamplighter.wire.models.service_models import SERVICES, load_service
from tests.engine_harness import ACCOUNT, CALLER, REGION, EngineHarness

WITHOUT_RESOURCE = {
    "states": "ListActivities ListStateMachines SendTaskFailure SendTaskHeartbeat SendTaskSuccess TestState "
    "ValidateStateMachineDefinition",
    "ecs": "DeregisterTaskDefinition DescribeTaskDefinition ListClusters ListTaskDefinitionFamilies "
    "ListTaskDefinitions ListTasks",
    "events": "ListApiDestinations ListArchives ListConnections ListEventBuses ListReplays ListRuleNamesByTarget "
    "ListRules TestEventPattern",
    "scheduler": "ListScheduleGroups ListSchedules",
    "sns": "GetSubscriptionAttributes ListSubscriptions ListTopics SetSubscriptionAttributes Unsubscribe",
    "sqs": "CancelMessageMoveTask ListQueues",
    "logs": "DeleteResourcePolicy DescribeResourcePolicies ListLogGroups PutResourcePolicy TestMetricFilter",
    "monitoring": "GetMetricData GetMetricStatistics ListMetrics PutMetricData",
    "cloudformation": "ListExports ListImports ListStacks ValidateTemplate",
    "s3": "ListBuckets",
    "ssm": "DescribeParameters",
    "ecr": "GetAuthorizationToken",
    "secretsmanager": "BatchGetSecretValue GetRandomPassword ListSecrets",
    "sts": "AssumeRoleWithWebIdentity DecodeAuthorizationMessage GetAccessKeyInfo GetCallerIdentity GetSessionToken",
}
"""The operations of AWS whose actions have no resources."""
DECIDED = [*WITHOUT_RESOURCE]
ADVICE = "name the resource in resource_rules.py or storage_rules.py, or add the operation to WITHOUT_RESOURCE"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHarness]:
    with EngineHarness.running(tmp_path / "data") as harness:
        yield harness


def test_each_operation_has_a_rule_or_is_known_to_have_no_resource(engine: EngineHarness) -> None:
    """A new operation must be decided here: with a rule, or as one without a resource."""
    for service in DECIDED:
        names = load_service(service, SERVICES[service].protocols[0]).model.operation_names
        served = {each for each in engine.engine.services[service].operations if each in names}
        without = set(WITHOUT_RESOURCE[service].split())
        assert served - RESOURCE_RULES[service].keys() - without == set(), f"{service}: {ADVICE}"
        assert without <= served, service
        assert without & RESOURCE_RULES[service].keys() == set(), service


def test_every_rule_is_of_an_operation_that_is_served_or_of_the_registry(engine: EngineHarness) -> None:
    """A rule of an operation that nobody can call would decide nothing."""
    for service, rules in RESOURCE_RULES.items():
        served = engine.engine.services[service].operations.keys()
        beyond = set(REGISTRY_ACTIONS.split()) if service == "ecr" else set()
        assert rules.keys() - served == beyond, service
        assert ACTIONS.get(service, {}).keys() <= served, service
    assert set(CLUSTER_OPERATIONS) <= engine.engine.services["ecs"].operations.keys()


def test_every_service_with_a_model_is_decided() -> None:
    """Calls of a service without rules would be allowed to every role."""
    assert {each for each in SERVICES if not is_decided(each, "List")} == set()


def needed(engine: EngineHarness, service: str, operation: str, **params: Json) -> list[tuple[str, str]]:
    session = RoleSession(f"arn:aws:iam::{ACCOUNT}:role/r", "s", source="arn:aws:states:us-east-1:1:stateMachine:m")
    caller = Caller(ACCOUNT, REGION, signer=Signer(session=session))
    permissions = NeededPermissions(engine.engine.bus)
    found = permissions.of_call(engine.engine.store.reader, caller, service, operation, params)
    return [(each.action, each.resource) for each in found.permissions]


def arn(service: str, resource: str, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"


MACHINE = arn("states", "stateMachine:m")
MAP = arn("states", "mapRun:m/e:r")
GROUP = arn("logs", "log-group:g")
STACK = arn("cloudformation", "stack/s/*")


@pytest.mark.parametrize(
    ("service", "operation", "params", "expected"),
    [
        ("states", "StartExecution", {"stateMachineArn": f"{MACHINE}:live"}, ("states:StartExecution", MACHINE)),
        ("states", "ListStateMachines", {}, ("states:ListStateMachines", "*")),
        ("states", "ListExecutions", {"stateMachineArn": MACHINE, "mapRunArn": MAP}, ("states:ListExecutions", MAP)),
        ("states", "CreateActivity", {"name": "a"}, ("states:CreateActivity", arn("states", "activity:a"))),
        ("ecs", "StopTask", {"cluster": "c", "task": "t"}, ("ecs:StopTask", arn("ecs", "task/c/t"))),
        ("ecs", "DescribeClusters", {}, ("ecs:DescribeClusters", arn("ecs", "cluster/default"))),
        ("events", "PutRule", {"Name": "r"}, ("events:PutRule", arn("events", "rule/r"))),
        ("events", "PutRule", {"Name": "r", "EventBusName": "b"}, ("events:PutRule", arn("events", "rule/b/r"))),
        ("events", "PutEvents", {"Entries": [{}]}, ("events:PutEvents", arn("events", "event-bus/default"))),
        ("scheduler", "GetSchedule", {"Name": "s"}, ("scheduler:GetSchedule", arn("scheduler", "schedule/default/s"))),
        ("sns", "Publish", {"TopicArn": "", "TargetArn": arn("sns", "t")}, ("sns:Publish", arn("sns", "t"))),
        ("sns", "PublishBatch", {"TopicArn": arn("sns", "t")}, ("sns:Publish", arn("sns", "t"))),
        ("sqs", "SendMessage", {"QueueUrl": f"http://h/{ACCOUNT}/q"}, ("sqs:SendMessage", arn("sqs", "q"))),
        ("sqs", "DeleteMessageBatch", {"QueueUrl": f"http://h/{ACCOUNT}/q"}, ("sqs:DeleteMessage", arn("sqs", "q"))),
        ("logs", "FilterLogEvents", {}, ("logs:FilterLogEvents", arn("logs", "log-group::log-stream:"))),
        ("logs", "PutResourcePolicy", {"resourceArn": GROUP}, ("logs:PutResourcePolicy", "*")),
        ("logs", "FilterLogEvents", {"logGroupName": "g"}, ("logs:FilterLogEvents", f"{GROUP}:log-stream:")),
        (
            "logs",
            "GetLogEvents",
            {"logGroupIdentifier": f"{GROUP}:*", "logStreamName": "s"},
            ("logs:GetLogEvents", f"{GROUP}:log-stream:s"),
        ),
        ("monitoring", "SetAlarmState", {"AlarmName": "a"}, ("cloudwatch:SetAlarmState", arn("cloudwatch", "alarm:a"))),
        ("cloudformation", "ListChangeSets", {"StackName": "s"}, ("cloudformation:ListChangeSets", STACK)),
        ("iam", "GetRole", {"RoleName": "r"}, ("iam:GetRole", arn("iam", "role/r", ""))),
        ("iam", "ListRoles", {}, ("iam:ListRoles", "*")),
    ],
)  # fmt: skip
def test_an_operation_needs_its_action_on_its_resource(
    engine: EngineHarness, service: str, operation: str, params: Json, expected: tuple[str, str]
) -> None:
    assert needed(engine, service, operation, **params) == [expected]


def test_run_task_needs_to_pass_the_roles_and_to_tag_the_task(engine: EngineHarness) -> None:
    definition = engine.call(
        "ecs",
        "RegisterTaskDefinition",
        family="job",
        taskRoleArn=arn("iam", "role/task", ""),
        executionRoleArn=arn("iam", "role/execution", ""),
        containerDefinitions=[{"name": "main", "image": "busybox", "memory": 64}],
    )["taskDefinition"]["taskDefinitionArn"]
    own = {"overrides": {"taskRoleArn": arn("iam", "role/own", "")}, "tags": [{"key": "a", "value": "b"}]}
    assert needed(engine, "ecs", "RunTask", taskDefinition="job", **own) == [
        ("ecs:RunTask", definition),
        ("iam:PassRole", arn("iam", "role/execution", "")),
        ("iam:PassRole", arn("iam", "role/own", "")),
        ("ecs:TagResource", arn("ecs", "task/default/*")),
    ]


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("states", "CreateStateMachine", {"name": "m", "roleArn": "R"}),
        ("states", "UpdateStateMachine", {"stateMachineArn": MACHINE, "roleArn": "R"}),
        ("events", "PutTargets", {"Rule": "r", "Targets": [{"Id": "t", "Arn": MACHINE, "RoleArn": "R"}]}),
        ("scheduler", "CreateSchedule", {"Name": "s", "Target": {"Arn": MACHINE, "RoleArn": "R"}}),
        ("ecs", "RegisterTaskDefinition", {"family": "f", "executionRoleArn": "R"}),
        ("cloudformation", "CreateStack", {"StackName": "s", "RoleARN": "R"}),
    ],
)
def test_a_call_that_passes_a_role_needs_pass_role(
    engine: EngineHarness, service: str, operation: str, params: Json
) -> None:
    assert needed(engine, service, operation, **params)[1:] == [("iam:PassRole", "R")]


def test_tags_of_a_new_resource_need_an_action_of_their_own(engine: EngineHarness) -> None:
    assert needed(engine, "sqs", "CreateQueue", QueueName="q", tags={"a": "b"})[1] == ("sqs:TagQueue", arn("sqs", "q"))
    tags = [{"Key": "a", "Value": "b"}]
    assert needed(engine, "iam", "CreateRole", RoleName="r", Tags=tags)[1][0] == "iam:TagRole"


def test_action_names_are_those_of_aws() -> None:
    assert action_of("monitoring", "PutMetricData") == "cloudwatch:PutMetricData"
    assert action_of("http", "Invoke") == "states:InvokeHTTPEndpoint"
    assert CALLER.session is None


OBJECT = "arn:aws:s3:::b/k"


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("GetObject", {"Bucket": "b", "Key": "k"}, [("s3:GetObject", OBJECT)]),
        ("GetObject", {"Bucket": "b", "Key": "k", "VersionId": "v"}, [("s3:GetObjectVersion", OBJECT)]),
        ("HeadObject", {"Bucket": "b", "Key": "k", "VersionId": "v"}, [("s3:GetObjectVersion", OBJECT)]),
        ("DeleteObject", {"Bucket": "b", "Key": "k", "VersionId": "v"}, [("s3:DeleteObjectVersion", OBJECT)]),
        (
            "DeleteObjects",
            {"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}, {"Key": "k", "VersionId": "v"}]}},
            [("s3:DeleteObject", OBJECT), ("s3:DeleteObjectVersion", OBJECT)],
        ),
        (
            "CopyObject",
            {"Bucket": "b", "Key": "k", "CopySource": "/other/secret%20key"},
            [("s3:PutObject", OBJECT), ("s3:GetObject", "arn:aws:s3:::other/secret key")],
        ),
        (
            "UploadPartCopy",
            {"Bucket": "b", "Key": "k", "CopySource": "other/key?versionId=v"},
            [("s3:PutObject", OBJECT), ("s3:GetObjectVersion", "arn:aws:s3:::other/key")],
        ),
        (
            "GetObjectAttributes",
            {"Bucket": "b", "Key": "k"},
            [("s3:GetObjectAttributes", OBJECT), ("s3:GetObject", OBJECT)],
        ),
    ],
)
def test_versions_and_copies_of_objects_need_their_own_permissions(
    engine: EngineHarness, operation: str, params: Json, expected: list[tuple[str, str]]
) -> None:
    """A role that may write only cannot read by copying."""
    assert needed(engine, "s3", operation, **params) == expected


def test_a_secret_has_one_arn_however_a_call_names_it(engine: EngineHarness) -> None:
    """A policy that denies a secret's ARN holds for its name, for a part of its ARN and in a batch."""
    whole = engine.call("secretsmanager", "CreateSecret", Name="db", SecretString="x")["ARN"]
    read = ("secretsmanager:GetSecretValue", whole)
    for name in ("db", whole, whole[:-7]):
        assert needed(engine, "secretsmanager", "GetSecretValue", SecretId=name) == [read]
    batch = needed(engine, "secretsmanager", "BatchGetSecretValue", SecretIdList=["db"])
    assert batch == [("secretsmanager:BatchGetSecretValue", "*"), read]
    filtered = needed(engine, "secretsmanager", "BatchGetSecretValue", Filters=[{"Key": "all", "Values": ["d"]}])
    assert read in filtered


@pytest.mark.parametrize("name", ["/a/b", "/a/b:3", "/a/b:label", arn("ssm", "parameter/a/b:3")])
def test_a_version_of_a_parameter_has_the_arn_of_the_parameter(engine: EngineHarness, name: str) -> None:
    """A policy that denies a parameter denies its versions."""
    assert needed(engine, "ssm", "GetParameter", Name=name) == [("ssm:GetParameter", arn("ssm", "parameter/a/b"))]
