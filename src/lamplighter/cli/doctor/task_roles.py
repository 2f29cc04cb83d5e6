"""Check the roles of a task definition, and what ECS calls before a container runs: pulls, secrets, logs.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.doctor.finding import Finding, bad
from lamplighter.cli.doctor.roles import read_role
from lamplighter.lang.iam_policy.evaluate import IamCall, evaluate_policy
from lamplighter.runs.failures.missing_statement import ECS_TASKS
from lamplighter.runs.tasks.log_stream import log_stream_name

ECR_IMAGE = re.compile(r"([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)")


def check_tasks(about: str, described: Json, iam: Json) -> Iterator[Finding]:
    """Report what prevents a task definition's containers from starting: missing roles, trust or permissions."""
    family = f"{described['family']}:{described['revision']}"
    for title, name in (("execution role", "executionRoleArn"), ("task role", "taskRoleArn")):
        if name in described:
            yield from _check_role(about, f"the {title} of {family}", iam, described[name])
    needed = list(startup_calls(described))
    if not needed:
        return
    if "executionRoleArn" not in described:
        message = f"{family} has no execution role, and needs {', '.join(sorted({call.action for call in needed}))}"
        yield bad(about, message, "set one: executionRoleArn")
        return
    if (role := read_role(iam, described["executionRoleArn"])) is None:
        return
    for call in needed:
        statement = dumps({"Effect": "Allow", "Action": call.action, "Resource": call.resource})
        asks = f"allow {call.action} on {call.resource}"
        if not evaluate_policy(role.statements, call).allowed:
            message = f"{family} cannot start: its execution role does not {asks}"
            yield bad(about, message, f"add to the policy of {described['executionRoleArn']}: {statement}")
        if role.boundary is not None and not evaluate_policy(role.boundary, call).allowed:
            message = f"{family} cannot start: the permissions boundary of its execution role does not {asks}"
            yield bad(about, message, f"let the boundary allow it: {statement}")


def _check_role(about: str, title: str, iam: Json, arn: str) -> Iterator[Finding]:
    role = read_role(iam, arn)
    if role is None:
        message = f"{title}, {arn}, does not exist"
        yield bad(about, message, "create it again, or name another in the task definition")
    elif not role.trusts(ECS_TASKS):
        message = f"ECS was unable to assume the role {arn}: {title} does not trust {ECS_TASKS}"
        yield bad(about, message, f"let its trust policy allow sts:AssumeRole to {ECS_TASKS}")


def startup_calls(described: Json) -> Iterator[IamCall]:
    """Yield the calls that ECS makes for a task definition before its containers run."""
    place = _place_of(described)
    found: dict[tuple[str, str], None] = {}
    for container in described["containerDefinitions"]:
        found |= dict.fromkeys(_pull_calls(container.get("image", ""), place))
        found |= dict.fromkeys(_log_calls(container.get("logConfiguration") or {}, place))
        for secret in container.get("secrets", []):
            found[_secret_call(secret["valueFrom"], place)] = None
    yield from (IamCall(action, resource) for action, resource in found)


@dataclass(frozen=True, slots=True)
class _AccountPlace:
    """The partition, region and account of a task definition."""

    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str, region: str | None = None, account: str | None = None) -> str:
        """Build an ARN there, or in another region or account of the same partition."""
        return f"arn:{self.partition}:{service}:{region or self.region}:{account or self.account}:{resource}"


def _place_of(described: Json) -> _AccountPlace:
    _, partition, _, region, account, *_ = described["taskDefinitionArn"].split(":")
    return _AccountPlace(partition, region, account)


def _pull_calls(image: str, place: _AccountPlace) -> Iterator[tuple[str, str]]:
    found = ECR_IMAGE.match(image)
    if found:
        repository = place.arn("ecr", f"repository/{found[3]}", found[2], found[1])
        yield "ecr:GetAuthorizationToken", "*"
        yield "ecr:BatchGetImage", repository
        yield "ecr:GetDownloadUrlForLayer", repository


def _log_calls(configuration: Mapping[str, Json], place: _AccountPlace) -> Iterator[tuple[str, str]]:
    options = configuration.get("options") or {}
    if configuration.get("logDriver") == "awslogs" and "awslogs-group" in options:
        group = place.arn("logs", f"log-group:{options['awslogs-group']}", options.get("awslogs-region"))
        if options.get("awslogs-create-group") == "true":
            yield "logs:CreateLogGroup", group
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            yield action, f"{group}:log-stream:a-stream"


def log_stream_arn(described: Json) -> str | None:
    """Return the ARN of a possible log stream of the first container, or None if it has no awslogs stream prefix."""
    container = described["containerDefinitions"][0]
    configuration = container.get("logConfiguration") or {}
    options = configuration.get("options") or {}
    if configuration.get("logDriver") != "awslogs" or not {"awslogs-group", "awslogs-stream-prefix"} <= options.keys():
        return None
    name = log_stream_name(options["awslogs-stream-prefix"], container["name"], "0123456789abcdef0123456789abcdef")
    resource = f"log-group:{options['awslogs-group']}:log-stream:{name}"
    return _place_of(described).arn("logs", resource, options.get("awslogs-region"))


def _secret_call(value_from: str, place: _AccountPlace) -> tuple[str, str]:
    if ":secretsmanager:" in value_from:
        return "secretsmanager:GetSecretValue", ":".join(value_from.split(":")[:7])
    parameter = value_from if value_from.startswith("arn:") else place.arn("ssm", f"parameter/{value_from.lstrip('/')}")
    return "ssm:GetParameters", parameter
