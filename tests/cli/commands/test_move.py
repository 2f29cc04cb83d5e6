"""What `move` copies, asks and refuses, and what other commands say of jobs that have moved; an engine plays AWS."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.move.handover_file import HandoverFile
from lamplighter.jobs.stack.handover import Handover
from lamplighter.store.backups.backup import Backup, write_backup_file
from lamplighter.store.data_directory import HANDOVER
from tests.cli.aws_account import command_environment, run_command
from tests.cli.up_folder import UpFolder
from tests.command_process import CommandResult
from tests.served_engine import REGION, ServedEngine

NETWORK = "network: {subnets: [subnet-1]}"
JOBS = f"""
    nightly: {{image: busybox, schedule: 'cron(0 3 * * ? *)', timeout: 1m, {NETWORK}}}
    weekly: {{image: busybox, schedule: 'cron(0 3 ? * MON *)', timeout: 1m, {NETWORK}}}
    """
SECRETS = f"""
    nightly:
      image: busybox
      schedule: cron(0 3 * * ? *)
      timeout: 1m
      {NETWORK}
      secrets: {{TOKEN: 'ssm:/home/token', KEY: 'secretsmanager:db:key', USER: 'secretsmanager:db:user'}}
    """


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[ServedEngine]:
    """An engine that commands take for AWS."""
    made = ServedEngine(tmp_path / "aws")
    made.up()
    yield made
    made.close()


@pytest.fixture
def box(home: UpFolder) -> UpFolder:
    """A box that runs a job file."""
    home.write(JOBS)
    home.up_and_apply()
    return home


def command(box: UpFolder, aws: ServedEngine, *words: str) -> CommandResult:
    return run_command(box.folder, *words, AWS_ENDPOINT_URL=aws.url, AWS_REGION=REGION, LAMPLIGHTER_DATA=str(box.data))


def schedule(engine: ServedEngine, job: str = "nightly") -> Json:
    return engine.client("scheduler").get_schedule(Name=f"home-{job}", GroupName="home")


def from_now(minutes: int) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds")


def pretend_handover_is_over(box: UpFolder, aws: ServedEngine) -> None:
    """Write a time of handover in the past into both halves of the journal, as if the real one had come."""
    at, cloudformation, file = "2026-01-01T00:00:59Z", aws.client("cloudformation"), HandoverFile(box.data, "home")
    template = cloudformation.get_template(StackName="home")["TemplateBody"]
    template["Metadata"]["Lamplighter"]["Handover"]["at"] = template["Outputs"]["Handover"]["Value"] = at
    cloudformation.update_stack(StackName="home", TemplateBody=dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"])
    cloudformation.get_waiter("stack_update_complete").wait(StackName="home", WaiterConfig={"Delay": 1})
    file._write({**file._own, "handover": {**file._own["handover"], "at": at}})


def test_jobs_move_to_aws_and_back_and_every_command_says_which_side_runs_them(
    box: UpFolder, aws: ServedEngine
) -> None:
    box.client("scheduler").update_schedule(
        **{key: schedule(box, "weekly")[key] for key in ("Name", "GroupName", "ScheduleExpression", "Target")},
        FlexibleTimeWindow={"Mode": "OFF"},
        State="DISABLED",
    )
    moved = command(box, aws, "move", "--to", "aws", "--yes")
    assert moved.code == 0, moved
    assert schedule(box)["EndDate"] == schedule(aws)["StartDate"]
    assert (schedule(aws, "weekly")["State"], schedule(box, "weekly")["State"]) == ("DISABLED", "DISABLED")
    box.wait_for_line("the jobs of home move to AWS at 20")
    again = command(box, aws, "move", "--to", "aws")
    assert (again.code, again.out) == (0, moved.out.splitlines()[-1] + "\n")
    assert "as the file says" in command(box, aws, "diff").out
    deployed = command(box, aws, "deploy", "--yes")
    assert (deployed.code, "too" in deployed.err, "nothing to do" in deployed.out) == (0, False, True), deployed

    pretend_handover_is_over(box, aws)
    returned = command(box, aws, "move", "--to", "box", "--at", from_now(60), "--yes")
    assert returned.code == 0, returned
    assert schedule(aws)["EndDate"] == schedule(box)["StartDate"]
    deployed = command(box, aws, "deploy", "--yes")
    assert (deployed.code, "moved to a box at 20" in deployed.err, "nothing to do" in deployed.out) == (0, True, True)
    assert command(box, aws, "rollback", "--yes").code == 1
    assert schedule(aws)["EndDate"]


def test_a_job_that_is_added_after_a_move_runs_on_the_new_side_only(box: UpFolder, aws: ServedEngine) -> None:
    assert command(box, aws, "move", "--to", "aws", "--yes").code == 0
    before = len(box.lines)
    box.write(JOBS.replace("weekly", "monthly"))
    box.wait_until_applied(before)
    assert command(box, aws, "deploy", "--yes").code == 0
    assert (schedule(box, "monthly")["State"], schedule(aws, "monthly")["State"]) == ("DISABLED", "ENABLED")


def test_secrets_are_copied_and_never_printed_and_another_value_is_not_replaced_by_yes(
    home: UpFolder, aws: ServedEngine
) -> None:
    home.write(SECRETS)
    values = "TOKEN=first-value\nsecretsmanager:db:key=second-value\n"
    (home.folder / ".env").write_text(values)
    home.up_and_apply()
    refused = command(home, aws, "move", "--to", "aws", "--yes")
    assert (refused.code, "no value for secretsmanager:db:user" in refused.err) == (1, True), refused
    assert aws.client("cloudformation").list_stacks()["StackSummaries"] == []

    (home.folder / ".env").write_text(values + "secretsmanager:db:user=third-value\n")
    aws.client("ssm").put_parameter(Name="/home/token", Value="other-value", Type="SecureString", Overwrite=True)
    moved = command(home, aws, "move", "--to", "aws", "--yes")
    assert (moved.code, "another value" in moved.err) == (0, True), moved
    secret = aws.client("secretsmanager").get_secret_value(SecretId="db")["SecretString"]
    assert secret == '{"key":"second-value","user":"third-value"}'
    kept = aws.client("ssm").get_parameter(Name="/home/token", WithDecryption=True)["Parameter"]["Value"]
    assert kept == "other-value"
    assert "-value" not in refused.out + refused.err + moved.out + moved.err

    (home.folder / ".env").write_text("")
    pretend_handover_is_over(home, aws)
    assert command(home, aws, "move", "--to", "box", "--yes").code == 0
    assert home.client("secretsmanager").get_secret_value(SecretId="db")["SecretString"] == secret


def test_no_secret_is_copied_for_an_environment_that_the_box_does_not_run(home: UpFolder, aws: ServedEngine) -> None:
    home.write(SECRETS, "home", "environments: {other: {}}\n")
    (home.folder / ".env").write_text("TOKEN=a\nsecretsmanager:db:key=b\nsecretsmanager:db:user=c\n")
    home.up_and_apply()
    refused = command(home, aws, "move", "--to", "aws", "-e", "other", "--yes")
    assert (refused.code, "has no schedules of home-other" in refused.err) == (1, True), refused
    assert aws.client("ssm").describe_parameters()["Parameters"] == []


def test_each_secret_and_the_handover_need_an_answer(home: UpFolder, aws: ServedEngine) -> None:
    home.write(SECRETS)
    (home.folder / ".env").write_text("TOKEN=a\nsecretsmanager:db={}\n")
    home.up_and_apply()
    asked = command(home, aws, "move", "--to", "aws")
    assert (asked.code, "Copy the secret ssm:/home/token to AWS" in asked.err) == (2, True), asked


def test_a_deployment_beside_a_box_that_runs_the_jobs_needs_an_answer(box: UpFolder, aws: ServedEngine) -> None:
    asked = command(box, aws, "deploy")
    assert (asked.code, "`lamplighter move --to aws` hands them over" in asked.err) == (2, True), asked
    assert aws.client("cloudformation").list_stacks()["StackSummaries"] == []


def test_only_a_side_that_runs_the_jobs_can_be_left(box: UpFolder, aws: ServedEngine) -> None:
    refused = command(box, aws, "move", "--to", "box", "--yes")
    assert (refused.code, "has no schedules of home" in refused.err) == (1, True), refused
    assert schedule(box)["State"] == "ENABLED"
    HandoverFile(box.data, "home").write(Handover("waits"))
    box.wait_for_line("the schedules of home wait here")
    waits = command(box, aws, "move", "--to", "aws", "--yes")
    assert (waits.code, "complete it first" in waits.err) == (1, True), waits


def die(box: UpFolder, aws: ServedEngine, moment: int, *words: str) -> None:
    """Run a move that dies at a moment (`killed_command.py`)."""
    program = [sys.executable, "-m", "tests.acceptance.killed_command", str(moment), "move", *words, "--yes"]
    variables = {"AWS_ENDPOINT_URL": aws.url, "AWS_REGION": REGION, "LAMPLIGHTER_DATA": str(box.data)}
    environment = {**command_environment(**variables), "PYTHONPATH": str(Path(__file__).parents[3])}
    died = subprocess.run(program, cwd=box.folder, env=environment, check=False, capture_output=True)
    assert died.returncode == -signal.SIGKILL, died


def test_jobs_do_not_move_back_before_the_time_of_the_handover_which_can_be_changed(
    box: UpFolder, aws: ServedEngine
) -> None:
    assert command(box, aws, "move", "--to", "aws", "--at", from_now(120), "--yes").code == 0
    planned = schedule(box)["EndDate"]
    back = command(box, aws, "move", "--to", "box", "--yes")
    assert (back.code, "begins only at" in back.err) == (1, True), back
    assert schedule(box)["EndDate"] == planned == schedule(aws)["StartDate"]
    assert command(box, aws, "move", "--to", "aws", "--at", from_now(60), "--yes").code == 0
    assert planned > schedule(box)["EndDate"] == schedule(aws)["StartDate"]


def test_a_move_back_waits_until_the_move_is_complete(box: UpFolder, aws: ServedEngine) -> None:
    die(box, aws, 6, "--to", "aws")
    back = command(box, aws, "move", "--to", "box", "--yes")
    assert (back.code, "is not complete" in back.err) == (1, True), back
    assert command(box, aws, "move", "--to", "aws", "--yes").code == 0


def test_two_moves_of_a_box_do_not_run_at_once(box: UpFolder, aws: ServedEngine) -> None:
    with HandoverFile(box.data, "home").locked():
        refused = command(box, aws, "move", "--to", "aws", "--yes")
    assert (refused.code, "is under way" in refused.err) == (1, True), refused


def test_a_box_without_an_engine_does_not_wait_while_aws_waits(box: UpFolder, aws: ServedEngine) -> None:
    die(box, aws, 3, "--to", "aws")
    box.kill()
    assert command(box, aws, "move", "--to", "box", "--yes").code == 1
    box.up_and_apply()
    assert schedule(box)["State"] == "ENABLED"
    assert command(box, aws, "move", "--to", "aws", "--yes").code == 0


def test_a_move_goes_on_after_the_stack_on_aws_was_destroyed(box: UpFolder, aws: ServedEngine) -> None:
    assert command(box, aws, "move", "--to", "aws", "--yes").code == 0
    assert command(box, aws, "destroy", "--aws", "--yes").code == 0
    assert command(box, aws, "move", "--to", "aws", "--yes").code == 0
    assert schedule(aws)["State"] == "ENABLED"


def test_jobs_that_the_file_disables_move_and_can_be_enabled_afterwards(home: UpFolder, aws: ServedEngine) -> None:
    home.write(JOBS.replace("image: busybox,", "image: busybox, enabled: false,"))
    home.up_and_apply()
    assert command(home, aws, "move", "--to", "aws", "--yes").code == 0
    before = len(home.lines)
    home.write(JOBS)
    home.wait_until_applied(before)
    deployed = command(home, aws, "deploy", "--yes")
    assert (deployed.code, "wait for a move" in deployed.err) == (0, False), deployed
    assert (schedule(home)["State"], schedule(aws)["State"]) == ("DISABLED", "ENABLED")


def test_a_job_that_is_removed_and_added_again_after_a_move_runs(box: UpFolder, aws: ServedEngine) -> None:
    ends = HandoverFile(box.data, "home")
    assert command(box, aws, "move", "--to", "aws", "--yes").code == 0
    for jobs in (JOBS.replace("weekly", "monthly"), JOBS):
        before = len(box.lines)
        box.write(jobs)
        box.wait_until_applied(before)
        assert command(box, aws, "deploy", "--yes").code == 0
    assert ends.read() is not None
    assert (schedule(aws, "weekly")["State"], schedule(aws, "weekly").get("StartDate")) == ("ENABLED", None)


@pytest.mark.parametrize(("role", "state"), [("begins", "ENABLED"), ("ends", "DISABLED")])
def test_a_job_that_is_added_again_to_a_box_long_after_a_move_is_created(
    home: UpFolder, role: Literal["begins", "ends"], state: str
) -> None:
    date = "2026-01-01T00:00:59Z"
    journal = HandoverFile(home.data, "home")
    home.write(JOBS.replace("weekly", "monthly"))
    journal.write(Handover(role, date, {"home-weekly": date}))
    journal.complete()
    home.up_and_apply()
    before = len(home.lines)
    home.write(JOBS)
    home.wait_until_applied(before)
    assert schedule(home, "weekly")["State"] == state
    found = journal.read()
    assert (journal.is_done, found and (found.role, found.dates)) == (True, (role, {}))


def test_a_backup_holds_the_handover_and_an_unreadable_one_stops_what_would_run_twice(
    box: UpFolder, aws: ServedEngine, tmp_path: Path
) -> None:
    HandoverFile(box.data, "home").write(Handover("waits"))
    write_backup_file(Backup(box.data, lambda: 0), tmp_path / "backup.tar.gz", overwrite=False)
    restored = run_command(tmp_path, "restore", str(tmp_path / "backup.tar.gz"), "--data", str(tmp_path / "restored"))
    assert restored.code == 0, restored
    assert HandoverFile(tmp_path / "restored", "home").read() == Handover("waits")
    assert HandoverFile(tmp_path / "restored", "other").read() is None
    before = len(box.lines)
    (box.data / HANDOVER).write_text("{")
    box.wait_for_line("says whether the jobs moved to AWS", before)
    refused = command(box, aws, "move", "--to", "aws", "--yes")
    assert (refused.code, "says whether the jobs moved" in refused.err) == (1, True), refused
