"""The execution role of a task decides about what ECS does for the task: secrets, images of ECR, and logs.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.engine_harness import ACCOUNT, REGION
from tests.fake_runtime import Script
from tests.services.iam.iam_harness import SCHEDULER, TASKS, EnforcingHarness, allow, trust

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
REGISTRY = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
GROUP = "/jobs"
LOGS: Json = {
    "logDriver": "awslogs",
    "options": {"awslogs-group": GROUP, "awslogs-region": REGION, "awslogs-stream-prefix": "x"},
}
STREAMS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}:*"


def run(harness: EnforcingHarness, launch: str = "FARGATE", **container: Json) -> Json:
    """Run a task under the role `execution`, and return its description after its end."""
    harness.call(
        "ecs",
        "RegisterTaskDefinition",
        family="job",
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/execution",
        containerDefinitions=[{"name": "main", "image": "busybox", "command": ["true"], **container}],
    )
    given = {"taskDefinition": "job", "launchType": launch, "networkConfiguration": NETWORK}
    task = harness.call("ecs", "RunTask", **given)["tasks"][0]["taskArn"]
    for _ in range(3):
        harness.settle()
        harness.advance(1000)
    return harness.call("ecs", "DescribeTasks", tasks=[task])["tasks"][0]


def denial(task: Json, action: str, resource: str) -> str:
    """Return AWS's words for what the role of a task may not do."""
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/execution/{task['taskArn'].rpartition('/')[2]}"
    about = f" on resource: {resource}" if resource else ""
    return (
        f"AccessDeniedException: User: {session} is not authorized to perform: {action}{about} because no "
        f"identity-based policy allows the {action} action"
    )


def test_a_task_whose_role_may_not_read_its_secret_does_not_start(enforcing: EnforcingHarness) -> None:
    enforcing.role("execution", TASKS)
    secret = enforcing.call("secretsmanager", "CreateSecret", Name="db", SecretString='{"key": "hidden"}')["ARN"]
    source = [{"name": "DB", "valueFrom": f"{secret}:key::"}]
    failed = run(enforcing, secrets=source)
    assert failed["stoppedReason"] == (
        f"{REGISTRY}unable to retrieve secret from asm: service call has been retried 1 time(s): "
        f"failed to fetch secret {secret}:key:: from secrets manager: "
        f"{denial(failed, 'secretsmanager:GetSecretValue', secret)}"
    )
    enforcing.put_policy("execution", allow("secretsmanager:GetSecretValue", secret))
    assert run(enforcing, secrets=source)["containers"][0]["exitCode"] == 0


@pytest.mark.parametrize("launch", ["FARGATE", "EC2"])
def test_a_task_whose_role_may_not_read_its_parameter_does_not_start(enforcing: EnforcingHarness, launch: str) -> None:
    enforcing.role("execution", TASKS, allow("ssm:GetParameter"))
    enforcing.call("ssm", "PutParameter", Name="/db/url", Value="hidden", Type="SecureString")
    source = [{"name": "DB", "valueFrom": "/db/url"}]
    parameter = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/db/url"
    failed = run(enforcing, launch, secrets=source)
    assert (
        f"{REGISTRY}unable to retrieve secrets from ssm: service call has been retried 1 time(s): "
        f"{denial(failed, 'ssm:GetParameters', parameter)}"
    ) in str(failed)
    enforcing.put_policy("execution", allow("ssm:GetParameters", parameter))
    assert run(enforcing, launch, secrets=source)["containers"][0]["exitCode"] == 0


def test_a_fargate_task_whose_role_may_not_write_logs_does_not_start(enforcing: EnforcingHarness) -> None:
    enforcing.role("execution", TASKS)
    enforcing.call("logs", "CreateLogGroup", logGroupName=GROUP)
    failed = run(enforcing, logConfiguration=LOGS)
    stream = (
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}:log-stream:x/main/{failed['taskArn'].rpartition('/')[2]}"
    )
    why = denial(failed, "logs:CreateLogStream", stream)
    assert failed["stoppedReason"] == (
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
        f"failed to create Cloudwatch log stream: {why} : exit status 1"
    )
    assert run(enforcing, "EC2", logConfiguration=LOGS)["containers"][0]["exitCode"] == 0
    enforcing.put_policy("execution", allow("logs:CreateLogStream", STREAMS))
    assert run(enforcing, logConfiguration=LOGS)["containers"][0]["exitCode"] == 0


def test_a_role_that_may_not_put_log_events_loses_them(
    enforcing: EnforcingHarness, caplog: pytest.LogCaptureFixture
) -> None:
    enforcing.call("logs", "CreateLogGroup", logGroupName=GROUP)
    enforcing.runtime.script(Script(lines=(("stdout", "hello"),)))
    counts = []
    enforcing.role("execution", TASKS)
    for actions in ("logs:CreateLogStream", ["logs:CreateLogStream", "logs:PutLogEvents"]):
        enforcing.put_policy("execution", allow(actions, STREAMS))
        assert run(enforcing, logConfiguration=LOGS)["containers"][0]["exitCode"] == 0
        counts.append(len(enforcing.call("logs", "FilterLogEvents", logGroupName=GROUP)["events"]))
    assert counts == [0, 1]
    assert "is not authorized to perform: logs:PutLogEvents" in caplog.text


def test_only_a_missing_log_group_needs_the_permission_to_create_groups(enforcing: EnforcingHarness) -> None:
    """AmazonECSTaskExecutionRolePolicy lacks it, so a task that should create its group does not start on AWS."""
    enforcing.role("execution", TASKS, allow(["logs:CreateLogStream", "logs:PutLogEvents"]))
    creating = {**LOGS, "options": {**LOGS["options"], "awslogs-create-group": "true"}}
    failed = run(enforcing, logConfiguration=creating)
    assert "failed to create Cloudwatch log group: AccessDenied" in failed["stoppedReason"]
    enforcing.call("logs", "CreateLogGroup", logGroupName=GROUP)
    assert run(enforcing, logConfiguration=creating)["containers"][0]["exitCode"] == 0


def test_an_image_of_the_account_s_registry_needs_the_role(enforcing: EnforcingHarness) -> None:
    enforcing.role("execution", TASKS)
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/job:1"
    failed = run(enforcing, image=image)
    assert failed["stoppedReason"].startswith(
        f"{REGISTRY}unable to retrieve ecr registry auth: service call has been retried 1 time(s): "
        f"{denial(failed, 'ecr:GetAuthorizationToken', '*')}"
    )
    enforcing.put_policy("execution", allow("ecr:GetAuthorizationToken"))
    failed = run(enforcing, image=image)
    repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/job"
    why = denial(failed, "ecr:BatchGetImage", repository).removeprefix("AccessDeniedException: ")
    assert failed["stoppedReason"].startswith("CannotPullContainerError: ")
    assert failed["stoppedReason"].endswith(f"denied: {why}")
    own = allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], repository)
    enforcing.put_policy("execution", allow("ecr:GetAuthorizationToken"), own)
    assert run(enforcing, image=image)["containers"][0]["exitCode"] == 0


def test_an_image_of_the_engine_s_own_registry_needs_the_role_too(enforcing: EnforcingHarness) -> None:
    enforcing.role("execution", TASKS)
    made = enforcing.call("ecr", "CreateRepository", repositoryName="team/job")["repository"]
    assert "ecr:GetAuthorizationToken" in run(enforcing, image=f"{made['repositoryUri']}:1")["stoppedReason"]
    assert run(enforcing, image="elsewhere/team/job:1")["containers"][0]["exitCode"] == 0


def test_aws_s_policy_for_execution_roles_allows_images_and_logs(enforcing: EnforcingHarness) -> None:
    enforcing.role("execution", TASKS)
    policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    enforcing.iam("AttachRolePolicy", RoleName="execution", PolicyArn=policy)
    enforcing.call("logs", "CreateLogGroup", logGroupName=GROUP)
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/job@sha256:{'0' * 64}"
    assert run(enforcing, image=image, logConfiguration=LOGS)["containers"][0]["exitCode"] == 0


def test_a_role_that_ecs_may_no_longer_assume_reads_no_secret(enforcing: EnforcingHarness) -> None:
    enforcing.role("execution", TASKS, allow("ssm:GetParameters"))
    enforcing.call("ssm", "PutParameter", Name="/db/url", Value="hidden", Type="SecureString")
    enforcing.iam("UpdateAssumeRolePolicy", RoleName="execution", PolicyDocument=trust(Service=SCHEDULER))
    failed = run(enforcing, secrets=[{"name": "DB", "valueFrom": "/db/url"}])
    assert "nor the regional one is authorized to assume the provided role" in failed["stoppedReason"]
