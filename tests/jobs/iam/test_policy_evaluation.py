"""IAM policy evaluation, and least privilege: roles allow the machines' calls and nothing else."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.base.group_items import group_items
from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.iam.check_roles import call_context, machine_statements, missing_job_permissions
from lamplighter.jobs.iam.missing_permission import allowing_statement, missing_permissions
from lamplighter.jobs.iam.required_calls import NESTED_EXECUTION_RULE, CallContext, required_calls
from lamplighter.jobs.iam.resolve_template import ResolvedStack
from lamplighter.jobs.stack.built_images import built_images
from lamplighter.jobs.stack.role_ids import execution_role_id
from lamplighter.lang.iam_policy.evaluate import IamCall, evaluate_policy
from tests.jobs.matrix import FILES, load_matrix_file
from tests.jobs.projects import load_project, resolve_stack

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
DATA = Path(__file__).parents[1] / "data"
ROLE = "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"
PASS_ROLE_CALL = IamCall("iam:PassRole", ROLE, {"iam:PassedToService": "ecs-tasks.amazonaws.com"})


def allowed(statements: list[Json], call: IamCall = PASS_ROLE_CALL) -> bool:
    return evaluate_policy(statements, call).allowed


def allow(action: Json = "iam:PassRole", resource: Json = "*", **condition: Json) -> Json:
    given = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**given, "Condition": condition} if condition else given


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (allow(), True),
        (allow("iam:passrole"), True),
        (allow("iam:*"), True),
        (allow("*"), True),
        (allow(["ecs:RunTask", "iam:Pass????"]), True),
        (allow("iam:Pass"), False),
        (allow(resource=ROLE), True),
        (allow(resource="arn:aws:iam::*:role/ecs*"), True),
        (allow(resource=ROLE.lower()), False),
        (allow(resource=[ROLE + "x", "arn:aws:iam::999999999999:role/*"]), False),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, False),
        ({"Effect": "Allow", "NotAction": "ecs:*", "Resource": "*"}, True),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::*"}, True),
        ({"Effect": "Allow", "Action": "*", "NotResource": ROLE}, False),
        (allow(StringEquals={"iam:PassedToService": "ecs-tasks.amazonaws.com"}), True),
        (allow(StringEquals={"iam:passedtoservice": ["x", "ecs-tasks.amazonaws.com"]}), True),
        (allow(StringEquals={"iam:PassedToService": "ECS-tasks.amazonaws.com"}), False),
        (allow(StringEqualsIgnoreCase={"iam:PassedToService": "ECS-tasks.amazonaws.com"}), True),
        (allow(StringEquals={"iam:PassedToService": "ecs*"}), False),
        (allow(StringLike={"iam:PassedToService": "ecs*"}), True),
        (allow(StringNotEquals={"iam:PassedToService": "ec2.amazonaws.com"}), True),
        (allow(StringNotEquals={"iam:PassedToService": ["x", "ecs-tasks.amazonaws.com"]}), False),
        (allow(StringEquals={"aws:RequestedRegion": "us-east-1"}), False),
        (allow(StringEqualsIfExists={"aws:RequestedRegion": "us-east-1"}), True),
        (allow(StringNotEquals={"aws:RequestedRegion": "us-east-1"}), True),
        (allow(Null={"aws:RequestedRegion": "true"}), True),
        (allow(Null={"aws:RequestedRegion": True}), True),
        (allow(Null={"iam:PassedToService": "true"}), False),
        (allow(Null={"iam:PassedToService": "false"}), True),
        (allow(ArnEquals={"iam:AssociatedResourceArn": "arn:aws:ecs:*:*:*"}), False),
        (allow(Bool={"aws:SecureTransport": "true"}), False),
        (allow(DateGreaterThan={"aws:CurrentTime": "2020-01-01"}), False),
        (allow(StringLike={"iam:PassedToService": "ecs*"}, Bool={"aws:SecureTransport": "true"}), False),
    ],
)  # fmt: skip
def test_a_statement_is_evaluated_as_iam_does(statement: Json, expected: bool) -> None:
    assert allowed([statement]) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("arn:aws:ecs:us-east-1:123456789012:cluster/night", True),
        ("arn:aws:ecs:*:*:cluster/*", True),
        ("arn:aws:ecs:*:cluster/night", False),
        ("arn:aws:ecs:us-east-1:123456789012:cluster/day", False),
        ("*", False),
    ],
)
@pytest.mark.parametrize("operator", ["ArnEquals", "ArnLike"])
def test_the_parts_of_an_arn_in_a_condition_are_compared_one_by_one(
    operator: str, pattern: str, expected: bool
) -> None:
    call = IamCall("ecs:RunTask", "x", {"ecs:cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/night"})
    assert allowed([allow("ecs:RunTask", **{operator: {"ecs:cluster": pattern}})], call) is expected


def test_an_explicit_deny_wins_over_every_allow() -> None:
    deny = {"Sid": "Never", "Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    decision = evaluate_policy([allow(), deny, allow()], PASS_ROLE_CALL)
    assert (decision.allowed, decision.reason) == (False, "an explicit deny in Never")


def test_a_denial_names_the_closest_statement_and_the_condition_that_does_not_hold() -> None:
    near = allow(StringEquals={"iam:PassedToService": "ec2.amazonaws.com"})
    assert evaluate_policy([allow("ecs:*"), near], PASS_ROLE_CALL).reason == (
        "no identity-based policy allows the iam:PassRole action; statement 2 is close, but its condition "
        "StringEquals iam:PassedToService = ec2.amazonaws.com does not hold: the key is ecs-tasks.amazonaws.com"
    )


# --- the machines of jobs ---------------------------------------------------------------------------------------------

JOBS = """
    plain: {image: busybox, schedule: rate(1 hour)}
    classes:
      image: ./report
      retry: {infra: {attempts: 3}, exit: {codes: [75], attempts: 2}, attempts: 1}
      notify: {caught: [ops, dev], late: ops}
      late: 1h
      overlap: cancel-previous
    queued: {command: [ls], overlap: queue, launch: fargate-spot, cluster: theirs}
    skipped: {image: busybox, overlap: skip, cluster: 'arn:aws:ecs:us-east-1:123456789012:cluster/named'}
    own:
      image: busybox
      roles: {task: 'arn:aws:iam::123456789012:role/mine', execution: 'arn:aws:iam::123456789012:role/mine'}
    steps: {workflow: steps.yaml, notify: {caught: ops}}
"""
STEPS = """
    StartAt: A
    States:
      A: {Type: Task, Job: plain, Next: B}
      B:
        Type: Map
        ItemProcessor:
          ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}
          StartAt: C
          States:
            C: {Type: Task, Job: queued, End: true}
        End: true
"""
NAMES = ("plain", "classes", "queued", "skipped", "own", "steps")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return load_project(tmp_path_factory.mktemp("policy"), JOBS, steps_yaml=STEPS)


def read_calls_and_statements(made: Project, name: str) -> tuple[list[IamCall], list[Json]]:
    """Return the calls of a job's machine and the statements of its role."""
    deployed = resolve_stack(made)
    machine = names.state_machine_id(name)
    found = required_calls(json.loads(deployed.definition(machine)), call_context(deployed, machine))
    keys = {arn: topic["KmsMasterKeyId"] for arn, topic in find_topics(deployed) if "KmsMasterKeyId" in topic}
    used = {keys[call.resource] for call in found if call.action == "sns:Publish" and call.resource in keys}
    encrypting = [IamCall(f"kms:{action}", key) for key in used for action in ("Decrypt", "GenerateDataKey")]
    return [*found, *encrypting], machine_statements(deployed, name)


def find_topics(deployed: ResolvedStack) -> Iterator[tuple[str, Json]]:
    """Yield the ARN of each topic of the stack, and its properties."""
    for title, each in deployed.template["Resources"].items():
        if each["Type"] == "AWS::SNS::Topic":
            yield deployed.arn(title), deployed.properties(title)


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_s_role_allows_all_calls_of_the_machine(made: Project, name: str) -> None:
    found, statements = read_calls_and_statements(made, name)
    assert {"ecs:RunTask", "iam:PassRole", "ecs:StopTask"} <= {call.action for call in found}
    assert [(call, evaluate_policy(statements, call).reason) for call in found if not allowed(statements, call)] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_s_role_allows_no_other_calls(made: Project, name: str) -> None:
    """The role denies other actions, other resources, other services to pass a role to, and other clusters."""
    found, statements = read_calls_and_statements(made, name)
    assert [
        other for call in found for other in vary_call(call) if other not in found and allowed(statements, other)
    ] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_s_role_has_no_unnecessary_action_or_resource(made: Project, name: str) -> None:
    found, statements = read_calls_and_statements(made, name)
    for smaller, what in remove_each_element(statements):
        assert [call for call in found if not allowed(smaller, call)], f"nothing needs {what}"


@pytest.mark.parametrize("file", FILES)
def test_in_every_file_a_machine_s_role_allows_exactly_the_machine_s_calls(tmp_path: Path, file: str) -> None:
    whole = load_matrix_file(tmp_path, file).project
    for name in [name for name, job in whole.jobs.items() if job.roles.machine is None]:
        found, statements = read_calls_and_statements(whole, name)
        assert [
            (call, evaluate_policy(statements, call).reason) for call in found if not allowed(statements, call)
        ] == []
        other_calls = [other for call in found for other in vary_call(call) if other not in found]
        assert [other for other in other_calls if allowed(statements, other)] == []
        user_permissions = whole.jobs[name].permissions if whole.jobs[name].workflow else ()
        for smaller, what in remove_each_element(statements[: len(statements) - len(user_permissions)]):
            assert [call for call in found if not allowed(smaller, call)], f"nothing needs {what}"


@pytest.mark.parametrize("file", FILES)
def test_in_every_file_an_execution_role_allows_exactly_what_ecs_needs_to_start_the_task(
    tmp_path: Path, file: str
) -> None:
    whole = load_matrix_file(tmp_path, file).project
    pushed = {each.parameter: f"{REGISTRY}/{each.repository(whole)}:1" for each in built_images(whole)}
    deployed = resolve_stack(whole, **pushed)
    pulling = [name for name, job in whole.jobs.items() if job.roles.execution is None and job.workflow is None]
    for role, jobs in group_items(pulling, lambda name: execution_role_id(whole.jobs[name])).items():
        statements = deployed.statements(role)
        tasks = (deployed.properties(names.task_definition_id(name)) for name in jobs)
        found = [call for task in tasks for call in list_startup_calls(task)]
        if any(call.action in ("ssm:GetParameters", "secretsmanager:GetSecretValue") for call in found):
            found += [IamCall("kms:Decrypt", key) for key in whole.aws.kms.secrets]
        assert [
            (call, evaluate_policy(statements, call).reason) for call in found if not allowed(statements, call)
        ] == []
        others = [replace(call, resource=call.resource.replace(":123456789012:", ":999999999999:")) for call in found]
        assert [call for call in others if call.resource != "*" and allowed(statements, call)] == []
        for smaller, what in remove_each_element(statements):
            assert [call for call in found if not allowed(smaller, call)], f"nothing needs {what}"


def list_startup_calls(task: Json) -> Iterator[IamCall]:
    """Yield what ECS calls before a task runs: create its log streams, read its secrets, pull its images."""
    for container in task["ContainerDefinitions"]:
        options = container["LogConfiguration"]["Options"]
        where = f"arn:aws:logs:us-east-1:123456789012:log-group:{options['awslogs-group']}:log-stream:x/y/z"
        yield from (IamCall(f"logs:{action}", where) for action in ("CreateLogStream", "PutLogEvents"))
        for secret in container.get("Secrets", []):
            held = ":".join(secret["ValueFrom"].split(":")[:7])
            if ":ssm:" in held:
                yield IamCall("ssm:GetParameters", held)
                continue
            yield IamCall("secretsmanager:GetSecretValue", held)
            if held[-7] != "-":
                yield IamCall("secretsmanager:GetSecretValue", f"{held}-a1B2c3")
        if ".dkr.ecr." in container["Image"]:
            repository = container["Image"].partition("/")[2].partition(":")[0]
            yield IamCall("ecr:GetAuthorizationToken", "*")
            for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"):
                yield IamCall(f"ecr:{action}", f"arn:aws:ecr:us-east-1:123456789012:repository/{repository}")


DISTRIBUTED_MAP = """
    QueryLanguage: {language}
    StartAt: Each
    States:
      Each:
        Type: Map
        ItemReader:
          Resource: arn:aws:states:::s3:{reader}
          {given}: {{Bucket: in, {key}: lines.jsonl}}
        ItemProcessor:
          ProcessorConfig: {{Mode: DISTRIBUTED, ExecutionType: STANDARD}}
          StartAt: A
          States:
            A: {{Type: Task, Job: a, Next: B}}
            B:
              Type: Task
              Resource: arn:aws:states:::states:startExecution.sync:2
              {given}: {{StateMachineArn: 'arn:aws:states:us-east-1:123456789012:stateMachine:other'}}
              End: true
        ResultWriter:
          Resource: arn:aws:states:::s3:putObject
          {given}: {{Bucket: out, Prefix: nightly}}
        End: true
"""


@pytest.mark.parametrize(("language", "given"), [("JSONata", "Arguments"), ("JSONPath", "Parameters")])
@pytest.mark.parametrize(("reader", "key"), [("getObject", "Key"), ("listObjectsV2", "Prefix")])
def test_the_calls_of_a_distributed_map_are_known(
    tmp_path: Path, language: str, given: str, reader: str, key: str
) -> None:
    steps = DISTRIBUTED_MAP.format(language=language, given=given, reader=reader, key=key)
    made = load_project(tmp_path, "a: {image: x}\nw: {workflow: steps.yaml}", steps_yaml=steps)
    stack = resolve_stack(made)
    missing = missing_job_permissions(stack, "w", call_context(stack))
    calls = {(each.call.action, each.call.resource) for each in missing}
    write_actions = {
        f"s3:{name}" for name in ("PutObject", "GetObject", "ListMultipartUploadParts", "AbortMultipartUpload")
    }
    prefix = "arn:aws:states:us-east-1:123456789012:"
    assert calls == {
        ("s3:GetObject", "arn:aws:s3:::in/lines.jsonl") if key == "Key" else ("s3:ListBucket", "arn:aws:s3:::in"),
        *((action, "arn:aws:s3:::out/nightly/a-run/manifest.json") for action in write_actions),
        ("states:StartExecution", f"{prefix}stateMachine:other"),
        ("states:DescribeExecution", f"{prefix}execution:other:a-run"),
        ("states:StopExecution", f"{prefix}execution:other:a-run"),
        *(
            (f"events:{action}", f"arn:aws:events:us-east-1:123456789012:rule/{NESTED_EXECUTION_RULE}")
            for action in ("PutTargets", "PutRule", "DescribeRule")
        ),
    }


def test_a_machine_with_a_distributed_map_may_control_its_runs_and_their_children(tmp_path: Path) -> None:
    steps = DISTRIBUTED_MAP.format(language="JSONata", given="Arguments", reader="getObject", key="Key")
    made = load_project(tmp_path, "a: {image: x}\nw: {workflow: steps.yaml}", steps_yaml=steps)
    _, statements = read_calls_and_statements(made, "w")
    runs = "arn:aws:states:us-east-1:123456789012:execution:reports-w"
    for action in ("DescribeExecution", "StopExecution"):
        assert allowed(statements, IamCall(f"states:{action}", f"{runs}:a-run"))
        assert allowed(statements, IamCall(f"states:{action}", f"{runs}/label:a-run"))
    assert allowed(statements, IamCall("states:RedriveExecution", f"{runs}/label:a-run"))
    assert not allowed(statements, IamCall("states:RedriveExecution", f"{runs}:a-run"))


def vary_call(call: IamCall) -> Iterator[IamCall]:
    service = call.action.partition(":")[0]
    yield replace(call, action=f"{service}:DeleteEverything")
    yield replace(call, resource="*")
    yield replace(call, resource=call.resource.replace("123456789012", "999999999999"))
    yield replace(call, resource=call.resource.replace("reports", "payroll").replace("role/", "role/payroll"))
    if call.action.startswith("logs:"):
        yield replace(call, resource=call.resource.replace("/main/", "/proxy/"))
        yield replace(call, resource=call.resource.replace("/lamplighter/", "/aws/lambda/"))
    if call.action.startswith("events:"):
        yield replace(call, resource=call.resource.replace("ForECSTask", "ForBatchJobs"))
    if call.action == "iam:PassRole":
        yield replace(call, context={"iam:PassedToService": "ec2.amazonaws.com"})
        yield replace(call, context={})
        yield replace(call, resource="arn:aws:iam::123456789012:role/Administrator")
    if call.action in ("ecs:RunTask", "ecs:StopTask", "ecs:DescribeTasks"):
        yield replace(
            call, context={**call.context, "ecs:cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/payroll"}
        )
        yield replace(call, context={})
    if call.action == "ecs:TagResource":
        yield replace(call, context={"ecs:CreateAction": "CreateService"})


def remove_each_element(statements: list[Json]) -> Iterator[tuple[list[Json], str]]:
    """Yield the statements without one of their actions or resources, and what was removed."""
    for at, whole in enumerate(statements):
        for element in ("Action", "Resource"):
            for value in whole[element]:
                smaller = {**whole, element: [each for each in whole[element] if each != value]}
                yield [*statements[:at], smaller, *statements[at + 1 :]], f"{element} {value}"


def test_a_machine_may_pass_only_the_roles_of_its_tasks(made: Project) -> None:
    _, statements = read_calls_and_statements(made, "plain")
    (passing,) = [each for each in statements if each["Action"] == ["iam:PassRole"]]
    assert passing["Resource"] == [
        "arn:aws:iam::123456789012:role/stack-ExecutionRole",
        "arn:aws:iam::123456789012:role/stack-TaskRole",
    ]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def test_the_watch_machine_may_describe_watched_runs_and_publish_alerts(made: Project) -> None:
    deployed = resolve_stack(made)
    statements = deployed.statements("WatchRole")
    run = "arn:aws:states:us-east-1:123456789012:execution:reports-classes:night"
    topic = "arn:aws:sns:us-east-1:123456789012:reports-ops"
    assert allowed(statements, IamCall("states:DescribeExecution", run))
    assert allowed(statements, IamCall("sns:Publish", topic))
    assert allowed(statements, IamCall("ecs:DescribeTasks", "arn:aws:ecs:us-east-1:123456789012:task/reports/1"))
    assert not allowed(statements, IamCall("ecs:DescribeTasks", "arn:aws:ecs:us-east-1:123456789012:task/payroll/1"))
    assert not allowed(statements, IamCall("states:DescribeExecution", run.replace("classes", "plain")))
    assert not allowed(statements, IamCall("states:StopExecution", run))
    actions = {
        call.action
        for call in required_calls(json.loads(deployed.definition("Watch")), call_context(deployed, "Watch", (run,)))
    }
    assert actions == {each for statement in statements for each in statement["Action"]}


def test_the_schedule_role_may_start_the_start_machine_which_may_start_scheduled_jobs(made: Project) -> None:
    statements, starts = resolve_stack(made).statements("ScheduleRole"), resolve_stack(made).statements("StartRole")
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:reports-"
    assert allowed(statements, IamCall("states:StartExecution", machine + "-start"))
    assert not allowed(statements, IamCall("states:StartExecution", machine + "plain"))
    assert allowed(starts, IamCall("states:StartExecution", machine + "plain"))
    assert not allowed(starts, IamCall("states:StartExecution", machine + "classes"))
    on_box = resolve_stack(made, ConsoleUrl="http://127.0.0.1:4566").statements("ScheduleRole")
    assert allowed(on_box, IamCall("states:StartExecution", machine + "plain"))
    assert not allowed(on_box, IamCall("states:StartExecution", machine + "classes"))
    assert allowed(statements, IamCall("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:reports-did-not-start"))


def test_the_policies_of_shared_roles_stay_small_however_many_jobs_there_are(tmp_path: Path) -> None:
    """The policies of a role have at most 10,240 characters, also if the engine keeps the roles."""
    job = "{image: busybox, schedule: rate(1 day), late: 1h, notify: {run-failed: ops, late: ops, recovered: ops}}"
    jobs = "\n".join(f"        job-with-a-long-name-{at}: {job}" for at in range(300))
    project = load_project(tmp_path, jobs)
    for url in ("", "http://127.0.0.1:4566"):
        stack = resolve_stack(project, **({"ConsoleUrl": url} if url else {}))
        shared = [title for title in stack.template["Resources"] if title.endswith("Role") and "Job" not in title]
        sizes = {title: len(json.dumps(stack.statements(title))) for title in shared}
        assert "ScheduleRole" in sizes
        assert max(sizes.values()) < 10_240, sizes


def test_an_execution_role_may_read_only_its_job_s_secrets_and_pull_only_its_image(tmp_path: Path) -> None:
    made = load_project(
        tmp_path,
        """
        job:
          image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/team/report:1
          secrets: {A: 'ssm:/reports/a', B: 'secretsmanager:reports/b:password'}
        """,
    )
    statements = resolve_stack(made).statements(execution_role_id(made.jobs["job"]))
    held = "arn:aws:secretsmanager:us-east-1:123456789012:secret:reports/b"
    assert allowed(statements, IamCall("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/reports/a"))
    assert not allowed(
        statements, IamCall("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/reports/b")
    )
    assert allowed(statements, IamCall("secretsmanager:GetSecretValue", f"{held}-Ab3xYz"))
    assert not allowed(statements, IamCall("secretsmanager:GetSecretValue", f"{held}-and-more-Ab3xYz"))
    repository = "arn:aws:ecr:us-east-1:123456789012:repository/team/"
    assert allowed(statements, IamCall("ecr:BatchGetImage", f"{repository}report"))
    assert not allowed(statements, IamCall("ecr:BatchGetImage", f"{repository}payroll"))
    log = "arn:aws:logs:us-east-1:123456789012:log-group:/lamplighter/reports/job:log-stream:job/main/1"
    assert allowed(statements, IamCall("logs:PutLogEvents", log))


# --- the article ------------------------------------------------------------------------------------------------------

GENERATED_POLICY: list[Json] = [
    {"Effect": "Allow", "Action": ["ecs:RunTask"], "Resource": ["arn:aws:ecs:ap-northeast-1:*:task-definition/*"]},
    {"Effect": "Allow", "Action": ["ecs:StopTask", "ecs:DescribeTasks"], "Resource": "*"},
    {
        "Effect": "Allow",
        "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
        "Resource": ["arn:aws:events:ap-northeast-1:*:rule/StepFunctionsGetEventsForECSTaskRule"],
    },
    {"Effect": "Allow", "Action": "ecs:TagResource", "Resource": "*"},
]
"""The policy that AWS documents for ecs:runTask.sync, and permission for the tags that the article's machine sets."""


def load_article_machine() -> tuple[Json, CallContext]:
    definition = json.loads((DATA / "state-machine.asl.json").read_text().replace(":xxxxx:", ":123456789012:"))
    task = definition["States"]["ECS RunTask"]["Parameters"]["TaskDefinition"]
    machine = "arn:aws:states:ap-northeast-1:123456789012:stateMachine:batch"
    return definition, CallContext(machine, {task: (ROLE,)})


def test_the_article_s_failure_is_explained_with_the_missing_statement() -> None:
    definition, where = load_article_machine()
    (found,) = missing_permissions(definition, GENERATED_POLICY, where, role="StepFunctions-batch-role")
    assert found.error == (
        "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/StepFunctions-batch-role/a-run is not "
        f"authorized to perform: iam:PassRole on resource: {ROLE} because no identity-based policy allows the "
        "iam:PassRole action"
    )
    assert "passes this role to the task" in found.reason
    assert found.statement == {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": ROLE,
        "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
    }
    assert missing_permissions(definition, [*GENERATED_POLICY, found.statement], where) == []


def test_the_article_s_own_policy_adds_the_missing_permission() -> None:
    definition, where = load_article_machine()
    own = json.loads((DATA / "pass-role-policy.json").read_text())["Statement"]
    assert missing_permissions(definition, [*GENERATED_POLICY, *own], where) == []


def test_a_task_definition_without_roles_runs_without_the_statement() -> None:
    """The article says "사용하는 Task Definition에 따라 실패할 수 있습니다": failure depends on the task definition."""
    definition, where = load_article_machine()
    assert missing_permissions(definition, GENERATED_POLICY, replace(where, roles={})) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_suggested_statements_are_enough_for_every_machine(made: Project, name: str) -> None:
    found, _ = read_calls_and_statements(made, name)
    assert all(allowed([allowing_statement(call)], call) for call in found)
    deployed = resolve_stack(made)
    machine = names.state_machine_id(name)
    definition = json.loads(deployed.definition(machine))
    assert len(missing_permissions(definition, [], call_context(deployed, machine))) == len(found)
