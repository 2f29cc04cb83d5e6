"""Check the roles of a task definition, and what ECS calls before a container runs: pulls, secrets, logs.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.doctor.finding import Finding, bad, doubtful
from lamplighter.cli.doctor.roles import read_role
from lamplighter.jobs.iam.policy_evaluation import IamCall, evaluate_policy
from lamplighter.runs.log_stream import log_stream_name

TASKS = "ecs-tasks.amazonaws.com"
PRIVATE = re.compile(r"([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)")


def check_tasks(about: str, described: Json, iam: Json) -> Iterator[Finding]:
    """Report what prevents a task definition's containers from starting: missing roles, trust or permissions."""
    family = f"{described['family']}:{described['revision']}"
    for title, name in (("execution role", "executionRoleArn"), ("task role", "taskRoleArn")):
        if name in described:
            yield from _role(about, f"the {title} of {family}", iam, described[name])
    needed = list(startup_calls(described))
    if not needed:
        return
    if "executionRoleArn" not in described:
        told = f"{family} has no execution role, and needs {', '.join(sorted({call.action for call in needed}))}"
        yield bad(about, told, "set one: executionRoleArn")
        return
    found = read_role(iam, described["executionRoleArn"])
    for call in needed if found is not None else ():
        verdict = evaluate_policy(found.statements, call) if found is not None else None
        if verdict is not None and not verdict.allowed:
            statement = {"Effect": "Allow", "Action": call.action, "Resource": call.resource}
            told = f"{family} cannot start: its execution role does not allow {call.action} on {call.resource}"
            yield bad(about, told, f"add to the policy of {described['executionRoleArn']}: {dumps(statement)}")


def _role(about: str, title: str, iam: Json, arn: str) -> Iterator[Finding]:
    found = read_role(iam, arn)
    if found is None:
        told = f"{title}, {arn}, does not exist"
        yield bad(about, told, "create it again, or name another in the task definition")
    elif not found.trusts(TASKS):
        told = f"ECS was unable to assume the role {arn}: {title} does not trust {TASKS}"
        yield bad(about, told, f"let its trust policy allow sts:AssumeRole to {TASKS}")
    elif found.bounded:
        yield doubtful(about, f"{title} has a permissions boundary, which is not checked")


def startup_calls(described: Json) -> Iterator[IamCall]:
    """Yield the calls that ECS makes for a task definition before its containers run."""
    home = _home(described)
    found: dict[tuple[str, str], None] = {}
    for container in described["containerDefinitions"]:
        found |= dict.fromkeys(_pull(container.get("image", ""), home))
        found |= dict.fromkeys(_log(container.get("logConfiguration") or {}, home))
        for secret in container.get("secrets", []):
            found[_secret(secret["valueFrom"], home)] = None
    yield from (IamCall(action, resource) for action, resource in found)


@dataclass(frozen=True, slots=True)
class _Home:
    """The partition, region and account of a task definition."""

    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str, region: str | None = None, account: str | None = None) -> str:
        """Build an ARN there, or in another region or account of the same partition."""
        return f"arn:{self.partition}:{service}:{region or self.region}:{account or self.account}:{resource}"


def _home(described: Json) -> _Home:
    _, partition, _, region, account, *_ = described["taskDefinitionArn"].split(":")
    return _Home(partition, region, account)


def _pull(image: str, home: _Home) -> Iterator[tuple[str, str]]:
    found = PRIVATE.match(image)
    if found:
        repository = home.arn("ecr", f"repository/{found[3]}", found[2], found[1])
        yield "ecr:GetAuthorizationToken", "*"
        yield "ecr:BatchGetImage", repository
        yield "ecr:GetDownloadUrlForLayer", repository


def _log(configuration: Mapping[str, Json], home: _Home) -> Iterator[tuple[str, str]]:
    options = configuration.get("options") or {}
    if configuration.get("logDriver") == "awslogs" and "awslogs-group" in options:
        group = home.arn("logs", f"log-group:{options['awslogs-group']}", options.get("awslogs-region"))
        if options.get("awslogs-create-group") == "true":
            yield "logs:CreateLogGroup", group
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            yield action, f"{group}:log-stream:a-stream"


def log_stream(described: Json) -> str | None:
    """Return the ARN of a possible log stream of the first container, or None if it has no awslogs stream prefix."""
    container = described["containerDefinitions"][0]
    configuration = container.get("logConfiguration") or {}
    options = configuration.get("options") or {}
    if configuration.get("logDriver") != "awslogs" or not {"awslogs-group", "awslogs-stream-prefix"} <= options.keys():
        return None
    name = log_stream_name(options["awslogs-stream-prefix"], container["name"], "0123456789abcdef0123456789abcdef")
    where = f"log-group:{options['awslogs-group']}:log-stream:{name}"
    return _home(described).arn("logs", where, options.get("awslogs-region"))


def _secret(held: str, home: _Home) -> tuple[str, str]:
    if ":secretsmanager:" in held:
        return "secretsmanager:GetSecretValue", ":".join(held.split(":")[:7])
    parameter = held if held.startswith("arn:") else home.arn("ssm", f"parameter/{held.lstrip('/')}")
    return "ssm:GetParameters", parameter
