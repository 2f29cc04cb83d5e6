"""What ECS needs before a container runs."""

from lamplighter.base.json_text import Json
from lamplighter.cli.doctor.tasks import log_stream_arn, startup_calls

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/report:1"


def described(**container: Json) -> Json:
    return {
        "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/report:1",
        "family": "report",
        "revision": 1,
        "containerDefinitions": [{"name": "main", "image": "public.ecr.aws/x:1", **container}],
    }


def needed(**container: Json) -> list[tuple[str, str]]:
    return [(call.action, call.resource) for call in startup_calls(described(**container))]


def test_a_public_image_that_logs_nowhere_needs_nothing() -> None:
    assert needed() == []
    assert log_stream_arn(described()) is None


def test_a_private_image_has_to_be_pulled_where_it_is() -> None:
    assert needed(image=ECR) == [
        ("ecr:GetAuthorizationToken", "*"),
        ("ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:123456789012:repository/team/report"),
        ("ecr:GetDownloadUrlForLayer", "arn:aws:ecr:eu-west-1:123456789012:repository/team/report"),
    ]


def test_a_log_has_to_be_written_and_perhaps_made() -> None:
    options = {"awslogs-group": "/night", "awslogs-region": "us-west-2", "awslogs-stream-prefix": "job"}
    group = "arn:aws:logs:us-west-2:123456789012:log-group:/night"
    logging = {"logDriver": "awslogs", "options": options}
    assert needed(logConfiguration=logging) == [
        ("logs:CreateLogStream", f"{group}:log-stream:a-stream"),
        ("logs:PutLogEvents", f"{group}:log-stream:a-stream"),
    ]
    made = {"logDriver": "awslogs", "options": {**options, "awslogs-create-group": "true"}}
    assert ("logs:CreateLogGroup", group) in needed(logConfiguration=made)
    assert str(log_stream_arn(described(logConfiguration=logging))).startswith(f"{group}:log-stream:job/main/")
    assert needed(logConfiguration={"logDriver": "json-file"}) == []


def test_secrets_have_to_be_read_where_they_are_held() -> None:
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:reports/db-Ab3xYz"
    parameter = "arn:aws:ssm:eu-west-1:123456789012:parameter/other"
    held = [f"{secret}:password::", secret, "/reports/db", parameter]
    assert needed(secrets=[{"name": "X", "valueFrom": each} for each in held]) == [
        ("secretsmanager:GetSecretValue", secret),
        ("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/reports/db"),
        ("ssm:GetParameters", parameter),
    ]


def test_in_another_partition_everything_is_of_that() -> None:
    there = described(
        image="123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/report:1",
        secrets=[{"name": "X", "valueFrom": "/reports/db"}],
        logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "/night"}},
    )
    there["taskDefinitionArn"] = "arn:aws-cn:ecs:cn-north-1:123456789012:task-definition/report:1"
    resources = {call.resource for call in startup_calls(there)} - {"*"}
    assert len(resources) == 3
    assert all(resource.startswith("arn:aws-cn:") for resource in resources)
