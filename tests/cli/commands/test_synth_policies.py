"""With exactly the policies of `synth --policy`, the commands for AWS work, and reading changes nothing.

An engine that enforces IAM stands for AWS: it decides each call of a command, and each that CloudFormation makes for
its caller. A command that makes a call which its policies lack fails here, and `denied` names the missing action.
"""

import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from lamplighter.base.json_text import Json
from tests.cli.aws_account import command_environment, run_command
from tests.cli.deploy.test_job_images import FAKE_DOCKER
from tests.served_engine import ACCOUNT, REGION, ServedEngine

JOB_FILE = f"""
project: reports
aws: {{account: "{ACCOUNT}", region: {REGION}}}
channels:
  ops: {{email: ops@example.com}}
  chat: {{slack: "ssm:/slack"}}
  hook: {{webhook: "https://example.com/hook"}}
  letters: {{sqs: "arn:aws:sqs:{REGION}:{ACCOUNT}:letters"}}
defaults: {{timezone: UTC, notify: {{run-failed: [ops, chat], did-not-start: hook, recovered: letters}}}}
jobs:
  plain: {{image: busybox, command: ["true"], timeout: 1h, schedule: "cron(0 3 * * ? *)"}}
  built: {{image: ./app, timeout: 1h, secrets: {{DB: "ssm:/db"}}, overlap: queue, schedule: "cron(0 4 * * ? *)"}}
  watched: {{image: busybox, timeout: 1h, late: 30m, notify: {{late: ops}}, heartbeat: "https://example.com/ping"}}
  slow: {{image: busybox, command: [sleep, "600"], timeout: 1h}}
  steps: {{workflow: steps.yaml}}
"""
STEPS = "{StartAt: A, States: {A: {Type: Task, Job: plain, End: true}}}"
READING = (
    ("diff",),
    ("ps", "--aws"),
    ("next", "--aws"),
    ("night", "--aws"),
    ("doctor", "--aws"),
    ("status", "--aws"),
    ("logs", "plain", "--aws"),
    ("history", "plain", "--aws"),
)
"""The commands that only read, once the project is deployed and the job `plain` has run."""
CHANGING: dict[tuple[str, ...], str] = {
    ("deploy", "--yes"): "s3:PutObject",
    ("deploy", "--plan", "plan.json"): "s3:PutObject",
    ("destroy", "--yes"): "states:StopExecution",
    ("run", "plain", "--aws"): "states:StartExecution",
    ("rerun", "plain", "--aws", "--yes"): "states:StartExecution",
    ("stop", "slow", "--aws"): "states:StopExecution",
    ("alert", "ops", "--aws"): "states:StartExecution",
}
"""The commands that change something, and the first action that a reader lacks."""
LINK = re.compile(r'href="(/[^"#]*)"')
MAX_PAGES = 80


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a job file; docker is a program that does nothing."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("FROM busybox\n")
    (tmp_path / "steps.yaml").write_text(STEPS)
    (tmp_path / "lamplighter.yaml").write_text(JOB_FILE)
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "docker").write_text(FAKE_DOCKER)
    (tmp_path / "programs" / "docker").chmod(0o755)
    return tmp_path


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ServedEngine]:
    """An engine that enforces IAM, with what the job file names and does not make."""
    served = ServedEngine(tmp_path / "data")
    served.up("--enforce-iam")
    for name in ("/slack", "/db"):
        served.client("ssm").put_parameter(Name=name, Value="https://example.com/chat", Type="String")
    served.client("sqs").create_queue(QueueName="letters")
    yield served
    served.close()


def print_policies(folder: Path, access: str) -> list[Json]:
    """Return the policies that `synth` writes."""
    written = run_command(folder, "synth", "--policy", access, "--output", f"{access}.json")
    assert written.code == 0, written
    return [json.loads(each.read_text()) for each in sorted(folder.glob(f"{access}*.json"))]


def make_role(engine: ServedEngine, name: str, principal: Json, policies: list[Json]) -> str:
    """Make a role with exactly these policies, and return its ARN."""
    iam = engine.client("iam")
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for at, policy in enumerate(policies):
        made = iam.create_policy(PolicyName=f"{name}-{at}", PolicyDocument=json.dumps(policy))["Policy"]["Arn"]
        iam.attach_role_policy(RoleName=name, PolicyArn=made)
    return arn


def sign_in(engine: ServedEngine, name: str, policies: list[Json]) -> dict[str, str]:
    """Make a role with exactly these policies; return the environment of a command that runs with it."""
    role = make_role(engine, name, {"AWS": ACCOUNT}, policies)
    keys = engine.client("sts").assume_role(RoleArn=role, RoleSessionName="ci")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
        "AWS_ENDPOINT_URL": engine.url,
    }


def denied(engine: ServedEngine, printed: str) -> list[str]:
    """Return the actions that were denied, by the engine's log and by what a command printed."""
    text = "".join(engine.lines) + printed
    return re.findall(r"not authorized to perform: (\S+)", text)


def run_allowed(
    engine: ServedEngine, folder: Path, keys: dict[str, str], *words: str, codes: tuple[int, ...] = (0,)
) -> None:
    path = f"{folder / 'programs'}:/usr/bin:/bin"
    result = run_command(folder, *words, PATH=path, DOCKER_SAID=str(folder / "said"), DOCKER_FAILS="never", **keys)
    assert denied(engine, result.out + result.err) == [], words
    assert result.code in codes, result.err


@pytest.mark.timeout(300)
def test_who_deploys_needs_no_more_than_the_printed_policies(engine: ServedEngine, folder: Path) -> None:
    policies = print_policies(folder, "deploy")
    keys = sign_in(engine, "deployer", policies)
    run_allowed(engine, folder, keys, "doctor", "--aws")  # before the account has the role of ECS
    run_allowed(engine, folder, keys, "diff", codes=(1,))
    run_allowed(engine, folder, keys, "deploy", "--yes")
    for hour in (5, 6):
        (folder / "lamplighter.yaml").write_text(JOB_FILE.replace("cron(0 3", f"cron(0 {hour}"))
        run_allowed(engine, folder, keys, "deploy", "--plan", "plan.json")
        run_allowed(engine, folder, keys, "deploy", "--apply" if hour == 5 else "--discard", "plan.json", "--yes")
    run_allowed(engine, folder, keys, "deploy", "--apply", "plan.json", "--yes", codes=(1,))  # it is gone
    run_allowed(engine, folder, keys, "rollback", "--yes")
    start_run(engine)
    for words in READING:
        run_allowed(engine, folder, keys, *words, codes=(0, 1))
    engine.start(machine_arn("slow"))  # so that `destroy` has to disable the schedules and to stop a run
    run_allowed(engine, folder, keys, "destroy", "--yes")
    run_allowed(engine, folder, keys, "prune", "--aws", "--yes")
    assert engine.client("stepfunctions").list_state_machines()["stateMachines"] == []


@pytest.mark.timeout(300)
def test_with_a_role_of_cloudformation_both_need_no_more_than_their_printed_policies(
    engine: ServedEngine, folder: Path
) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/stacks"
    text = JOB_FILE.replace("aws: {", f"aws: {{cloudformation-role: '{role}', ")
    (folder / "lamplighter.yaml").write_text(text)
    make_role(
        engine, "stacks", {"Service": "cloudformation.amazonaws.com"}, print_policies(folder, "cloudformation-role")
    )
    keys = sign_in(engine, "deployer", print_policies(folder, "deploy"))
    for hour in (3, 5):
        (folder / "lamplighter.yaml").write_text(text.replace("cron(0 3", f"cron(0 {hour}"))
        run_allowed(engine, folder, keys, "deploy", "--yes")
    engine.start(machine_arn("slow"))  # so that `destroy` has to disable the schedules and to stop a run
    run_allowed(engine, folder, keys, "destroy", "--yes")


def start_run(engine: ServedEngine) -> None:
    """Run the job `plain` to its end."""
    engine.ended(engine.start(machine_arn("plain")))


def machine_arn(job: str) -> str:
    """Return the ARN of a job's state machine."""
    return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:reports-{job}"


@pytest.mark.timeout(300)
def test_who_reads_sees_everything_and_changes_nothing(engine: ServedEngine, folder: Path) -> None:
    run_allowed(engine, folder, {"AWS_ENDPOINT_URL": engine.url}, "deploy", "--yes")
    start_run(engine)
    engine.start(machine_arn("slow"))
    keys = sign_in(engine, "reader", print_policies(folder, "read"))
    for command in READING:
        run_allowed(engine, folder, keys, *command, codes=(0, 1))
    assert len(read_console(folder, keys)) > 30
    assert denied(engine, "") == []
    before = state_of(engine)
    for words, action in CHANGING.items():
        changed = run_command(folder, *words, **keys)
        assert (changed.code, denied(engine, changed.out + changed.err)[-1:]) == (1, [action]), changed
    assert state_of(engine) == before


def state_of(engine: ServedEngine) -> Json:
    """Return what the changing commands would change: the stacks, their change sets, the runs and the schedules."""
    stacks = engine.client("cloudformation")
    found = stacks.describe_stacks()["Stacks"]
    change_sets = [stacks.list_change_sets(StackName=each["StackName"])["Summaries"] for each in found]
    runs = [engine.sfn.list_executions(stateMachineArn=machine_arn(job))["executions"] for job in ("plain", "slow")]
    return found, change_sets, runs, engine.client("scheduler").list_schedules()["Schedules"]


def read_console(folder: Path, keys: dict[str, str]) -> set[str]:
    """Open the pages of the console of an account, by their links; return the paths."""
    command = [sys.executable, "-m", "lamplighter", "console", "--aws", "--port", "0"]
    environment = command_environment(**keys)
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = next(re.search(r"http://\S+", line) for line in process.stderr)
            assert found is not None
            return follow_links(found[0].rstrip("/"))
        finally:
            process.terminate()


def follow_links(url: str) -> set[str]:
    """Open a page, and those that it links to, until there are no more; return the paths."""
    seen, waiting = set[str](), ["/"]
    while waiting and len(seen) < MAX_PAGES:
        path = waiting.pop(0)
        if path not in seen and not path.startswith("/static"):
            seen.add(path)
            text = read_page(url + path)
            assert "not authorized" not in text, (path, text)
            waiting += [html.unescape(each) for each in LINK.findall(text)]
    return seen


def read_page(url: str) -> str:
    """Return the text of a page, also if it says what failed."""
    try:
        with urlopen(url, timeout=60) as answer:
            return str(answer.read().decode())
    except HTTPError as error:
        with error:
            return error.read().decode()
