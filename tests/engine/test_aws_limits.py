"""With AWS's limits, the engine refuses what an AWS account refuses; without them, it accepts what it has room for.

The quotas are those of a new account: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html,
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller
from lamplighter.store.db import Tx
from tests.engine_harness import ACCOUNT, CALLER, REGION, ROLE, SECOND, job
from tests.fake_runtime import Script
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue
from tests.services.ecs.ecs_harness import FARGATE, RUN_TASK
from tests.services.iam.iam_harness import STATES, allow, document, trust

THROTTLED = ("ThrottlingException", "Rate exceeded")
PARAMETERS = {"TaskDefinition": "night", "LaunchType": "FARGATE"} | {
    "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"]}}
}
PATTERN = dumps({"source": ["app"]})


class LimitedHarness(CloudFormationHarness):
    """An engine with AWS's limits."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.config = replace(self.config, aws_limits=True)

    def error(self, service: str, operation: str, **params: Json) -> tuple[str, str]:
        """Call an operation that must fail; return the error's code and message."""
        with pytest.raises(AwsError) as error:
            self.call(service, operation, **params)
        return error.value.code, error.value.message

    def run_tasks(self, count: int) -> None:
        """Call RunTask this many times at the same moment."""
        for _ in range(count):
            self.call("ecs", "RunTask", **RUN_TASK)

    def define_fargate_task(self) -> None:
        self.call("ecs", "CreateCluster")
        self.call("ecs", "RegisterTaskDefinition", **FARGATE)


class UnlimitedHarness(LimitedHarness):
    """An engine as `up` starts it by default."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.config = replace(self.config, aws_limits=False)


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[LimitedHarness]:
    with LimitedHarness.running(tmp_path / "data") as harness:
        yield harness


@pytest.fixture
def unlimited(tmp_path: Path) -> Iterator[UnlimitedHarness]:
    with UnlimitedHarness.running(tmp_path / "data") as harness:
        yield harness


# --- RunTask ----------------------------------------------------------------------------------------------------------


def test_run_task_on_fargate_is_accepted_twenty_times_a_second(limited: LimitedHarness) -> None:
    limited.define_fargate_task()
    limited.run_tasks(20)
    assert limited.error("ecs", "RunTask", **RUN_TASK) == THROTTLED
    limited.advance(49)
    assert limited.error("ecs", "RunTask", **RUN_TASK) == THROTTLED
    limited.advance(1)
    limited.run_tasks(1)
    assert limited.error("ecs", "RunTask", **RUN_TASK) == THROTTLED
    limited.advance(10 * SECOND)
    limited.run_tasks(20)
    assert limited.error("ecs", "RunTask", **RUN_TASK) == THROTTLED


def test_each_region_has_a_bucket_of_its_own_and_a_restart_fills_it(limited: LimitedHarness) -> None:
    limited.define_fargate_task()
    limited.run_tasks(20)
    other = Caller(ACCOUNT, "eu-west-1")
    for operation, params in (("CreateCluster", {}), ("RegisterTaskDefinition", FARGATE), ("RunTask", RUN_TASK)):
        limited.run(limited.engine.call(other, "ecs", operation, dict(params)))
    limited.restart()
    limited.run_tasks(20)


def test_a_refused_call_and_one_on_a_container_instance_take_no_token(limited: LimitedHarness) -> None:
    limited.define_task()
    limited.define_fargate_task()
    for _ in range(25):
        limited.call("ecs", "RunTask", taskDefinition="job")
        wrong = RUN_TASK | {"networkConfiguration": {"awsvpcConfiguration": {"subnets": []}}}
        assert limited.error("ecs", "RunTask", **wrong)[0] == "InvalidParameterException"
    limited.run_tasks(20)


def test_a_call_that_is_undone_gives_its_token_back(limited: LimitedHarness) -> None:
    limited.define_fargate_task()

    def call_and_fail(tx: Tx) -> None:
        with suppress(ZeroDivisionError), tx.nested():
            for _ in range(20):
                limited.engine.bus.invoke(tx, CALLER, "ecs", "RunTask", RUN_TASK)
            raise ZeroDivisionError

    async def write() -> None:
        await limited.engine.store.write(call_and_fail)

    limited.run(write())
    limited.run_tasks(20)


def test_without_the_limits_all_tasks_start_at_once(unlimited: UnlimitedHarness) -> None:
    unlimited.define_fargate_task()
    unlimited.run_tasks(50)


def test_step_functions_reports_a_throttled_task_as_on_aws(limited: LimitedHarness) -> None:
    """The SDK of Step Functions has no class for this error: "com.amazonaws.services.ecs.model.AmazonECSException: Rate
    exceeded (Service: AmazonECS; Status Code: 400; Error Code: ThrottlingException; …)". See
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html.
    """
    limited.define_fargate_task()
    machine = limited.machine({"StartAt": "A", "States": {"A": job(Parameters=PARAMETERS) | {"End": True}}})
    limited.run_tasks(20)
    found = limited.describe(limited.start(machine))
    assert (found["status"], found["error"]) == ("FAILED", "ECS.AmazonECSException")
    cause = "Rate exceeded (Service: AmazonECS; Status Code: 400; Error Code: ThrottlingException; Request ID: "
    assert found["cause"].startswith(cause)


def test_a_state_that_retries_throttling_starts_its_task_later(limited: LimitedHarness) -> None:
    limited.define_fargate_task()
    retry = [{"ErrorEquals": ["ECS.AmazonECSException"], "IntervalSeconds": 1}]
    state = job(Parameters=PARAMETERS, Retry=retry) | {"End": True}
    machine = limited.machine({"StartAt": "A", "States": {"A": state}})
    executions = [limited.start(machine) for _ in range(30)]
    limited.settle()
    assert len([each for each in executions if "TaskFailed" in limited.types(each)]) == 10
    limited.advance(SECOND)
    limited.advance(60 * SECOND)
    limited.finish_containers(0)
    assert {limited.status(each) for each in executions} == {"SUCCEEDED"}


def test_a_throttled_target_of_a_rule_is_tried_again(limited: LimitedHarness) -> None:
    limited.runtime.script(Script(after=None))
    limited.define_fargate_task()
    limited.call("events", "PutRule", Name="start", EventPattern=PATTERN)
    definition = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/night"
    target = {"TaskDefinitionArn": definition, "LaunchType": "FARGATE", "NetworkConfiguration": {
        "awsvpcConfiguration": {"Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"]}
    }}  # fmt: skip
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"
    targets = [{"Id": "1", "Arn": cluster, "RoleArn": ROLE, "EcsParameters": target}]
    limited.call("events", "PutTargets", Rule="start", Targets=targets)
    limited.run_tasks(20)
    limited.call("events", "PutEvents", Entries=[{"Source": "app", "DetailType": "d", "Detail": "{}"}])
    limited.settle()
    assert len(limited.call("ecs", "ListTasks")["taskArns"]) == 20
    limited.advance(600 * SECOND)
    assert len(limited.call("ecs", "ListTasks")["taskArns"]) == 21


# --- the quotas that a stack meets ------------------------------------------------------------------------------------


def large_body() -> str:
    """Return a template of more than 51,200 bytes, and of fewer characters."""
    return dumps({"Description": "é", "Metadata": {"a": "é" * 25_600}, "Resources": {"Q": queue()}})


def test_a_request_contains_a_template_of_at_most_51200_bytes(limited: LimitedHarness) -> None:
    text = large_body()
    assert len(text) < 51_200 < len(text.encode())
    refused = (
        f"1 validation error detected: Value '{text}' at 'templateBody' failed to satisfy constraint: Member must have "
        "length less than or equal to 51200"
    )
    limited.create(body(Q=queue()), "old")
    change_set = {"StackName": "s", "ChangeSetName": "c", "ChangeSetType": "CREATE"}
    for operation, params in (
        *(("CreateStack", {"StackName": "s"}), ("CreateChangeSet", change_set), ("ValidateTemplate", {})),
        *(("GetTemplateSummary", {}), ("UpdateStack", {"StackName": "old"})),
    ):
        given: Json = {**params, "TemplateBody": text}
        assert limited.error("cloudformation", operation, **given) == ("ValidationError", refused)


def test_a_larger_template_comes_from_a_bucket(limited: LimitedHarness) -> None:
    limited.call("s3", "CreateBucket", Bucket="templates")
    limited.call("s3", "PutObject", Bucket="templates", Key="t.json", Body=large_body().encode())
    url = "https://templates.s3.amazonaws.com/t.json"
    limited.cloudformation("CreateStack", StackName="stack", TemplateURL=url)
    limited.settle()
    assert limited.state() == "CREATE_COMPLETE"


def job_file_template(own: Json) -> str:
    """Return a template with more resources than AWS allows, and with lamplighter's metadata."""
    resources = {f"Q{at}": queue() for at in range(501)}
    return dumps({"Metadata": {"Lamplighter": own}, "Resources": resources})


def test_the_template_that_is_made_of_a_job_file_for_aws_has_aws_s_limits(limited: LimitedHarness) -> None:
    text = job_file_template({"Project": "p"})
    message = "Template format error: Number of resources, 501, is greater than maximum allowed, 500"
    for operation, params in (
        ("CreateStack", {"StackName": "s"}),
        ("ValidateTemplate", {}),
        ("GetTemplateSummary", {}),
    ):
        given: Json = {**params, "TemplateBody": text}
        assert limited.error("cloudformation", operation, **given) == ("ValidationError", message)


def test_the_stack_that_up_makes_of_a_job_file_has_no_limits(limited: LimitedHarness) -> None:
    own = {"Platform": "here", "a": "x" * 51_200}
    limited.create(job_file_template(own))
    assert limited.state() == "CREATE_COMPLETE"


def test_a_nested_stack_has_the_limits_too(limited: LimitedHarness) -> None:
    limited.call("s3", "CreateBucket", Bucket="templates")
    child = job_file_template({"Project": "p"}).encode()
    limited.call("s3", "PutObject", Bucket="templates", Key="child.json", Body=child)
    properties = {"TemplateURL": "https://templates.s3.amazonaws.com/child.json"}
    limited.create(body(Child={"Type": "AWS::CloudFormation::Stack", "Properties": properties}))
    assert limited.state() == "ROLLBACK_COMPLETE"
    assert any("Number of resources, 501" in each for each in limited.reasons())


def test_a_bus_has_300_rules_and_a_stack_with_one_more_is_rolled_back(limited: LimitedHarness) -> None:
    for at in range(300):
        limited.call("events", "PutRule", Name=f"r{at}", EventPattern=PATTERN)
    limited.call("events", "PutRule", Name="r7", EventPattern=PATTERN, Description="changed")
    message = "The requested resource exceeds the maximum number allowed."
    assert limited.error("events", "PutRule", Name="r300", EventPattern=PATTERN) == ("LimitExceededException", message)
    limited.call("events", "CreateEventBus", Name="own")
    limited.call("events", "PutRule", Name="r300", EventPattern=PATTERN, EventBusName="own")
    limited.create(body(R={"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["app"]}}}))
    assert limited.state() == "ROLLBACK_COMPLETE"
    assert any(message in each and "ServiceLimitExceeded" in each for each in limited.reasons())


def test_some_regions_have_a_hundred_rules_for_a_bus(limited: LimitedHarness) -> None:
    caller = Caller(ACCOUNT, "eu-south-1")

    def put_rule(name: str) -> None:
        params = {"Name": name, "EventPattern": PATTERN}
        limited.run(limited.engine.call(caller, "events", "PutRule", params))

    for at in range(100):
        put_rule(f"r{at}")
    with pytest.raises(AwsError, match="exceeds the maximum number"):
        put_rule("more")


def test_a_pattern_has_2048_characters(limited: LimitedHarness) -> None:
    longest = dumps({"source": ["x" * (2_048 - len('{"source":[""]}'))]})
    limited.call("events", "PutRule", Name="r", EventPattern=longest)
    error = limited.error("events", "PutRule", Name="r", EventPattern=longest.replace("x", "xx", 1))
    assert error[0] == "LimitExceededException"


def fill_roles(harness: LimitedHarness, most: int) -> None:
    for at in range(most):
        harness.call("iam", "CreateRole", RoleName=f"r{at}", AssumeRolePolicyDocument=trust(Service=STATES))


def test_an_account_has_a_thousand_roles(limited: LimitedHarness) -> None:
    fill_roles(limited, 1000)
    refused = ("LimitExceededException", "Cannot exceed quota for RolesPerAccount: 1000")
    given = {"RoleName": "more", "AssumeRolePolicyDocument": trust(Service=STATES)}
    assert limited.error("iam", "CreateRole", **given) == refused
    limited.call("iam", "DeleteRole", RoleName="r0")
    limited.call("iam", "CreateRole", **given)


def test_the_inline_policies_of_a_role_have_10240_characters_together(limited: LimitedHarness) -> None:
    fill_roles(limited, 1)
    text = document(allow("s3:GetObject", [f"arn:aws:s3:::b/{'x' * 100}{at}" for at in range(45)]))
    limited.call("iam", "PutRolePolicy", RoleName="r0", PolicyName="a", PolicyDocument=text)
    given = {"RoleName": "r0", "PolicyName": "b", "PolicyDocument": text}
    refused = ("LimitExceededException", "Maximum policy size of 10240 bytes exceeded for role r0")
    assert limited.error("iam", "PutRolePolicy", **given) == refused


@pytest.mark.parametrize(
    ("fill", "service", "operation", "params"),
    [
        (lambda _harness: None, "cloudformation", "ValidateTemplate", {"TemplateBody": large_body()}),
        (
            lambda _harness: None,
            "cloudformation",
            "ValidateTemplate",
            {"TemplateBody": job_file_template({"Project": "p"})},
        ),
        (
            lambda harness: [
                harness.call("events", "PutRule", Name=f"r{at}", EventPattern=PATTERN) for at in range(300)
            ],
            "events",
            "PutRule",
            {"Name": "more", "EventPattern": PATTERN},
        ),
        (
            lambda harness: fill_roles(harness, 1000),
            "iam",
            "CreateRole",
            {"RoleName": "more", "AssumeRolePolicyDocument": trust(Service=STATES)},
        ),
    ],
    ids=["template", "resources", "rules", "roles"],
)
def test_without_the_limits_none_of_these_quotas_holds(
    unlimited: UnlimitedHarness, fill: Callable[[LimitedHarness], object], service: str, operation: str, params: Json
) -> None:
    fill(unlimited)
    unlimited.call(service, operation, **params)
