"""`up --enforce-iam`: the roles of a job file allow all that its jobs do, and the article's role does not.

See https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html.
"""

import json
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lamplighter.base.json_text import Json
from tests.cli.up_folder import UpFolder
from tests.served_engine import ACCOUNT, REGION, ServedEngine, eventually

JOBS = """
plain: {command: ['true'], schedule: 'cron(0 3 * * ? *)', overlap: skip}
retried: {command: [sh, -c, 'exit 75'], retry: {exit: {codes: 75, attempts: 2, interval: 1s}, attempts: 1}}
told: {command: [sh, -c, 'echo no; exit 1'], notify: {caught: ops, run-failed: ops}, overlap: cancel-previous}
queued: {command: ['true'], overlap: queue, deadline: 1h}
secret: {command: [sh, -c, 'test "$DB" = hidden'], secrets: {DB: 'ssm:/a/db'}}
late: {command: ['true'], late: 1h, notify: {late: ops}}
steps: {workflow: steps.yaml, notify: {caught: ops}}
"""
STEPS = """
QueryLanguage: JSONata
StartAt: A
States:
  A: {Type: Task, Job: plain, Next: B}
  B:
    Type: Map
    Items: [1, 2]
    ItemProcessor:
      ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}
      StartAt: C
      States:
        C: {Type: Task, Job: queued, End: true}
    End: true
"""
SUCCEEDS = {"plain": True, "retried": False, "told": False, "queued": True, "secret": True, "late": True, "steps": True}


def test_nothing_that_the_jobs_of_a_file_do_is_denied(up_folder: UpFolder) -> None:
    (up_folder.folder / "steps.yaml").write_text(STEPS)
    up_folder.write(JOBS, head="channels: {ops: {command: [cat]}}\n")
    up_folder.up_and_apply("--enforce-iam")
    up_folder.client("ssm").put_parameter(Name="/a/db", Value="hidden", Type="SecureString")
    runs = {name: up_folder.start_run(name) for name in SUCCEEDS}
    ended = {name: up_folder.ended(run, 60) for name, run in runs.items()}
    assert {name: each["status"] == "SUCCEEDED" for name, each in ended.items()} == SUCCEEDS
    assert [each.get("error") for each in ended.values() if "AccessDenied" in str(each.get("error"))] == []
    assert [line for line in up_folder.lines if "denied" in line] == []


ARTICLE: list[Json] = [
    {"Effect": "Allow", "Action": ["ecs:RunTask", "ecs:StopTask", "ecs:DescribeTasks"], "Resource": "*"},
    {"Effect": "Allow", "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"], "Resource": "*"},
]
"""The policy that the Step Functions console creates for a machine with `.sync`: it lacks iam:PassRole."""


def make_role(engine: ServedEngine, name: str, service: str, *statements: Json) -> str:
    """Create a role that a service may assume, and return its ARN."""
    iam = engine.client("iam")
    trust = [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]
    text = json.dumps({"Version": "2012-10-17", "Statement": trust})
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=text)["Role"]["Arn"]
    if statements:
        put_policy(engine, name, "console", *statements)
    return arn


def put_policy(engine: ServedEngine, role: str, name: str, *statements: Json) -> None:
    """Put an inline policy of a role."""
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    engine.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)


@pytest.fixture
def engine(up_folder: UpFolder) -> ServedEngine:
    up_folder.up("--enforce-iam")
    return up_folder


def test_the_article_s_machine_succeeds_once_the_statement_of_the_log_is_added(engine: ServedEngine) -> None:
    execution = make_role(engine, "ecsTaskExecutionRole", "ecs-tasks.amazonaws.com")
    definition = engine.ecs.register_task_definition(
        family="job",
        executionRoleArn=execution,
        containerDefinitions=[{"name": "main", "command": ["true"], "memory": 64}],
    )["taskDefinition"]["taskDefinitionArn"]
    role = make_role(engine, "machine", "states.amazonaws.com", *ARTICLE)
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Parameters": {"TaskDefinition": definition},
    }
    text = json.dumps({"StartAt": "Run", "States": {"Run": {**state, "End": True}}})
    machine = engine.sfn.create_state_machine(name="m", definition=text, roleArn=role)["stateMachineArn"]
    failed = engine.ended(engine.start(machine))
    assert failed["error"] == "ECS.AccessDeniedException"
    assert f"is not authorized to perform: iam:PassRole on resource: {execution} because no identity" in failed["cause"]
    line = engine.wait_for_line("denied: User")
    put_policy(engine, "machine", "added", json.loads(line.partition("role machine: ")[2]))
    assert engine.ended(engine.start(machine))["status"] == "SUCCEEDED"


def test_a_container_calls_the_engine_with_its_task_role(engine: ServedEngine) -> None:
    queue = engine.client("sqs").create_queue(QueueName="letters")["QueueUrl"]
    role = make_role(engine, "task", "ecs-tasks.amazonaws.com")
    program = (
        "import boto3, os\n"
        "print(boto3.client('sts', region_name='us-east-1').get_caller_identity()['Arn'])\n"
        f"boto3.client('sqs', region_name='us-east-1').send_message(QueueUrl='{queue}', MessageBody='from the task')\n"
    )
    engine.ecs.register_task_definition(
        family="caller",
        taskRoleArn=role,
        containerDefinitions=[
            {
                "name": "main",
                "memory": 64,
                "command": [sys.executable, "-c", program],
                "environment": [{"name": "AWS_ENDPOINT_URL", "value": engine.url}],
            }
        ],
    )
    codes = []
    for statement in (None, {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}):
        if statement is not None:
            put_policy(engine, "task", "added", statement)
        codes.append(_exit_code(engine, engine.ecs.run_task(taskDefinition="caller")["tasks"][0]["taskArn"]))
    assert codes == [1, 0]
    assert f"arn:aws:sts::{ACCOUNT}:assumed-role/task/" in engine.wait_for_line("denied: User")


def test_a_session_of_a_role_reaches_no_address_that_only_engines_have(engine: ServedEngine) -> None:
    """No policy could allow it, and without a credentials file nothing else limits the session."""
    trust = [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]
    text = json.dumps({"Version": "2012-10-17", "Statement": trust})
    role = engine.client("iam").create_role(RoleName="someone", AssumeRolePolicyDocument=text)["Role"]["Arn"]
    made = engine.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    request = AWSRequest("GET", f"{engine.url}/_lamplighter/audit")
    SigV4Auth(Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]), "sts", REGION).add_auth(
        request
    )
    with pytest.raises(HTTPError) as error:
        urlopen(Request(request.url, headers=dict(request.headers)))
    error.value.close()
    assert error.value.code == 403


def _exit_code(engine: ServedEngine, task: str) -> int:
    """Wait until a task has stopped, and return the exit code of its container."""

    def stopped() -> Json:
        (found,) = engine.ecs.describe_tasks(tasks=[task])["tasks"]
        return found if found["lastStatus"] == "STOPPED" else None

    code: int = eventually(stopped, 60)["containers"][0]["exitCode"]
    return code
