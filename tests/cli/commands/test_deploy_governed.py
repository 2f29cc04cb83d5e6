"""A governed account lets a deployment in whose job file says what the account requires, and no other.

The engine plays AWS and enforces IAM; the deployer's own role denies what a service control policy would deny. See
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_tagging.html.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.cli.aws_account import run_command
from tests.command_process import CommandResult
from tests.served_engine import ACCOUNT, REGION, ServedEngine

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/developers"
CREATES = [
    *("cloudformation:CreateChangeSet", "cloudwatch:PutMetricAlarm", "ecs:CreateCluster", "ecs:RegisterTaskDefinition"),
    *("events:PutRule", "iam:CreateRole", "logs:CreateLogGroup", "scheduler:CreateScheduleGroup", "sns:CreateTopic"),
    *("sqs:CreateQueue", "states:CreateStateMachine"),
]
ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NO_ROLE_WITHOUT_BOUNDARY = {
    "Effect": "Deny",
    "Action": ["iam:CreateRole", "iam:PutRolePermissionsBoundary"],
    "Resource": "*",
    "Condition": {"StringNotEquals": {"iam:PermissionsBoundary": BOUNDARY}},
}
NO_ROLE_ELSEWHERE = {
    "Effect": "Deny",
    "Action": "iam:CreateRole",
    "NotResource": f"arn:aws:iam::{ACCOUNT}:role/jobs/*",
}
NOTHING_WITHOUT_TAG = {
    "Effect": "Deny",
    "Action": CREATES,
    "Resource": "*",
    "Condition": {"Null": {"aws:RequestTag/team": "true"}},
}
REQUIRED: Mapping[str, Json] = {"boundary": "developers", "role-path": "/jobs/", "tags": {"team": "data"}}
JOBS = """
channels: {ops: {email: ops@example.com}, chat: {sqs: 'arn:aws:sqs:us-east-1:123456789012:chat'}}
jobs:
  nightly:
    {image: busybox, timeout: 1h, schedule: rate(1 day), enabled: false, network: {subnets: [subnet-0a1b2c3d]},
     late: 30m, notify: {run-failed: [ops, chat], late: ops}}
"""


@pytest.fixture
def governed(tmp_path: Path, own_port: int) -> Iterator[ServedEngine]:
    """Yield an engine that enforces IAM and has the boundary."""
    engine = ServedEngine(tmp_path / "data")
    engine.up_on(own_port, "--enforce-iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": [ALLOW_ALL]})
    engine.client("iam").create_policy(PolicyName="developers", PolicyDocument=document)
    yield engine
    engine.close()


def make_role(engine: ServedEngine, name: str, principal: Json, *statements: Json) -> str:
    """Create a role with these statements and return its ARN."""
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    documents = [json.dumps({"Version": "2012-10-17", "Statement": each}) for each in ([trust], list(statements))]
    iam = engine.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=documents[0])
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=documents[1])
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def run_as(engine: ServedEngine, role: str, folder: Path, *words: str) -> CommandResult:
    """Run a command that takes the engine for AWS, with credentials of a role."""
    found = engine.client("sts").assume_role(RoleArn=role, RoleSessionName="ann")["Credentials"]
    keys = {"AWS_ACCESS_KEY_ID": found["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"]}
    return run_command(
        folder, *words, AWS_ENDPOINT_URL=engine.url, AWS_REGION=REGION, AWS_SESSION_TOKEN=found["SessionToken"], **keys
    )


def write_file(folder: Path, aws: Mapping[str, Json]) -> None:
    (folder / "lamplighter.yaml").write_text(f"project: p\naws: {json.dumps(aws)}\n{JOBS}")


@pytest.mark.parametrize(
    ("missing", "action"),
    [("boundary", "iam:createrole"), ("role-path", "iam:createrole"), ("tags", "cloudformation:createchangeset")],
)
def test_without_one_of_the_keys_the_account_refuses_the_deployment(
    governed: ServedEngine, tmp_path: Path, missing: str, action: str
) -> None:
    rules = (NO_ROLE_WITHOUT_BOUNDARY, NO_ROLE_ELSEWHERE, NOTHING_WITHOUT_TAG)
    deployer = make_role(governed, "deployer", {"AWS": ACCOUNT}, ALLOW_ALL, *rules)
    write_file(tmp_path, {name: value for name, value in REQUIRED.items() if name != missing})
    refused = run_as(governed, deployer, tmp_path, "deploy", "--yes")
    said = f"{refused.out} {refused.err}".lower()
    assert (refused.code, f"is not authorized to perform: {action}" in " ".join(said.split())) == (1, True), refused


def test_with_the_keys_everything_is_made_as_the_account_requires(governed: ServedEngine, tmp_path: Path) -> None:
    rules = (NO_ROLE_WITHOUT_BOUNDARY, NO_ROLE_ELSEWHERE, NOTHING_WITHOUT_TAG)
    deployer = make_role(governed, "deployer", {"AWS": ACCOUNT}, ALLOW_ALL, *rules)
    write_file(tmp_path, REQUIRED)
    deployed = run_as(governed, deployer, tmp_path, "deploy", "--yes")
    assert deployed.code == 0, deployed
    iam = governed.client("iam")
    roles = {each["RoleName"]: each["Arn"] for each in iam.list_roles(PathPrefix="/jobs/")["Roles"]}
    assert len(roles) > 5
    found = [iam.get_role(RoleName=each)["Role"] for each in roles]
    assert {each["PermissionsBoundary"]["PermissionsBoundaryArn"] for each in found} == {BOUNDARY}
    (stack,) = governed.client("cloudformation").describe_stacks(StackName="p")["Stacks"]
    assert stack["Tags"] == [{"Key": "team", "Value": "data"}]
    assert may_pass_roles(governed, roles)
    assert run_as(governed, deployer, tmp_path, "diff").code == 0
    file = tmp_path / "lamplighter.yaml"
    file.write_text(file.read_text().replace("late: 30m", "late: 20m"))
    changed = run_as(governed, deployer, tmp_path, "deploy", "--yes")
    assert changed.code == 0, changed
    deleted = run_as(governed, deployer, tmp_path, "destroy", "--yes")
    assert deleted.code == 0, deleted
    assert iam.list_roles(PathPrefix="/jobs/")["Roles"] == []


def may_pass_roles(engine: ServedEngine, roles: Mapping[str, str]) -> bool:
    """Return whether the role of the state machine may pass the roles of its tasks, whose ARNs have the path."""
    (machine,) = (arn for name, arn in roles.items() if "MachineRole" in name)
    passed = [arn for name, arn in roles.items() if "ExecutionRole" in name or "TaskRole" in name]
    to_ecs = {"ContextKeyName": "iam:PassedToService", "ContextKeyType": "string"}
    answer = engine.client("iam").simulate_principal_policy(
        PolicySourceArn=machine,
        ActionNames=["iam:PassRole"],
        ResourceArns=passed,
        ContextEntries=[{**to_ecs, "ContextKeyValues": ["ecs-tasks.amazonaws.com"]}],
    )
    return len(passed) == 2 and {each["EvalDecision"] for each in answer["EvaluationResults"]} == {"allowed"}


def test_cloudformation_s_role_has_the_rights_that_the_deployer_has_not(governed: ServedEngine, tmp_path: Path) -> None:
    role = make_role(governed, "deploys", {"Service": "cloudformation.amazonaws.com"}, ALLOW_ALL)
    reading = [
        "logs:Describe*",
        "s3:*",
        "states:List*",
        "sts:*",
        "iam:ListAccountAliases",
        "iam:GetRole",
        "ecs:*",
        "scheduler:*",
    ]
    pass_role = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role}
    allowed = [{"Effect": "Allow", "Action": ["cloudformation:*", *reading], "Resource": "*"}, pass_role]
    deployer = make_role(governed, "deployer", {"AWS": ACCOUNT}, *allowed)
    write_file(tmp_path, {})
    refused = run_as(governed, deployer, tmp_path, "deploy", "--yes")
    assert refused.code == 1, refused
    write_file(tmp_path, {"cloudformation-role": role})
    deployed = run_as(governed, deployer, tmp_path, "deploy", "--yes")
    assert deployed.code == 0, deployed
    deleted = run_as(governed, deployer, tmp_path, "destroy", "--yes")
    assert deleted.code == 0, deleted


def test_an_engine_that_is_not_taken_for_aws_gets_neither_tags_nor_role(governed: ServedEngine, tmp_path: Path) -> None:
    write_file(tmp_path, {**REQUIRED, "cloudformation-role": f"arn:aws:iam::{ACCOUNT}:role/none"})
    deployed = run_command(tmp_path, "deploy", "--yes", "--endpoint-url", governed.url, "--region", REGION)
    assert deployed.code == 0, deployed
    (stack,) = governed.client("cloudformation").describe_stacks(StackName="p")["Stacks"]
    assert (stack["Tags"], "RoleARN" in stack) == ([], False)
