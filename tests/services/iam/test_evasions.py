"""No other name, list or spelling of a resource gets a caller around a deny or a missing permission."""

import pytest

from lamplighter.base.aws.role_session import RoleSession, Signer
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller
from tests.engine_harness import ACCOUNT, REGION
from tests.services.iam.iam_harness import SCHEDULER, STATES, TASKS, EnforcingHarness, allow, document, role_arn

PEOPLE = "ec2.amazonaws.com"


def deny(resource: Json, action: Json = "*") -> Json:
    """Return a statement that denies an action."""
    return {"Effect": "Deny", "Action": action, "Resource": resource}


def role_denied(harness: EnforcingHarness, resource: Json) -> str:
    """Create a role that may do everything, except on a resource."""
    return harness.role("r", PEOPLE, allow("*"), deny(resource))


@pytest.mark.parametrize("operation", ["ExecuteChangeSet", "DescribeChangeSet", "DeleteChangeSet", "GetTemplate"])
def test_the_arn_of_a_change_set_does_not_hide_its_stack(enforcing: EnforcingHarness, operation: str) -> None:
    """A request may also name another stack, which does not count."""
    text = dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
    given = {"ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": text}
    change_set = enforcing.call("cloudformation", "CreateChangeSet", StackName="prod", **given)["Id"]
    role = role_denied(enforcing, f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/prod/*")
    for stack in ({}, {"StackName": "mine"}):
        enforcing.denied_as(role, "cloudformation", operation, ChangeSetName=change_set, **stack)
    enforcing.denied_as(role, "cloudformation", operation, StackName="prod", ChangeSetName="c")


def test_the_handle_of_a_move_task_does_not_hide_its_queue(enforcing: EnforcingHarness) -> None:
    for name in ("prod", "other"):
        enforcing.call("sqs", "CreateQueue", QueueName=name)
    prod = f"arn:aws:sqs:{REGION}:{ACCOUNT}:prod"
    url = f"http://localhost/{ACCOUNT}/other"
    policy = dumps({"deadLetterTargetArn": prod, "maxReceiveCount": 1})
    enforcing.call("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"RedrivePolicy": policy})
    handle = enforcing.call("sqs", "StartMessageMoveTask", SourceArn=prod, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    role = role_denied(enforcing, prod)
    assert "prod" in enforcing.denied_as(role, "sqs", "CancelMessageMoveTask", TaskHandle=handle)
    enforcing.denied_as(enforcing.role("none", PEOPLE), "sqs", "CancelMessageMoveTask", TaskHandle="!")


def test_a_physical_id_does_not_hide_its_stack(enforcing: EnforcingHarness) -> None:
    text = dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "found"}}}})
    enforcing.call("cloudformation", "CreateStack", StackName="prod", TemplateBody=text)
    enforcing.advance(1000)
    role = role_denied(enforcing, f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/prod/*")
    (found,) = enforcing.call("cloudformation", "DescribeStackResources", StackName="prod")["StackResources"]
    physical = found["PhysicalResourceId"]
    enforcing.denied_as(role, "cloudformation", "DescribeStackResources", PhysicalResourceId=physical)


def test_a_member_that_the_operation_ignores_does_not_hide_a_state_machine(enforcing: EnforcingHarness) -> None:
    role = enforcing.role("machines", STATES)
    text = dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    given: Json = {"definition": text, "roleArn": role, "publish": True}
    prod = enforcing.call("states", "CreateStateMachine", name="prod", **given)["stateMachineVersionArn"]
    mine = enforcing.call("states", "CreateStateMachine", name="mine", **given)["stateMachineArn"]
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:sfn:deleteStateMachineVersion",
        "RoleArn": enforcing.role("schedule", SCHEDULER, allow("states:*", [mine, f"{mine}:*"])),
        "Input": dumps({"StateMachineVersionArn": prod, "stateMachineArn": mine}),
    }
    times: Json = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    enforcing.call("scheduler", "CreateSchedule", Name="s", **times, Target=target)
    enforcing.advance(3_600_000)
    versions = enforcing.call("states", "ListStateMachineVersions", stateMachineArn=prod.rpartition(":")[0])
    assert [each["stateMachineVersionArn"] for each in versions["stateMachineVersions"]] == [prod]


@pytest.mark.parametrize(
    "identifier", [f"arn:{partition}:logs:{REGION}:{ACCOUNT}:log-group:prod" for partition in ("aws", "aws-us-gov")]
)
def test_another_partition_does_not_hide_a_log_group(enforcing: EnforcingHarness, identifier: str) -> None:
    role = role_denied(enforcing, f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:prod:*")
    enforcing.denied_as(role, "logs", "FilterLogEvents", logGroupIdentifier=identifier)


@pytest.mark.parametrize("end", ["", "/", "?x=/123456789012/mine", "#/123456789012/mine"])
def test_only_the_path_of_a_url_names_the_queue(enforcing: EnforcingHarness, end: str) -> None:
    enforcing.call("sqs", "CreateQueue", QueueName="prod")
    enforcing.call("sqs", "CreateQueue", QueueName="mine")
    role = role_denied(enforcing, f"arn:aws:sqs:{REGION}:{ACCOUNT}:prod")
    url = f"http://localhost/{ACCOUNT}/prod{end}"
    enforcing.denied_as(role, "sqs", "SendMessage", QueueUrl=url, MessageBody="x")


def test_a_filter_of_secrets_finds_none_that_is_denied(enforcing: EnforcingHarness) -> None:
    secret = enforcing.call("secretsmanager", "CreateSecret", Name="prod", SecretString="x")["ARN"]
    role = role_denied(enforcing, secret)
    for given in ({"Filters": [{"Key": "name", "Values": ["p"]}]}, {"SecretIdList": ["prod"]}):
        enforcing.denied_as(role, "secretsmanager", "BatchGetSecretValue", **given)


def test_a_session_needs_a_permission_for_its_tags(enforcing: EnforcingHarness) -> None:
    """Otherwise it could give itself the tags that other policies ask for."""
    caller = enforcing.role("r", PEOPLE, allow("sts:AssumeRole"))
    statement = {"Effect": "Allow", "Principal": {"AWS": caller}, "Action": "sts:AssumeRole"}
    enforcing.iam("CreateRole", RoleName="other", AssumeRolePolicyDocument=document(statement))
    given = {"RoleArn": role_arn("other"), "RoleSessionName": "s"}
    tagged = {**given, "Tags": [{"Key": "Team", "Value": "admin"}]}
    enforcing.call_as(caller, "sts", "AssumeRole", **given)
    assert "sts:TagSession" in enforcing.denied_as(caller, "sts", "AssumeRole", **tagged)
    enforcing.put_policy("r", allow(["sts:AssumeRole", "sts:TagSession"]))
    assert "sts:TagSession" in enforcing.denied_as(caller, "sts", "AssumeRole", **tagged)
    both = {**statement, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    enforcing.iam("UpdateAssumeRolePolicy", RoleName="other", PolicyDocument=document(both))
    enforcing.call_as(caller, "sts", "AssumeRole", **tagged)
    identity = {**given, "SourceIdentity": "me"}
    assert "sts:SetSourceIdentity" in enforcing.denied_as(caller, "sts", "AssumeRole", **identity)


def test_the_session_of_a_deleted_role_is_not_one_of_a_new_role(enforcing: EnforcingHarness) -> None:
    enforcing.role("r", PEOPLE, allow("sqs:*"))
    old = enforcing.iam("GetRole", RoleName="r")["Role"]["RoleId"]
    caller = Caller(ACCOUNT, REGION, signer=Signer("ASIA", session=RoleSession(role_arn("r"), "s", old)))
    reader, check = enforcing.engine.store.reader, enforcing.engine.bus.check_access
    check(reader, caller, "sqs", "ListQueues", {})
    enforcing.iam("DeleteRolePolicy", RoleName="r", PolicyName="policy")
    enforcing.iam("DeleteRole", RoleName="r")
    enforcing.role("r", PEOPLE, allow("sqs:*"))
    with pytest.raises(AwsError):
        check(reader, caller, "sqs", "ListQueues", {})


def test_moved_messages_need_the_permissions_of_receiving_and_sending(enforcing: EnforcingHarness) -> None:
    queues = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"
    role = enforcing.role("r", PEOPLE, allow("sqs:*"), deny(f"{queues}prod"))
    given = {"SourceArn": f"{queues}dead", "DestinationArn": f"{queues}prod"}
    assert "sqs:sendmessage" in enforcing.denied_as(role, "sqs", "StartMessageMoveTask", **given)


def test_headers_of_an_object_need_the_actions_of_acls_and_tags(enforcing: EnforcingHarness) -> None:
    enforcing.call("s3", "CreateBucket", Bucket="bucket")
    role = enforcing.role("r", PEOPLE, allow("s3:PutObject"))
    enforcing.check_as(role, "s3", "PutObject", Bucket="bucket", Key="k")
    for header, action in ({"ACL": "public-read"}, "PutObjectAcl"), ({"Tagging": "a=b"}, "PutObjectTagging"):
        assert f"s3:{action} on" in enforcing.denied_as(role, "s3", "PutObject", Bucket="bucket", Key="k", **header)


def test_a_subscription_that_runs_a_command_needs_what_a_task_needs(enforcing: EnforcingHarness) -> None:
    topic = enforcing.call("sns", "CreateTopic", Name="t")["TopicArn"]
    role = enforcing.role("r", PEOPLE, allow("sns:*"))
    given = {"TopicArn": topic, "Endpoint": "id"}
    denied = enforcing.denied_as(role, "sns", "Subscribe", Protocol="lamplighter:command", **given)
    assert "is not authorized to perform: ecs:RegisterTaskDefinition" in denied


def test_secrets_of_a_tested_http_task_need_a_permission(enforcing: EnforcingHarness) -> None:
    role = enforcing.role("r", PEOPLE, allow("states:TestState"))
    definition = dumps({"Type": "Pass", "End": True})
    enforcing.check_as(role, "states", "TestState", definition=definition)
    denied = enforcing.denied_as(role, "states", "TestState", definition=definition, revealSecrets=True)
    assert "states:RevealSecrets" in denied


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "NotAction": "sqs:ListQueues", "Resource": "*"},
        {"Effect": "Deny", "Action": "SQS:sendMESSAGE", "Resource": "*"},
        {"Effect": "Deny", "Action": "s?s:Send*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "NotResource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:other"},
        {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:sqs:*:*:${aws:PrincipalTag/none, 'prod'}"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"AWS:principalARN": "*/r"}}},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:SourceVpc": "x"}}},
    ],
)  # fmt: skip
def test_a_deny_holds_however_it_is_written(enforcing: EnforcingHarness, statement: Json) -> None:
    enforcing.call("sqs", "CreateQueue", QueueName="prod")
    role = enforcing.role("r", PEOPLE, allow("*"), statement)
    url = f"http://localhost/{ACCOUNT}/prod"
    enforcing.denied_as(role, "sqs", "SendMessage", QueueUrl=url, MessageBody="x")


def test_the_roles_of_overrides_are_passed_too(enforcing: EnforcingHarness) -> None:
    harmless, admin = enforcing.role("harmless", TASKS), enforcing.role("admin", TASKS, allow("*"))
    container = {"name": "main", "image": "busybox", "memory": 64}
    enforcing.call(
        "ecs", "RegisterTaskDefinition", family="job", taskRoleArn=harmless, containerDefinitions=[container]
    )
    role = enforcing.role("r", STATES, allow("ecs:*"), allow("iam:PassRole", harmless))
    enforcing.check_as(role, "ecs", "RunTask", taskDefinition="job")
    for name in ("taskRoleArn", "executionRoleArn"):
        denied = enforcing.denied_as(role, "ecs", "RunTask", taskDefinition="job", overrides={name: admin})
        assert f"iam:PassRole on resource: {admin}" in denied
