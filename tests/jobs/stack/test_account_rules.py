"""What an account requires is true of everything in every template: boundary, path, tags, KMS keys.

The rules read AWS's schemas, and the policies in the template, but not the module that they judge.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.file.aws_settings import AwsSettings
from lamplighter.jobs.iam.resolve_template import ResolvedStack
from lamplighter.jobs.stack.alerting.account_rules import KEY_USERS
from lamplighter.jobs.stack.template import build_template
from lamplighter.lang.iam_policy.evaluate import IamCall, evaluate_policy
from tests.jobs.matrix import FILES, load_matrix_file
from tests.jobs.projects import collect_problems, load_job_text, resolve_stack
from tests.jobs.soundness import find_resources

KEY = "arn:aws:kms:us-east-1:123456789012:key/{}"
KINDS = ("secrets", "logs", "topics", "queues")
KEYS = {kind: KEY.format(kind) for kind in KINDS}
GOVERNED = AwsSettings.model_validate(
    {"boundary": "developers", "role-path": "/jobs/", "tags": {"team": "data", "Name": "all"}, "kms": KEYS}
)
ENCRYPTED = {
    "AWS::Logs::LogGroup": ("KmsKeyId", "logs"),
    "AWS::SNS::Topic": ("KmsMasterKeyId", "topics"),
    "AWS::SQS::Queue": ("KmsMasterKeyId", "queues"),
}


def load_governed(folder: Path, file: str) -> ResolvedStack:
    """Return the stack of a job file, with all that an account may require."""
    project = load_matrix_file(folder, file).project
    return resolve_stack(project.model_copy(update={"aws": GOVERNED}))


def list_all(stack: ResolvedStack) -> Iterator[tuple[str, str, Json]]:
    """Yield each resource: its logical id, its type and its properties."""
    for title, each in stack.template["Resources"].items():
        yield title, each["Type"], stack.properties(title)


def roles_have_boundary_and_path(stack: ResolvedStack) -> Iterator[str]:
    for title, role in find_resources(stack, "AWS::IAM::Role").items():
        boundary = "arn:aws:iam::123456789012:policy/developers"
        if (role.get("PermissionsBoundary"), role.get("Path")) != (boundary, "/jobs/"):
            yield title


def whatever_takes_tags_has_them(stack: ResolvedStack) -> Iterator[str]:
    """A type takes tags if AWS's schema of it has the property Tags, which is a list or a map."""
    for title, kind, properties in list_all(stack):
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        if "Tags" in schema["properties"]:
            given = properties.get("Tags", [])
            takes_list = schema["properties"]["Tags"].get("type") == "array"
            tags = {each["Key"]: each["Value"] for each in given} if isinstance(given, list) else given
            if isinstance(given, list) != takes_list or tags.get("team") != "data":
                yield title


def logs_topics_and_queues_have_their_key(stack: ResolvedStack) -> Iterator[str]:
    for title, kind, properties in list_all(stack):
        named, key = ENCRYPTED.get(kind, ("", ""))
        if named and (properties.get(named) != KEYS[key] or properties.get("SqsManagedSseEnabled")):
            yield title


def roles_may_use_exactly_the_keys_of_what_they_use(stack: ResolvedStack) -> Iterator[str]:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html and
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    """
    own = {
        stack.arn(title) for title, kind, _ in list_all(stack) if kind in ENCRYPTED and kind != "AWS::Logs::LogGroup"
    }
    for title in find_resources(stack, "AWS::IAM::Role"):
        statements = stack.statements(title)
        used = {(action, each) for given in statements for action in given["Action"] for each in given["Resource"]}
        actions = {action for action, resource in used if resource in own}
        needed = {("topics", "GenerateDataKey"), ("topics", "Decrypt")} if "sns:Publish" in actions else set()
        needed |= {("queues", "GenerateDataKey"), ("queues", "Decrypt")} if "sqs:SendMessage" in actions else set()
        needed |= {("queues", "Decrypt")} if "sqs:ReceiveMessage" in actions else set()
        reads = {"ssm:GetParameters", "secretsmanager:GetSecretValue"} & {action for action, _ in used}
        needed |= {("secrets", "Decrypt")} if reads and title.startswith("ExecutionRole") else set()
        calls = {(kind, action) for kind in KINDS for action in ("Decrypt", "GenerateDataKey", "Encrypt")}
        allowed = {
            (kind, action)
            for kind, action in calls
            if evaluate_policy(statements, IamCall(f"kms:{action}", KEYS[kind])).allowed
        }
        if allowed != needed:
            yield title


RULES: Mapping[str, Callable[[ResolvedStack], Iterator[str]]] = {
    rule.__name__: rule
    for rule in (
        roles_have_boundary_and_path,
        whatever_takes_tags_has_them,
        logs_topics_and_queues_have_their_key,
        roles_may_use_exactly_the_keys_of_what_they_use,
    )
}
every_file = pytest.mark.parametrize("file", FILES)


@every_file
def test_every_template_follows_every_rule_of_the_account(tmp_path: Path, file: str) -> None:
    stack = load_governed(tmp_path, file)
    assert {name: found for name, rule in RULES.items() if (found := list(rule(stack)))} == {}


def test_each_rule_finds_a_template_that_does_not_follow_it(tmp_path: Path) -> None:
    stack = resolve_stack(load_matrix_file(tmp_path, "overlap").project)
    assert [name for name, rule in RULES.items() if not list(rule(stack))] == []


@every_file
def test_the_template_of_an_engine_ignores_what_an_account_requires(tmp_path: Path, file: str) -> None:
    project = load_matrix_file(tmp_path, file).project
    plain, governed = (project.model_copy(update={"aws": each}) for each in (AwsSettings(), GOVERNED))
    assert build_template(governed, "here") == build_template(plain, "here")


@every_file
def test_the_services_that_a_key_must_allow_are_those_that_the_policies_of_topics_and_queues_allow(
    tmp_path: Path, file: str
) -> None:
    stack = load_governed(tmp_path, file)
    for kind, policies in (("topics", "AWS::SNS::TopicPolicy"), ("queues", "AWS::SQS::QueuePolicy")):
        found = find_resources(stack, policies).values()
        services = {each["Principal"]["Service"] for given in found for each in given["PolicyDocument"]["Statement"]}
        assert services <= set(KEY_USERS[kind])


JOB = "project: p\naws: {settings}\njobs:\n  a: {{image: x, timeout: 1h, tags: {{team: own}}}}\n"


def test_a_tag_of_a_job_wins_over_the_account_s_and_lamplighter_s_own_over_both(tmp_path: Path) -> None:
    text = JOB.format(settings="{tags: {team: data, cost: 1, 'lamplighter:job': b}}")
    properties = resolve_stack(load_job_text(tmp_path, text).project).properties("ATask")
    tags = {each["Key"]: each["Value"] for each in properties["Tags"]}
    assert tags == {"team": "own", "cost": "1", "lamplighter:project": "p", "lamplighter:job": "a"}


def test_all_that_belongs_to_a_job_has_the_job_s_tags_and_nothing_else_has(tmp_path: Path) -> None:
    more = "channels: {ops: {email: ops@example.com}}\n"
    more += "defaults: {image: x, timeout: 1h}\n"
    own = "tags: {team: own}, permissions: [{actions: '*', resources: '*'}]"
    job = f"{{schedule: rate(1 day), notify: ops, {own}}}"
    stack = resolve_stack(load_job_text(tmp_path, f"project: p\n{more}jobs:\n  a: {job}\n  b: {{}}\n").project)
    tagged = {title for title, _, given in list_all(stack) if {"Key": "team", "Value": "own"} in given.get("Tags", [])}
    assert tagged == {"ALog", "ATask", "AMachine", "ATaskRole", "AMachineRole", "AFailed", "ADidNotStart"}


def test_a_key_alone_is_that_of_all_four_kinds_and_an_environment_can_name_others(tmp_path: Path) -> None:
    text = JOB.format(settings=f"{{kms: '{KEY.format('one')}'}}")
    kms = load_job_text(tmp_path, text).project.aws.kms
    assert {kms.secrets, (kms.logs,), (kms.topics,), (kms.queues,)} == {(KEY.format("one"),)}
    other = f"{text}environments: {{prod: {{aws: {{kms: {{logs: '{KEY.format('two')}'}}, boundary: prod}}}}}}\n"
    aws = load_job_text(tmp_path, other, "prod").project.aws
    assert (aws.kms.logs, aws.kms.topics, aws.boundary) == (KEY.format("two"), None, "prod")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("{kms: {logs: alias/mine}}", "`alias/mine` is not the ARN of a key of KMS"),
        ("{boundary: 'arn:aws:iam::1:role/x'}", "is not a managed policy"),
        ("{role-path: jobs}", "`jobs` is not a path of a role"),
        ("{cloudformation-role: deploys}", "`deploys` is not the ARN of a role"),
        ("{tags: {'aws:team': data}}", "is not a key of a tag"),
    ],
)
def test_a_setting_that_aws_would_refuse_is_a_problem_of_the_file(tmp_path: Path, settings: str, problem: str) -> None:
    (found,) = collect_problems(tmp_path, JOB.format(settings=settings))
    assert problem in found


def test_more_tags_than_a_resource_can_have_are_a_problem_of_the_file(tmp_path: Path) -> None:
    tags = {"a": {str(at): "x" for at in range(40)}, "b": {str(at): "x" for at in range(39, 49)}}
    text = f"project: p\naws: {{tags: {dumps(tags['a'])}}}\njobs: {{a: {{image: x, tags: {dumps(tags['b'])}}}}}\n"
    (found,) = collect_problems(tmp_path, text)
    assert "`a` would have 49 tags with those of `aws`" in found
