"""Calls under roles are decided by the roles' policies, in AWS's words; the article's missing iam:PassRole first."""

import pytest

from lamplighter.base.aws.role_session import RoleSession, Signer
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Caller
from tests.engine_harness import ACCOUNT, REGION
from tests.services.iam.iam_harness import (
    SCHEDULER,
    STATES,
    TASKS,
    EnforcingHarness,
    IamHarness,
    allow,
    document,
    role_arn,
    trust,
)

PASS_ROLE = allow(
    "iam:PassRole", role_arn("ecsTaskExecutionRole"), StringEquals={"iam:PassedToService": "ecs-tasks.amazonaws.com"}
)
RUN_TASK = allow("ecs:RunTask", f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/job:*")
MANAGED_RULE = allow(["events:PutRule", "events:PutTargets", "events:DescribeRule"])
STOP_TASK = allow(["ecs:StopTask", "ecs:DescribeTasks"])


def article_machine(harness: IamHarness, *statements: Json) -> str:
    """Create the article's state machine, whose role has these statements; return its ARN."""
    execution = harness.role("ecsTaskExecutionRole", TASKS)
    harness.call(
        "ecs",
        "RegisterTaskDefinition",
        family="job",
        executionRoleArn=execution,
        containerDefinitions=[{"name": "main", "image": "busybox", "memory": 64, "command": ["true"]}],
    )
    role = harness.role("machine", STATES, MANAGED_RULE, *statements)
    state = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": {"TaskDefinition": "job"}}
    definition = {"StartAt": "Run", "States": {"Run": {**state, "End": True}}}
    answer = harness.call("states", "CreateStateMachine", name="m", definition=dumps(definition), roleArn=role)
    return str(answer["stateMachineArn"])


def outcome(harness: IamHarness, execution: str) -> Json:
    """Let an execution end, and return its description."""
    for _ in range(3):
        harness.settle()
        harness.advance(1000)
    return harness.call("states", "DescribeExecution", executionArn=execution)


def test_a_machine_without_pass_role_fails_in_aws_s_words_and_the_log_has_the_statement(
    enforcing: EnforcingHarness, caplog: pytest.LogCaptureFixture
) -> None:
    machine = article_machine(enforcing, RUN_TASK, STOP_TASK)
    failed = outcome(enforcing, enforcing.start(machine, name="first"))
    assert (failed["status"], failed["error"]) == ("FAILED", "ECS.AccessDeniedException")
    assert failed["cause"].startswith(
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/machine/first is not authorized to perform: iam:PassRole on "
        f"resource: {role_arn('ecsTaskExecutionRole')} because no identity-based policy allows the iam:PassRole action "
        "(Service: AmazonECS; Status Code: 400; Error Code: AccessDeniedException; Request ID: "
    )
    (line,) = [each.message for each in caplog.records if "denied: User" in each.message]
    assert f"add to a policy of the role machine: {dumps(PASS_ROLE)}" in line


def test_the_statement_in_the_log_is_the_one_that_lets_the_machine_succeed(
    enforcing: EnforcingHarness, caplog: pytest.LogCaptureFixture
) -> None:
    machine = article_machine(enforcing)
    for number in range(5):
        caplog.clear()
        ended = outcome(enforcing, enforcing.start(machine, name=f"run-{number}"))
        if ended["status"] == "SUCCEEDED":
            break
        (line,) = [each.message for each in caplog.records if "denied: User" in each.message]
        statement = loads(line.partition("role machine: ")[2])
        enforcing.put_policy("machine", statement, name=f"added-{number}")
    assert (ended["status"], number) == ("SUCCEEDED", 2)


def test_tags_of_the_task_definition_need_a_permission_only_if_there_are_some(enforcing: EnforcingHarness) -> None:
    """The article's machine propagates them, and its task definition has none."""
    article_machine(enforcing, RUN_TASK, PASS_ROLE)
    given = {"taskDefinition": "job", "propagateTags": "TASK_DEFINITION"}
    enforcing.check_as(role_arn("machine"), "ecs", "RunTask", **given)
    definition = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/job:1"
    enforcing.call("ecs", "TagResource", resourceArn=definition, tags=[{"key": "a", "value": "b"}])
    denied = enforcing.denied_as(role_arn("machine"), "ecs", "RunTask", **given)
    assert "is not authorized to perform: ecs:TagResource on resource" in denied


def test_without_enforcement_the_same_machine_succeeds(harness: IamHarness) -> None:
    machine = article_machine(harness)
    assert outcome(harness, harness.start(machine))["status"] == "SUCCEEDED"


def test_a_role_that_does_not_trust_step_functions_runs_nothing(enforcing: EnforcingHarness) -> None:
    machine = article_machine(enforcing, RUN_TASK, PASS_ROLE)
    enforcing.iam("UpdateAssumeRolePolicy", RoleName="machine", PolicyDocument=trust(Service="lambda.amazonaws.com"))
    failed = outcome(enforcing, enforcing.start(machine))
    assert failed["error"] == "ECS.AccessDeniedException"
    assert failed["cause"].startswith("Neither the global service principal states.amazonaws.com, nor the regional one")


def test_a_task_s_role_must_trust_ecs(enforcing: EnforcingHarness) -> None:
    machine = article_machine(enforcing, RUN_TASK, PASS_ROLE)
    changed = trust(Service=STATES)
    enforcing.iam("UpdateAssumeRolePolicy", RoleName="ecsTaskExecutionRole", PolicyDocument=changed)
    failed = outcome(enforcing, enforcing.start(machine))
    assert failed["error"] == "ECS.ClientException"
    assert failed["cause"].startswith("ECS was unable to assume the role")
    statement = {"Effect": "Allow", "Principal": {"Service": TASKS}, "Action": "sts:AssumeRole"}
    condition = {"ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:*"}}
    narrow = document({**statement, "Condition": condition})
    enforcing.iam("UpdateAssumeRolePolicy", RoleName="ecsTaskExecutionRole", PolicyDocument=narrow)
    assert outcome(enforcing, enforcing.start(machine))["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ({**allow("iam:*"), "Effect": "Deny"}, "with an explicit deny in an identity-based policy"),
        (None, "because no permissions boundary allows the iam:PassRole action"),
    ],
)
def test_a_denial_names_the_kind_of_policy(enforcing: EnforcingHarness, statement: Json, reason: str) -> None:
    machine = article_machine(enforcing, RUN_TASK, PASS_ROLE)
    if statement is not None:
        enforcing.put_policy("machine", statement, name="deny")
    else:
        bound = enforcing.iam("CreatePolicy", PolicyName="bound", PolicyDocument=document(allow("ecs:*")))
        enforcing.iam("PutRolePermissionsBoundary", RoleName="machine", PermissionsBoundary=bound["Policy"]["Arn"])
    assert reason in outcome(enforcing, enforcing.start(machine))["cause"]


def test_a_change_of_a_policy_holds_for_the_next_call(enforcing: EnforcingHarness) -> None:
    machine = article_machine(enforcing, RUN_TASK)
    assert outcome(enforcing, enforcing.start(machine))["status"] == "FAILED"
    enforcing.put_policy("machine", RUN_TASK, PASS_ROLE)
    assert outcome(enforcing, enforcing.start(machine))["status"] == "SUCCEEDED"
    enforcing.put_policy("machine", RUN_TASK)
    enforcing.restart()
    assert outcome(enforcing, enforcing.start(machine))["status"] == "FAILED"


@pytest.mark.parametrize("allowed", [True, False])
def test_a_schedule_starts_its_target_under_its_own_role(enforcing: EnforcingHarness, allowed: bool) -> None:
    machine = article_machine(enforcing, RUN_TASK, PASS_ROLE)
    role = enforcing.role("schedule", SCHEDULER, *([allow("states:StartExecution", machine)] if allowed else []))
    enforcing.call(
        "scheduler",
        "CreateSchedule",
        Name="s",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": role},
    )
    enforcing.advance(3_600_000)
    found = enforcing.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
    assert bool(found) is allowed


@pytest.mark.parametrize("allowed", [True, False])
def test_a_schedule_puts_what_it_gives_up_into_its_queue_under_the_role_of_its_target(
    enforcing: EnforcingHarness, allowed: bool
) -> None:
    machine = article_machine(enforcing, RUN_TASK, PASS_ROLE)
    role = enforcing.role("schedule", SCHEDULER, *([allow("sqs:SendMessage")] if allowed else []))
    url = enforcing.call("sqs", "CreateQueue", QueueName="lost")["QueueUrl"]
    queue = {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:lost"}
    given: Json = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    target = {"Arn": machine, "RoleArn": role, "DeadLetterConfig": queue}
    enforcing.call("scheduler", "CreateSchedule", Name="s", **given, Target=target)
    enforcing.advance(3_600_000)
    assert ("Messages" in enforcing.call("sqs", "ReceiveMessage", QueueUrl=url)) is allowed


@pytest.mark.parametrize("allowed", [True, False])
def test_a_rule_puts_what_it_gives_up_into_its_queue_if_the_queue_s_policy_allows_it(
    enforcing: EnforcingHarness, allowed: bool
) -> None:
    machine = article_machine(enforcing, RUN_TASK, PASS_ROLE)
    role = enforcing.role("rule", "events.amazonaws.com", allow("sqs:SendMessage"))
    statement = {**allow("sqs:SendMessage"), "Principal": {"Service": "events.amazonaws.com"}}
    policy = {"Policy": document(statement)} if allowed else {}
    url = enforcing.call("sqs", "CreateQueue", QueueName="lost", Attributes=policy)["QueueUrl"]
    queue = {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:lost"}
    enforcing.call("events", "PutRule", Name="r", EventPattern=dumps({"source": ["mine"]}))
    targets = [{"Id": "m", "Arn": machine, "RoleArn": role, "DeadLetterConfig": queue}]
    enforcing.call("events", "PutTargets", Rule="r", Targets=targets)
    enforcing.call("events", "PutEvents", Entries=[{"Source": "mine", "DetailType": "x", "Detail": "{}"}])
    enforcing.settle()
    assert ("Messages" in enforcing.call("sqs", "ReceiveMessage", QueueUrl=url)) is allowed


def test_a_rule_starts_its_target_under_the_target_s_role(enforcing: EnforcingHarness) -> None:
    machine = article_machine(enforcing, RUN_TASK, PASS_ROLE)
    role = enforcing.role("rule", "events.amazonaws.com")
    enforcing.call("events", "PutRule", Name="r", EventPattern=dumps({"source": ["mine"]}))
    enforcing.call("events", "PutTargets", Rule="r", Targets=[{"Id": "m", "Arn": machine, "RoleArn": role}])
    event = {"Source": "mine", "DetailType": "x", "Detail": "{}"}
    counts = []
    for statement in (allow("sns:Publish"), allow("states:StartExecution", machine)):
        enforcing.put_policy("rule", statement)
        enforcing.call("events", "PutEvents", Entries=[event])
        enforcing.settle()
        counts.append(len(enforcing.call("states", "ListExecutions", stateMachineArn=machine)["executions"]))
    assert counts == [0, 1]


def test_a_trust_policy_may_require_the_state_machine(enforcing: EnforcingHarness) -> None:
    machine = article_machine(enforcing, RUN_TASK, PASS_ROLE)
    for source, status in ((machine, "SUCCEEDED"), (f"{machine}-other", "FAILED")):
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": STATES},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnLike": {"aws:SourceArn": source}, "StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
        enforcing.iam("UpdateAssumeRolePolicy", RoleName="machine", PolicyDocument=document(statement))
        assert outcome(enforcing, enforcing.start(machine))["status"] == status


def test_the_role_of_a_state_s_credentials_makes_its_call(enforcing: EnforcingHarness) -> None:
    topic = enforcing.call("sns", "CreateTopic", Name="t")["TopicArn"]
    own = enforcing.role("own", STATES, allow("sts:AssumeRole", role_arn("other")))
    other = enforcing.iam("CreateRole", RoleName="other", AssumeRolePolicyDocument=trust(AWS=own))["Role"]["Arn"]
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": topic, "Message": "x"},
        "Credentials": {"RoleArn": other},
        "End": True,
    }
    definition = dumps({"StartAt": "A", "States": {"A": state}})
    machine = enforcing.call("states", "CreateStateMachine", name="m", definition=definition, roleArn=own)
    causes = []
    for statement in (None, allow("sns:Publish", topic)):
        if statement is not None:
            enforcing.put_policy("other", statement)
        ended = outcome(enforcing, enforcing.start(machine["stateMachineArn"]))
        causes.append((ended["status"], ended.get("cause", "")[:150]))
    assert causes[0][0] == "FAILED"
    assert "assumed-role/other/" in causes[0][1]
    assert "SNS:Publish" in causes[0][1]
    assert causes[1] == ("SUCCEEDED", "")


def test_a_rule_s_topic_and_a_topic_s_queue_need_policies_that_allow_it(
    enforcing: EnforcingHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """The statements of the log are those that let the event through to the queue."""
    topic = enforcing.call("sns", "CreateTopic", Name="t")["TopicArn"]
    queue = enforcing.call("sqs", "CreateQueue", QueueName="q")["QueueUrl"]
    enforcing.call("sns", "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:q")
    enforcing.call("events", "PutRule", Name="r", EventPattern=dumps({"source": ["mine"]}))
    enforcing.call("events", "PutTargets", Rule="r", Targets=[{"Id": "t", "Arn": topic}])

    def put_event() -> Json:
        """Put an event, and return the statement that the log names."""
        caplog.clear()
        enforcing.call("events", "PutEvents", Entries=[{"Source": "mine", "DetailType": "x", "Detail": "{}"}])
        enforcing.settle()
        found = [each.message for each in caplog.records if "add to the policy of" in each.message]
        return loads("{" + found[0].partition(": {")[2]) if found else None

    statement = put_event()
    assert (statement["Principal"], statement["Action"]) == ({"Service": "events.amazonaws.com"}, "sns:Publish")
    given = {"AttributeName": "Policy", "AttributeValue": document(statement)}
    enforcing.call("sns", "SetTopicAttributes", TopicArn=topic, **given)
    statement = put_event()
    assert (statement["Principal"], statement["Action"]) == ({"Service": "sns.amazonaws.com"}, "sqs:SendMessage")
    enforcing.call("sqs", "SetQueueAttributes", QueueUrl=queue, Attributes={"Policy": document(statement)})
    assert put_event() is None
    assert len(enforcing.call("sqs", "ReceiveMessage", QueueUrl=queue)["Messages"]) == 1


def test_a_queue_s_policy_lets_a_role_of_its_account_send(enforcing: EnforcingHarness) -> None:
    queue = enforcing.call("sqs", "CreateQueue", QueueName="q")["QueueUrl"]
    role = enforcing.role("machine", STATES)
    state = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
    state["Parameters"] = {"QueueUrl": queue, "MessageBody": "x"}
    definition = dumps({"StartAt": "A", "States": {"A": state}})
    machine = enforcing.call("states", "CreateStateMachine", name="m", definition=definition, roleArn=role)
    assert outcome(enforcing, enforcing.start(machine["stateMachineArn"]))["status"] == "FAILED"
    statement = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "sqs:SendMessage"}
    policy = document({**statement, "Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"})
    enforcing.call("sqs", "SetQueueAttributes", QueueUrl=queue, Attributes={"Policy": policy})
    assert outcome(enforcing, enforcing.start(machine["stateMachineArn"]))["status"] == "SUCCEEDED"


def test_a_machine_whose_role_cannot_be_used_is_not_created(enforcing: EnforcingHarness) -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": {"TaskDefinition": "x"}}
    definition = dumps({"StartAt": "A", "States": {"A": {**state, "End": True}}})
    given = {"name": "m", "definition": definition}

    def error_with(role: str) -> tuple[str, str]:
        return enforcing.expect_error("CreateStateMachine", "states", **given, roleArn=role)

    code, message = error_with(enforcing.role("untrusted", SCHEDULER))
    assert code == "AccessDeniedException"
    assert message.startswith("Neither the global service principal states.amazonaws.com, nor the regional one")
    role = enforcing.role("powerless", STATES)
    assert error_with(role) == ("AccessDeniedException", f"'{role}' is not authorized to create managed-rule.")
    assert "does not exist" in error_with(role_arn("missing"))[1]
    enforcing.put_policy("powerless", MANAGED_RULE)
    enforcing.call("states", "CreateStateMachine", **given, roleArn=role)


def test_a_schedule_whose_role_does_not_trust_scheduler_is_not_created(enforcing: EnforcingHarness) -> None:
    given = {"Name": "s", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    topic = enforcing.call("sns", "CreateTopic", Name="t")["TopicArn"]
    target = {"Arn": topic, "RoleArn": enforcing.role("states", STATES)}
    assert enforcing.expect_error("CreateSchedule", "scheduler", **given, Target=target) == (
        "ValidationException",
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    )
    enforcing.call("scheduler", "CreateSchedule", **given, Target={**target, "RoleArn": enforcing.role("s", SCHEDULER)})


def test_a_tested_state_calls_under_the_role_of_the_request(enforcing: EnforcingHarness) -> None:
    topic = enforcing.call("sns", "CreateTopic", Name="t")["TopicArn"]
    state = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": True}
    definition = dumps({**state, "Parameters": {"TopicArn": topic, "Message": "x"}})
    role = enforcing.role("tester", STATES)
    for statement, status in ((None, "FAILED"), (allow("sns:Publish", topic), "SUCCEEDED")):
        if statement is not None:
            enforcing.put_policy("tester", statement)
        assert enforcing.call("states", "TestState", definition=definition, roleArn=role)["status"] == status


@pytest.mark.parametrize("key", ["items", "other"])
def test_a_map_reads_its_items_under_the_role_of_the_machine(enforcing: EnforcingHarness, key: str) -> None:
    """A role that may not read an object cannot read it as the items of a Map either."""
    enforcing.call("s3", "CreateBucket", Bucket="bucket")
    enforcing.call("s3", "PutObject", Bucket="bucket", Key=key, Body=b"[1, 2]")
    allowed = [allow("s3:GetObject", "arn:aws:s3:::bucket/items"), allow(["states:StartExecution", "s3:PutObject"])]
    role = enforcing.role("machine", STATES, *allowed)
    passing = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    reader = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"}}
    state = {
        "Type": "Map",
        "ItemReader": {**reader, "Parameters": {"Bucket": "bucket", "Key": key}},
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **passing},
        "End": True,
    }
    definition = dumps({"StartAt": "A", "States": {"A": state}})
    machine = enforcing.call("states", "CreateStateMachine", name="m", definition=definition, roleArn=role)
    ended = outcome(enforcing, enforcing.start(machine["stateMachineArn"]))
    if key == "items":
        assert ended["status"] == "SUCCEEDED", ended
    else:
        assert ended["error"] == "States.ItemReaderFailed"
        assert "is not authorized to perform: s3:GetObject on resource" in ended["cause"]


@pytest.mark.parametrize("allowed", [True, False])
def test_a_tested_state_without_a_role_calls_under_the_session_that_tests_it(
    enforcing: EnforcingHarness, allowed: bool
) -> None:
    """A session that may test states cannot make any other call with them."""
    topic = enforcing.call("sns", "CreateTopic", Name="t")["TopicArn"]
    statements = [allow("states:TestState"), *([allow("sns:Publish", topic)] if allowed else [])]
    role = enforcing.role("tester", "ec2.amazonaws.com", *statements)
    parameters = {"TopicArn": topic, "Message": "x"}
    state = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": parameters, "End": True}
    caller = Caller(ACCOUNT, REGION, signer=Signer("AKIA", session=RoleSession(role, "s"), is_temporary=True))
    tested = enforcing.run(enforcing.engine.call(caller, "states", "TestState", {"definition": dumps(state)}))
    assert tested["status"] == ("SUCCEEDED" if allowed else "FAILED"), tested


LARGE = [allow("sns:Publish", f"arn:aws:sns:us-east-1:123456789012:{'t' * 100}{at}") for at in range(100)]
"""Statements with more characters than IAM allows."""


def test_the_size_of_inline_policies_is_limited_if_iam_is_enforced(enforcing: EnforcingHarness) -> None:
    enforcing.role("large", STATES)
    refused = enforcing.expect_error("PutRolePolicy", RoleName="large", PolicyName="p", PolicyDocument=document(*LARGE))
    assert refused == ("LimitExceededException", "Maximum policy size of 10240 bytes exceeded for role large")


def test_a_stack_that_ran_before_does_not_fail_by_a_role_that_has_no_effect(harness: IamHarness) -> None:
    assert harness.role("large", STATES, *LARGE)
