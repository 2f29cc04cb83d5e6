"""`night`, `ack` and `rerun` do on AWS what its APIs allow, and say what they do not; moto plays AWS."""

import json
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.cli.aws_account import make_client, run_command
from tests.command_process import CommandResult
from tests.morning_zone import find_morning_zone
from tests.served_engine import ROLE

DEFINITION = json.dumps({"StartAt": "Job", "States": {"Job": {"Type": "Pass", "End": True}}})


@pytest.fixture
def stopped(aws: str) -> str:
    """The ARN of a run of an account that somebody has stopped."""
    sfn = make_client(aws, "stepfunctions")
    machine = sfn.create_state_machine(name="job", definition=DEFINITION, roleArn=ROLE)["stateMachineArn"]
    run: str = sfn.start_execution(stateMachineArn=machine, name="first", input='{"day": 7}')["executionArn"]
    sfn.stop_execution(executionArn=run)
    return run


def command(aws: str, folder: Path, *words: str) -> CommandResult:
    return run_command(folder, *words, "--aws", AWS_ENDPOINT_URL=aws, TZ=find_morning_zone())


def test_the_night_of_an_account_says_what_aws_does_not_know(aws: str, stopped: str, tmp_path: Path) -> None:
    found = command(aws, tmp_path, "night", "--all")
    assert found.code == 0, found.err
    assert (": 1 stopped.\n" in found.out, "job:first" in found.out) == (True, True)
    assert "AWS does not say what started a run or which times were missed, and keeps no acknowledgements." in found.err
    document: Json = json.loads(command(aws, tmp_path, "night", "--json").out)
    assert (document["arn"], document["startedBy"], document["acknowledged"]) == (stopped, None, None)


def test_aws_has_no_place_for_acknowledgements(aws: str, tmp_path: Path) -> None:
    target = {"Arn": "arn:aws:states:us-east-1:123456789012:stateMachine:job", "RoleArn": ROLE}
    schedule = make_client(aws, "scheduler").create_schedule(
        Name="nightly", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )["ScheduleArn"]
    found = command(aws, tmp_path, "ack", f"{schedule}@1700000000000", "--yes")
    assert (found.code, found.out) == (1, "")
    assert "AWS has no place for acknowledgements" in found.err


def test_a_run_is_started_again_on_aws_with_its_input(aws: str, stopped: str, tmp_path: Path) -> None:
    found = command(aws, tmp_path, "rerun", "job:first", "--yes")
    assert found.code == 0, found.err
    started = found.out.rpartition(": started again: ")[2].strip()
    repetition = stopped.replace("first", "first--again-1")
    about = make_client(aws, "stepfunctions").describe_execution(executionArn=repetition)
    assert (started, about["input"]) == ("job:first--again-1", '{"day": 7}')


def test_a_name_that_is_no_job_is_answered_with_the_jobs_alone(aws: str, tmp_path: Path) -> None:
    sfn = make_client(aws, "stepfunctions")
    for name in ("reports-nightly", "reports--failures", "reports--chat"):
        sfn.create_state_machine(name=name, definition=DEFINITION, roleArn=ROLE)
    found = command(aws, tmp_path, "history", "zzzz")
    assert "is called zzzz: there are reports-nightly\n" in found.err
