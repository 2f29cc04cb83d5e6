"""A project with more jobs than a stack holds is deployed, changed, planned, brought back and deleted as any other."""

import json
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.cli.aws_account import run_command
from tests.command_process import CommandResult
from tests.served_engine import ServedEngine, one_state

JOBS, MORE_JOBS = 90, 100
PROJECT = "many"
ALERTS = "{run-failed: [ops, chat], did-not-start: ops}"


def write_jobs(folder: Path, count: int, hour: int = 3) -> None:
    job = f"image: busybox, timeout: 1h, schedule: 'cron(0 {hour} * * ? *)', window: 10m, notify: {ALERTS}"
    network = "network: {subnets: [subnet-0a1b2c3d]}"
    jobs = "".join(f"  job-{at}: {{{job}, {network}}}\n" for at in range(count))
    channels = "channels: {ops: {email: ops@example.com}, chat: {sqs: 'arn:aws:sqs:us-east-1:123456789012:chat'}}"
    (folder / "lamplighter.yaml").write_text(
        f"project: {PROJECT}\naws: {{tags: {{team: data}}}}\n{channels}\njobs:\n{jobs}"
    )


def run(engine: ServedEngine, folder: Path, *words: str) -> CommandResult:
    """Run a command that takes the engine for AWS."""
    return run_command(folder, *words, AWS_ENDPOINT_URL=engine.url, AWS_REGION="us-east-1")


def nested_stacks(engine: ServedEngine) -> list[Json]:
    pages = engine.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=PROJECT)
    found = [each for page in pages for each in page["StackResourceSummaries"]]
    return [each for each in found if each["ResourceType"] == "AWS::CloudFormation::Stack"]


def expressions(engine: ServedEngine) -> dict[str, str]:
    """Return the expression of each schedule of the project."""
    scheduler = engine.client("scheduler")
    pages = scheduler.get_paginator("list_schedules").paginate(GroupName=PROJECT)
    found = [each["Name"] for page in pages for each in page["Schedules"]]
    return {each: scheduler.get_schedule(Name=each, GroupName=PROJECT)["ScheduleExpression"] for each in found}


def log_groups(engine: ServedEngine) -> int:
    pages = engine.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/lamplighter/many/")
    return sum(len(page["logGroups"]) for page in pages)


def assert_drift_of_a_nested_stack_is_found(engine: ServedEngine, folder: Path) -> None:
    """Change a job of a nested stack by hand, look, and change it back."""
    (nested,) = nested_stacks(engine)
    resources = engine.client("cloudformation").list_stack_resources(StackName=nested["PhysicalResourceId"])
    machines = (each for each in resources["StackResourceSummaries"] if each["ResourceType"].endswith("StateMachine"))
    arn = next(machines)["PhysicalResourceId"]
    kept = engine.sfn.describe_state_machine(stateMachineArn=arn)["definition"]
    engine.sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(one_state({"Type": "Succeed"})))
    found = run(engine, folder, "diff")
    name = arn.rpartition(":")[2]
    assert (found.code, f"job {name}: it was changed without its stack: DefinitionString" in found.out) == (3, True)
    engine.sfn.update_state_machine(stateMachineArn=arn, definition=kept)


@pytest.mark.timeout(300)
def test_a_project_in_nested_stacks_is_deployed_changed_planned_brought_back_deleted_and_deployed_again(
    engine: ServedEngine, tmp_path: Path
) -> None:
    write_jobs(tmp_path, JOBS)
    created = run(engine, tmp_path, "deploy", "--yes")
    assert created.code == 0, created
    (nested,) = nested_stacks(engine)
    (stack,) = engine.client("cloudformation").describe_stacks(StackName=nested["PhysicalResourceId"])["Stacks"]
    assert {"Key": "team", "Value": "data"} in stack["Tags"]
    assert len(expressions(engine)) == JOBS
    assert run(engine, tmp_path, "diff").code == 0
    assert_drift_of_a_nested_stack_is_found(engine, tmp_path)

    write_jobs(tmp_path, MORE_JOBS, hour=4)
    changes = json.loads(run(engine, tmp_path, "diff", "--json").out)["changes"]
    assert {each["action"] for each in changes if each["type"] == "AWS::Scheduler::Schedule"} == {"add", "change"}
    planned = run(engine, tmp_path, "deploy", "--plan", "plan.json")
    assert planned.code == 0, planned
    applied = run(engine, tmp_path, "deploy", "--apply", "plan.json", "--yes")
    assert applied.code == 0, applied
    assert "+ schedule many-job-99" in applied.out
    assert (len(expressions(engine)), set(expressions(engine).values())) == (MORE_JOBS, {"cron(0 4 * * ? *)"})
    assert run(engine, tmp_path, "diff").code == 0

    returned = run(engine, tmp_path, "rollback", "--yes")
    assert returned.code == 0, returned
    assert (len(expressions(engine)), set(expressions(engine).values())) == (JOBS, {"cron(0 3 * * ? *)"})

    deleted = run(engine, tmp_path, "destroy", "--yes")
    assert deleted.code == 0, deleted
    assert log_groups(engine) == MORE_JOBS
    assert engine.client("stepfunctions").list_state_machines()["stateMachines"] == []

    engine.client("logs").create_log_stream(logGroupName="/lamplighter/many/job-89", logStreamName="before")
    again = run(engine, tmp_path, "deploy", "--yes")
    assert again.code == 0, again
    assert (len(nested_stacks(engine)), log_groups(engine)) == (1, MORE_JOBS)
    streams = engine.client("logs").describe_log_streams(logGroupName="/lamplighter/many/job-89")["logStreams"]
    assert [each["logStreamName"] for each in streams] == ["before"]
