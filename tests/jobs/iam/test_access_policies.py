"""The policies of `synth --policy` allow what a project's template needs, and nothing of other projects."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.iam.access_policies import MAX_CHARACTERS, PERMISSIONS_FILE, Access, build_policies
from lamplighter.jobs.iam.command_calls import DEPLOY_CALLS, READ_CALLS, list_actions
from lamplighter.jobs.stack.place_jobs import JOBS, REST
from lamplighter.jobs.stack.template import build_template
from lamplighter.lang.iam_policy.text_patterns import matches_arn
from tests.jobs.iam.handler_permissions import READS, types_in_sources
from tests.jobs.matrix import FILES, load_matrix_file
from tests.jobs.projects import load_job_text

ROOT = Path(__file__).parents[3] / "src" / "lamplighter"
PERMISSIONS: Json = loads(PERMISSIONS_FILE.read_text())
PLACE = 'aws: {account: "123456789012", region: eu-west-1}\n'
JOB = "{image: busybox, timeout: 1h, schedule: 'rate(1 day)'}"
READING_BY_OTHER_NAMES = {"cloudformation:DetectStackDrift", "cloudformation:DetectStackResourceDrift"} | {
    "logs:FilterLogEvents"
}
ON_EVERYTHING = {"ecs:DeregisterTaskDefinition", "sns:SetSubscriptionAttributes", "sns:Unsubscribe"}
"""The changing actions that AWS does not decide by resources, or of which this is unclear."""


def load(folder: Path, text: str) -> Project:
    return load_job_text(folder, text).project


def statements(project: Project, access: Access) -> list[Json]:
    """Return the statements of all policies of a project."""
    policies = build_policies(project, build_template(project), access)
    return [statement for each in policies for statement in each["Statement"]]


def about(found: list[Json], action: str) -> Json:
    """Return the only statement about an action."""
    (statement,) = (each for each in found if action in each["Action"])
    return statement


def resources(found: list[Json], action: str) -> list[str]:
    """Return the resources on which an action is allowed."""
    return [str(resource) for each in found if action in each["Action"] for resource in each["Resource"]]


def test_the_permissions_of_each_type_and_each_own_call_are_known() -> None:
    advice = "python -m tests.jobs.iam.handler_permissions > src/lamplighter/jobs/iam/permissions.json"
    own = list_actions(READ_CALLS) | list_actions(DEPLOY_CALLS)
    assert (set(types_in_sources()) - set(PERMISSIONS["types"]), own - set(PERMISSIONS["actions"])) == (
        set(),
        set(),
    ), advice


@pytest.mark.parametrize("title", FILES)
def test_the_policies_of_any_file_fit_and_reading_changes_nothing(title: str, tmp_path: Path) -> None:
    project = load_matrix_file(tmp_path, title).project
    document = build_template(project)
    for access in Access:
        policies = build_policies(project, document, access)
        assert [len(dumps(each)) for each in policies if len(dumps(each)) > MAX_CHARACTERS] == []
        assert len(policies) <= 4
    actions = {action for each in statements(project, Access.READ) for action in each["Action"]}
    assert {each for each in actions if not READS.match(each)} <= READING_BY_OTHER_NAMES
    assert not actions & {"secretsmanager:GetSecretValue", "ssm:GetParameter", "ssm:GetParameters"}


@pytest.mark.parametrize("title", FILES)
def test_what_changes_something_is_allowed_on_the_project_s_own_resources_only(title: str, tmp_path: Path) -> None:
    for each in statements(load_matrix_file(tmp_path, title).project, Access.DEPLOY):
        changing = {action for action in each["Action"] if not READS.match(action)}
        if "*" in each["Resource"]:
            assert changing <= ON_EVERYTHING | READING_BY_OTHER_NAMES


def test_the_names_of_the_template_match_and_those_of_another_project_do_not(tmp_path: Path) -> None:
    jobs = f"jobs: {{nightly: {JOB}}}\nchannels: {{ops: {{email: a@example.com}}}}\n"
    found = statements(load(tmp_path, f"project: reports\n{PLACE}{jobs}defaults: {{notify: ops}}\n"), Access.DEPLOY)
    place = "eu-west-1:123456789012"
    names = {
        "states:CreateStateMachine": f"arn:aws:states:{place}:stateMachine:{{}}-nightly",
        "states:StopExecution": f"arn:aws:states:{place}:execution:{{}}-nightly:run",
        "ecs:DeleteCluster": f"arn:aws:ecs:{place}:cluster/{{}}",
        "ecs:StopTask": f"arn:aws:ecs:{place}:task/{{}}/0123",
        "scheduler:UpdateSchedule": f"arn:aws:scheduler:{place}:schedule/{{}}/{{}}-nightly",
        "logs:DeleteLogGroup": f"arn:aws:logs:{place}:log-group:/lamplighter/{{}}/nightly:*",
        "iam:PassRole": "arn:aws:iam::123456789012:role/{}-MachineRole-0123456789AB",
        "ecr:PutImage": f"arn:aws:ecr:{place}:repository/{{}}/nightly",
        "s3:PutObject": "arn:aws:s3:::lamplighter-123456789012-eu-west-1/lamplighter/{}/0123.json",
        "cloudformation:DeleteStack": f"arn:aws:cloudformation:{place}:stack/{{}}/0123",
    }
    for action, arn in names.items():
        allowed = resources(found, action)
        for name, expected in (("reports", True), ("reports2", False), ("other", False)):
            assert any(matches_arn(each, arn.format(name, name)) for each in allowed) is expected, (action, allowed)
    for kind in (JOBS, REST):
        nested = f"arn:aws:cloudformation:{place}:stack/reports-{kind}1-0123456789AB/0123"
        assert any(matches_arn(each, nested) for each in resources(found, "cloudformation:CreateStack"))


def test_roles_are_passed_to_the_services_that_assume_them_only(tmp_path: Path) -> None:
    given = "roles: {task: 'arn:aws:iam::123456789012:role/mine'}"
    project = load(tmp_path, f"project: p\n{PLACE}jobs: {{a: {{image: busybox, timeout: 1h, {given}}}}}\n")
    passing = about(statements(project, Access.DEPLOY), "iam:PassRole")
    role = "arn:aws:iam::123456789012:role/"
    assert passing["Resource"] == [f"{role}p-*", f"{role}mine"]
    services = passing["Condition"]["StringEquals"]["iam:PassedToService"]
    assert {"ecs-tasks.amazonaws.com", "states.amazonaws.com"} <= set(services)
    assert f"{role}mine" not in resources(statements(project, Access.DEPLOY), "iam:PutRolePolicy")


def test_a_boundary_and_a_path_of_roles_are_required(tmp_path: Path) -> None:
    place = PLACE.replace("}", ", boundary: limit, role-path: /jobs/}")
    project = load(tmp_path, f"project: p\n{place}jobs: {{a: {JOB}}}\n")
    found = statements(project, Access.DEPLOY)
    creating = about(found, "iam:CreateRole")
    assert creating["Resource"] == ["arn:aws:iam::123456789012:role/jobs/p-*"]
    limit = "arn:aws:iam::123456789012:policy/limit"
    assert creating["Condition"] == {"ArnLike": {"iam:PermissionsBoundary": limit}}
    assert resources(found, "iam:DeleteRolePermissionsBoundary") == []


def test_with_a_role_of_cloudformation_one_passes_it_and_makes_nothing_oneself(tmp_path: Path) -> None:
    role = "arn:aws:iam::123456789012:role/cloudformation"
    place = PLACE.replace("}", f", cloudformation-role: '{role}'}}")
    project = load(
        tmp_path,
        f"project: p\n{place}jobs: {{a: {JOB}}}\ndefaults: {{notify: x}}\nchannels: {{x: {{email: a@b.co}}}}\n",
    )
    found = statements(project, Access.DEPLOY)
    passing = {dumps(each["Resource"]): each["Condition"] for each in found if "iam:PassRole" in each["Action"]}
    assert passing == {
        dumps([role]): {"StringEquals": {"iam:PassedToService": ["cloudformation.amazonaws.com"]}},
        dumps(["arn:aws:iam::123456789012:role/p-*"]): {
            "StringEquals": {"iam:PassedToService": ["scheduler.amazonaws.com"]}
        },
    }
    assert [each for each in ("iam:CreateRole", "sns:CreateTopic", "ec2:CreateVpc") if resources(found, each)] == []
    assert resources(found, "cloudformation:ExecuteChangeSet") != []
    of_role = statements(project, Access.CLOUDFORMATION_ROLE)
    assert [
        each for each in ("iam:CreateRole", "sns:CreateTopic", "ec2:CreateVpc") if not resources(of_role, each)
    ] == []
    assert (
        "ecs-tasks.amazonaws.com" in about(of_role, "iam:PassRole")["Condition"]["StringEquals"]["iam:PassedToService"]
    )
    assert resources(of_role, "cloudformation:ExecuteChangeSet") == []


def test_generated_names_of_a_project_with_a_long_name_match(tmp_path: Path) -> None:
    name = "a-project-with-a-name-that-is-long"
    project = load(tmp_path, f"project: {name}\n{PLACE}jobs: {{a: {JOB}}}\n")
    (role,) = resources(statements(project, Access.DEPLOY), "iam:CreateRole")
    assert matches_arn(role, f"arn:aws:iam::123456789012:role/{name[:25]}-MachineRole0123456789-0123456789AB")


def test_the_policies_of_500_jobs_are_no_longer_than_those_of_one(tmp_path: Path) -> None:
    one = load(tmp_path, f"project: p\n{PLACE}jobs: {{a: {JOB}}}\n")
    many = load(tmp_path, f"project: p\n{PLACE}jobs: {{{', '.join(f'a{at}: {JOB}' for at in range(500))}}}\n")
    assert dumps(statements(many, Access.DEPLOY)) == dumps(statements(one, Access.DEPLOY))


# --- the calls of the commands ----------------------------------------------------------------------------------------

PREFIXES = {"stepfunctions": "states", "service-quotas": "servicequotas"}
SERVICES = (
    *(
        "cloudformation",
        "stepfunctions",
        "ecs",
        "logs",
        "events",
        "scheduler",
        "sns",
        "sqs",
        "cloudwatch",
        "iam",
        "ecr",
    ),
    *("ssm", "secretsmanager", "ec2", "service-quotas"),
)
STARTING = {"StartExecution", "StartSyncExecution", "RedriveExecution", "RunTask", "Publish"}
"""What runs jobs or tests alerts: neither deploying nor reading."""
OTHERS_WORDS = {"create_role", "subscribe", "receive_message"}
"""Functions of our own, and calls of an engine, that have the name of an operation."""


@dataclass(frozen=True, slots=True)
class Call:
    """An operation of AWS that a module names; its name may be that of several services."""

    module: str
    name: str
    actions: frozenset[str]


def calls_in_sources() -> Iterator[Call]:
    """Yield the calls of all modules of the command line and of the console of an account."""
    operations: dict[str, set[str]] = {}
    session = botocore.session.get_session()
    for service in SERVICES:
        for each in session.get_service_model(service).operation_names:
            operations.setdefault(xform_name(each), set()).add(f"{PREFIXES.get(service, service)}:{each}")
    for path in sorted((ROOT / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            word = (
                node.attr if isinstance(node, ast.Attribute) else node.value if isinstance(node, ast.Constant) else ""
            )
            if isinstance(word, str) and word in operations and word not in OTHERS_WORDS:
                yield Call(str(path.relative_to(ROOT)), word, frozenset(operations[word]))


COPIES_SECRETS = "cli/move/secrets.py"
"""Only `move` reads and writes secrets; the manual says what it needs beyond the policy of who deploys."""


def test_every_operation_that_a_command_names_is_in_a_policy() -> None:
    """Add a new one to `command_calls.py`, and make `permissions.json` again."""
    known = list_actions(READ_CALLS) | list_actions(DEPLOY_CALLS)
    lacking = {
        (each.module, each.name)
        for each in calls_in_sources()
        if each.module != COPIES_SECRETS
        and not each.actions & known
        and not {action.partition(":")[2] for action in each.actions} & STARTING
    }
    assert lacking == set()


CONSOLE_CALL = re.compile(r'"(\w+)", *"((?:Describe|Get|List)\w+)"')


def test_every_operation_that_the_console_reads_with_is_in_the_reading_policy() -> None:
    session = botocore.session.get_session()
    known = list_actions(READ_CALLS)
    names = {PREFIXES.get(each, each): set(session.get_service_model(each).operation_names) for each in SERVICES}
    texts = [path.read_text() for path in sorted((ROOT / "console").rglob("*.py"))]
    called = {found for text in texts for found in CONSOLE_CALL.findall(text)}
    needed = {f"{service}:{name}" for service, name in called if name in names.get(service, ())}
    assert needed - known == set()
    assert len(needed) > 20
