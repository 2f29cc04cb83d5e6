"""The permissions that ECS needs before a container starts."""

from lamplighter.base.json_text import Json
from lamplighter.cli.doctor.task_roles import log_stream_arn, startup_calls

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/report:1"


def describe_task_definition(**container: Json) -> Json:
    return {
        "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/report:1",
        "family": "report",
        "revision": 1,
        "containerDefinitions": [{"name": "main", "image": "public.ecr.aws/x:1", **container}],
    }


def list_needed(**container: Json) -> list[tuple[str, str]]:
    return [(call.action, call.resource) for call in startup_calls(describe_task_definition(**container))]


def test_a_public_image_without_awslogs_needs_no_permission() -> None:
    assert list_needed() == []
    assert log_stream_arn(describe_task_definition()) is None


def test_a_private_image_needs_pull_permissions_in_its_own_registry() -> None:
    assert list_needed(image=ECR) == [
        ("ecr:GetAuthorizationToken", "*"),
        ("ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:123456789012:repository/team/report"),
        ("ecr:GetDownloadUrlForLayer", "arn:aws:ecr:eu-west-1:123456789012:repository/team/report"),
    ]


def test_a_log_needs_write_permissions_and_create_permission_if_its_group_may_be_created() -> None:
    options = {"awslogs-group": "/night", "awslogs-region": "us-west-2", "awslogs-stream-prefix": "job"}
    group = "arn:aws:logs:us-west-2:123456789012:log-group:/night"
    logging = {"logDriver": "awslogs", "options": options}
    assert list_needed(logConfiguration=logging) == [
        ("logs:CreateLogStream", f"{group}:log-stream:a-stream"),
        ("logs:PutLogEvents", f"{group}:log-stream:a-stream"),
    ]
    with_create_group = {"logDriver": "awslogs", "options": {**options, "awslogs-create-group": "true"}}
    assert ("logs:CreateLogGroup", group) in list_needed(logConfiguration=with_create_group)
    assert str(log_stream_arn(describe_task_definition(logConfiguration=logging))).startswith(
        f"{group}:log-stream:job/main/"
    )
    assert list_needed(logConfiguration={"logDriver": "json-file"}) == []


def test_secrets_need_read_permissions_where_they_are_stored() -> None:
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:reports/db-Ab3xYz"
    parameter = "arn:aws:ssm:eu-west-1:123456789012:parameter/other"
    references = [f"{secret}:password::", secret, "/reports/db", parameter]
    assert list_needed(secrets=[{"name": "X", "valueFrom": each} for each in references]) == [
        ("secretsmanager:GetSecretValue", secret),
        ("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/reports/db"),
        ("ssm:GetParameters", parameter),
    ]


def test_arns_have_the_partition_of_the_task_definition() -> None:
    definition = describe_task_definition(
        image="123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/report:1",
        secrets=[{"name": "X", "valueFrom": "/reports/db"}],
        logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "/night"}},
    )
    definition["taskDefinitionArn"] = "arn:aws-cn:ecs:cn-north-1:123456789012:task-definition/report:1"
    resources = {call.resource for call in startup_calls(definition)} - {"*"}
    assert len(resources) == 3
    assert all(resource.startswith("arn:aws-cn:") for resource in resources)
