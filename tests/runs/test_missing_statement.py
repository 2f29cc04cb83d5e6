"""A denial of IAM, of this engine or of AWS, names the statement that is missing."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runs.failures.missing_statement import missing_statement

USER = "User: arn:aws:sts::123456789012:assumed-role/machine/run is not authorized to perform: "
ARN = "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"
TASK = "arn:aws:ecs:us-east-1:123456789012:task/night/0123"
REVISION = "arn:aws:ecs:us-east-1:123456789012:task-definition/job:7"


@pytest.mark.parametrize(
    ("text", "action", "resource", "condition"),
    [
        (f"iam:PassRole on resource: {ARN} because no identity-based policy allows it", "iam:PassRole",
         ARN, {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}),
        (f"ecs:RunTask on resource: {REVISION} because no", "ecs:RunTask", REVISION.replace(":7", ":*"), None),
        (f"ecs:StopTask on resource: {TASK}", "ecs:StopTask", TASK.replace("0123", "*"), None),
        ("SNS:Publish on resource: arn:aws:sns:us-east-1:123456789012:t because", "sns:Publish",
         "arn:aws:sns:us-east-1:123456789012:t", None),
        ("states:ListStateMachines because no identity-based policy", "states:ListStateMachines", "*", None),
    ],
)  # fmt: skip
def test_the_statement_allows_what_was_denied(text: str, action: str, resource: str, condition: Json) -> None:
    found = missing_statement(f"ECS.AccessDeniedException: {USER}{text}")
    assert found is not None
    assert found.role == "machine"
    expected = {"Effect": "Allow", "Action": action, "Resource": resource}
    assert found.statement == (expected if condition is None else {**expected, "Condition": condition})


@pytest.mark.parametrize(
    "text",
    [
        "exit code 1",
        f"{USER}iam:PassRole on resource: {ARN} with an explicit deny in an identity-based policy",
        f"{USER}iam:PassRole on resource: {ARN} because no permissions boundary allows the iam:PassRole action",
    ],
)
def test_another_failure_lacks_no_statement(text: str) -> None:
    assert missing_statement(text) is None
