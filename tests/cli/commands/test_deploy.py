"""`deploy`, `diff` and `destroy`, typed: into an account at moto, and into an engine of ours."""

import json
import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import cast

import pytest
import typer
from botocore.exceptions import ClientError
from rich.console import Console
from typer.testing import CliRunner

from lamplighter.base.json_text import Json
from lamplighter.cli.app import build_app
from lamplighter.cli.deploy import change_set, follow_stack, stacks, stop_runs
from lamplighter.cli.deploy.prompts import pause_between_polls
from lamplighter.cli.deploy.upload_template import TemplateUpload
from lamplighter.cli.target import Target
from lamplighter.jobs.stack.template import to_compact_json
from tests.cli.aws_account import ANYBODY, NIGHTLY, client, job_file, surroundings, typed
from tests.served_engine import ServedEngine, eventually

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
ENDLESS = """
    project: reports
    jobs:
      endless: {command: exec sleep 1000, timeout: 1h, schedule: 'cron(0 3 * * ? *)'}
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ServedEngine]:
    served = ServedEngine(tmp_path / "data")
    served.up()
    yield served
    served.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    job_file(tmp_path, NIGHTLY)
    return tmp_path


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "lamplighter.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def carried_on(engine: ServedEngine) -> AbstractContextManager[None]:
    return follow_stack.explain_interrupt("the deployment of reports", "reports", Target(engine.url, "us-east-1"))


def machines(url: str) -> Json:
    sfn = client(url, "stepfunctions")
    found = sfn.list_state_machines()["stateMachines"]
    return {each["name"]: sfn.describe_state_machine(stateMachineArn=each["stateMachineArn"]) for each in found}


def test_a_file_is_deployed_then_a_change_shows_in_diff_then_it_updates_then_it_goes(aws: str, folder: Path) -> None:
    at = ("--endpoint-url", aws)
    before = typed(folder, "diff", *at)
    assert (before.code, before.err) == (1, "")
    assert "reports is not deployed" in before.out
    assert "+ job reports-nightly" in before.out

    made = typed(folder, "deploy", "--yes", *at)
    assert made.code == 0, made.err
    assert "CREATE_COMPLETE" in made.out
    assert '"MaxAttempts": 1' in machines(aws)["reports-nightly"]["definition"]
    assert typed(folder, "diff", *at).code == 0

    change(folder, "cron(0 3", "cron(0 4")
    change(folder, "attempts: 1", "attempts: 2")
    shown = typed(folder, "diff", *at)
    assert shown.code == 1
    assert "ScheduleExpression: cron(0 3 * * ? *) → cron(0 4 * * ? *)" in shown.out
    assert '-          "MaxAttempts": 1' in shown.out
    assert '+          "MaxAttempts": 2' in shown.out
    assert " to change" in shown.out

    updated = typed(folder, "deploy", "--yes", *at)
    assert updated.code == 0, updated.err
    assert '"MaxAttempts": 2' in machines(aws)["reports-nightly"]["definition"]
    again = typed(folder, "deploy", *at)
    assert (again.code, again.err) == (0, "")
    assert "nothing to do" in again.out

    gone = typed(folder, "destroy", "--yes", *at)
    assert gone.code == 0, gone.err
    assert machines(aws) == {}
    assert "nothing to do" in typed(folder, "destroy", *at).out


def test_the_first_cluster_of_an_account_finds_the_role_that_ecs_needs(aws: str, folder: Path) -> None:
    at, iam = ("--endpoint-url", aws), client(aws, "iam")
    assert typed(folder, "deploy", *at).code == 2
    assert iam.list_roles(PathPrefix="/aws-service-role/")["Roles"] == []
    made = typed(folder, "deploy", "--yes", *at)
    assert (made.code, "created the role AWSServiceRoleForECS" in made.out) == (0, True)
    assert len(iam.list_roles(PathPrefix="/aws-service-role/")["Roles"]) == 1
    assert typed(folder, "destroy", "--yes", *at).code == 0
    again = typed(folder, "deploy", "--yes", *at)
    assert (again.code, again.err, "created the role" in again.out) == (0, "", False)


def test_the_same_verbs_deploy_to_an_engine_of_ours(engine: ServedEngine, folder: Path) -> None:
    at = ("--endpoint-url", engine.url)
    made = typed(folder, "deploy", "--yes", *at)
    assert made.code == 0, made.err
    assert "job NightlyMachine" in made.out
    assert engine.client("scheduler").get_schedule(Name="reports-nightly", GroupName="reports")["State"] == "ENABLED"
    assert typed(folder, "diff", *at).code == 0
    (stack,) = engine.client("cloudformation").describe_stacks(StackName="reports")["Stacks"]
    assert {"ParameterKey": "ConsoleUrl", "ParameterValue": engine.url} in stack["Parameters"]

    change(folder, "cron(0 3", "cron(0 4")
    assert typed(folder, "diff", *at).code == 1
    assert typed(folder, "deploy", "--yes", *at).code == 0
    found = engine.client("scheduler").get_schedule(Name="reports-nightly", GroupName="reports")
    assert found["ScheduleExpression"] == "cron(0 4 * * ? *)"
    assert "nothing to do" in typed(folder, "deploy", *at).out

    assert typed(folder, "destroy", "--yes", *at).code == 0
    assert machines(engine.url) == {}


def test_a_job_without_an_image_runs_on_an_engine_in_the_folder_of_its_file(engine: ServedEngine, folder: Path) -> None:
    job_file(folder, "project: reports\njobs:\n  here: {command: 'pwd > told', timeout: 1h}\n")
    made = typed(folder, "deploy", "--yes", "--endpoint-url", engine.url)
    assert made.code == 0, made.err
    assert "Vpc" not in made.out
    run = engine.start("arn:aws:states:us-east-1:123456789012:stateMachine:reports-here")
    assert engine.ended(run)["status"] == "SUCCEEDED"
    assert (folder / "told").read_text().strip() == str(folder)


def test_a_deployment_that_fails_is_taken_back_and_says_why_and_the_next_one_clears_it_away(
    engine: ServedEngine, folder: Path
) -> None:
    at = ("--endpoint-url", engine.url)
    engine.client("scheduler").create_schedule_group(Name="reports")
    failed = typed(folder, "deploy", "--yes", *at)
    assert failed.code == 1
    assert "Schedules (AWS::Scheduler::ScheduleGroup) failed: " in failed.err
    assert "could not be created, and was rolled back: ROLLBACK_COMPLETE" in failed.err

    engine.client("scheduler").delete_schedule_group(Name="reports")
    made = typed(folder, "deploy", "--yes", *at)
    assert made.code == 0, made.err
    assert "its empty stack has to be deleted first" in made.out


def test_a_deployment_whose_queue_was_deleted_a_moment_ago_says_so_waits_and_is_done(
    engine: ServedEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for name, value in ANYBODY.items():
        monkeypatch.setenv(name, value)
    at = ("--endpoint-url", engine.url)
    assert typed(folder, "deploy", "--yes", *at).code == 0
    assert typed(folder, "destroy", "--yes", *at).code == 0
    rests: list[float] = []

    def skip_the_wait(seconds: float) -> None:
        """Let SQS forget the name, as time would."""
        rests.append(seconds)
        with closing(sqlite3.connect(folder / "data" / "lamplighter.db")) as database, database:
            database.execute("DELETE FROM sqs_deleted")

    monkeypatch.setattr("lamplighter.cli.commands.deploy.sleep", skip_the_wait)
    done = CliRunner().invoke(build_app("deploy"), ["deploy", "--yes", *at])
    assert (done.exit_code, done.stderr, len(rests)) == (0, "", 1)
    assert "SQS reserves the name of a deleted queue for a minute (" in done.stdout
    assert "reports is deployed to" in done.stdout


def test_what_is_left_of_a_failed_deployment_goes_only_if_it_is_wanted(engine: ServedEngine, folder: Path) -> None:
    at = ("--endpoint-url", engine.url)
    engine.client("scheduler").create_schedule_group(Name="reports")
    assert typed(folder, "deploy", "--yes", *at).code == 1
    unasked = typed(folder, "deploy", *at)
    assert (unasked.code, "its empty stack has to be deleted first" in unasked.out) == (2, True)
    assert engine.client("cloudformation").describe_stacks()["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"


@pytest.mark.parametrize(("verb", "code"), [("diff", 2), ("deploy", 1), ("destroy", 1)])
def test_what_is_left_of_somebody_else_s_failed_stack_is_not_touched(
    engine: ServedEngine, folder: Path, verb: str, code: int
) -> None:
    engine.client("scheduler").create_schedule_group(Name="taken")
    group = {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": "taken"}}
    cloudformation = engine.client("cloudformation")
    cloudformation.create_stack(StackName="reports", TemplateBody=json.dumps({"Resources": {"Group": group}}))

    def taken_back() -> bool:
        return bool(cloudformation.describe_stacks()["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE")

    eventually(taken_back)
    options = () if verb == "diff" else ("--yes",)
    refused = typed(folder, verb, *options, "--endpoint-url", engine.url)
    assert (refused.code, "the stack reports was not created by lamplighter" in refused.err) == (code, True)
    assert taken_back()


def begun(engine: ServedEngine, folder: Path) -> str:
    """Deploy an endless job and begin a run of it; its ARN, once its task runs."""
    job_file(folder, ENDLESS)
    assert typed(folder, "deploy", "--yes", "--endpoint-url", engine.url).code == 0
    run = engine.start("arn:aws:states:us-east-1:123456789012:stateMachine:reports-endless", name="monday")
    eventually(lambda: engine.ecs.list_tasks(cluster="reports")["taskArns"])
    return run


def test_destroy_stops_the_runs_that_go_on_before_it_deletes_anything(engine: ServedEngine, folder: Path) -> None:
    run = begun(engine, folder)
    gone = typed(folder, "destroy", "--yes", "--endpoint-url", engine.url)
    assert gone.code == 0, gone.err
    assert gone.out.index("stopped reports-endless:monday") < gone.out.index("DELETE_IN_PROGRESS")
    assert engine.sfn.describe_execution(executionArn=run)["status"] == "ABORTED"
    assert machines(engine.url) == {}


def test_the_question_before_a_deletion_names_the_runs_that_it_stops(engine: ServedEngine, folder: Path) -> None:
    run = begun(engine, folder)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "lamplighter", "destroy", "--endpoint-url", engine.url]
    with subprocess.Popen(command, cwd=folder, env=surroundings(), stdin=theirs, stdout=subprocess.PIPE) as asked:
        os.write(ours, b"n\n")
        out, _ = asked.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert (asked.returncode, b"Stop reports-endless:monday and delete reports from" in out) == (1, True)
    assert engine.sfn.describe_execution(executionArn=run)["status"] == "RUNNING"


def test_while_runs_are_stopped_no_schedule_begins_another_and_no_task_is_left(
    engine: ServedEngine, folder: Path
) -> None:
    begun(engine, folder)
    own = ["sh", "-c", "exec sleep 1000"]
    engine.ecs.run_task(cluster="reports", taskDefinition=engine.task("by-hand", own), networkConfiguration=NETWORK)
    where = Target(engine.url, "us-east-1")
    stack = stacks.find_stack(where.client("cloudformation"), "reports")
    assert stack is not None
    found = stop_runs.find_run_sources(where, stack)
    assert "reports-endless:monday, the task " in found.find_running().names
    stop_runs.stop_all(found, Console(), lambda: pause_between_polls(where))
    assert found.find_running() == stop_runs.RunsAndTasks()
    schedule = engine.client("scheduler").get_schedule(Name="reports-endless", GroupName="reports")
    assert (schedule["State"], schedule["ScheduleExpression"]) == ("DISABLED", "cron(0 3 * * ? *)")


def test_an_update_that_fails_leaves_things_as_they_were(engine: ServedEngine, folder: Path) -> None:
    at = ("--endpoint-url", engine.url)
    assert typed(folder, "deploy", "--yes", *at).code == 0
    engine.machine({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, "reports-other")
    change(folder, "  nightly:", "  other: {image: x, timeout: 1h, network: {subnets: [a]}}\n  nightly:")
    failed = typed(folder, "deploy", "--yes", *at)
    assert failed.code == 1
    assert "OtherMachine (AWS::StepFunctions::StateMachine) failed: " in failed.err
    assert "reports was rolled back to its earlier state: UPDATE_ROLLBACK_COMPLETE" in failed.err
    change(folder, "  other: {image: x, timeout: 1h, network: {subnets: [a]}}\n", "")
    assert "nothing to do" in typed(folder, "deploy", *at).out


def test_what_a_killed_deployment_left_is_gone_on_with_or_deleted(engine: ServedEngine, folder: Path) -> None:
    at = ("--endpoint-url", engine.url)
    cloudformation = engine.client("cloudformation")

    def leave() -> None:
        template = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
        cloudformation.create_change_set(
            StackName="reports", ChangeSetName="left", ChangeSetType="CREATE", TemplateBody=template
        )

    leave()
    assert typed(folder, "destroy", "--yes", *at).code == 0
    assert cloudformation.describe_stacks()["Stacks"] == []
    leave()
    assert typed(folder, "diff", *at).code == 1
    made = typed(folder, "deploy", "--yes", *at)
    assert (made.code, "CREATE_COMPLETE" in made.out) == (0, True)


def test_logs_can_be_kept_and_the_next_deployment_goes_on_with_them(engine: ServedEngine, folder: Path) -> None:
    at = ("--endpoint-url", engine.url)
    # Without schedules and alerts there is no queue, which SQS lets nobody make again within a minute.
    change(folder, "schedule: cron(0 3 * * ? *)", "")
    change(folder, ", notify: ops}", "}")
    assert typed(folder, "deploy", "--yes", *at).code == 0
    logs, name = engine.client("logs"), "/lamplighter/reports/nightly"
    logs.create_log_stream(logGroupName=name, logStreamName="of the first")
    gone = typed(folder, "destroy", "--yes", "--keep-logs", *at)
    assert gone.code == 0, gone.err
    assert f"kept: the log {name}" in gone.out
    assert [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]] == [name]
    again = typed(folder, "deploy", "--yes", *at)
    assert again.code == 0, again.err
    assert [each["logStreamName"] for each in logs.describe_log_streams(logGroupName=name)["logStreams"]] == [
        "of the first"
    ]
    assert typed(folder, "diff", *at).code == 0
    assert typed(folder, "destroy", "--yes", "--delete-logs", *at).code == 0
    assert logs.describe_log_groups()["logGroups"] == []


def test_nothing_is_changed_where_nobody_can_be_asked(aws: str, folder: Path) -> None:
    at = ("--endpoint-url", aws)
    unasked = typed(folder, "deploy", *at)
    assert unasked.code == 2
    assert "use --yes" in unasked.err
    assert client(aws, "cloudformation").list_stacks()["StackSummaries"][0]["StackStatus"] == "DELETE_COMPLETE"
    assert typed(folder, "deploy", "--yes", *at).code == 0
    assert typed(folder, "destroy", *at).code == 2
    assert sorted(machines(aws)) == ["reports--start", "reports-nightly"]


@pytest.mark.parametrize(("word", "code"), [("y", 0), ("n", 1)])
def test_a_person_is_asked(aws: str, folder: Path, word: str, code: int) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "lamplighter", "deploy", "--endpoint-url", aws]
    with subprocess.Popen(
        command, cwd=folder, env=surroundings(), stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as asked:
        os.write(ours, f"{word}\n".encode())
        out, _ = asked.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert (asked.returncode, b"Deploy reports to" in out) == (code, True)
    assert bool(machines(aws)) is (code == 0)


def test_of_two_at_once_the_one_who_declines_takes_nothing_from_the_other(engine: ServedEngine, folder: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "lamplighter", "deploy", "--endpoint-url", engine.url]
    with subprocess.Popen(
        command, cwd=folder, env=surroundings(PYTHONUNBUFFERED="1"), stdin=theirs, stdout=subprocess.PIPE, text=True
    ) as asked:
        assert asked.stdout is not None
        while "permissions change" not in (line := asked.stdout.readline()):
            assert line, "it asked for nothing"
        assert typed(folder, "deploy", "--yes", "--endpoint-url", engine.url).code == 0
        os.write(ours, b"n\n")
        asked.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert asked.returncode == 1
    assert list(machines(engine.url)) == ["reports-nightly"]


def test_of_two_at_once_the_one_who_comes_second_is_told(engine: ServedEngine, folder: Path) -> None:
    cloudformation = engine.client("cloudformation")
    where = Target(engine.url, "us-east-1")
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    first, second = (
        change_set.create_change_set(
            where, None, "reports", title, template, {}, TemplateUpload(None, None), lambda: None
        )
        for title in ("first", "second")
    )
    assert first is not None
    assert second is not None
    change_set.execute_change_set(cloudformation, first)
    with pytest.raises(change_set.StackChanged, match="the stack was changed in the meantime"):
        change_set.execute_change_set(cloudformation, second)
    change_set.discard_change_set(cloudformation, second)
    assert cloudformation.describe_stacks(StackName="reports")["Stacks"][0]["StackStatus"].startswith("CREATE")


def test_a_change_set_that_may_not_be_carried_out_does_not_stay_behind(engine: ServedEngine, folder: Path) -> None:
    cloudformation = engine.client("cloudformation")
    where = Target(engine.url, "us-east-1")
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    made = change_set.create_change_set(
        where, None, "reports", "first", template, {}, TemplateUpload(None, None), lambda: None
    )
    assert made is not None

    class Denied:
        """CloudFormation that carries nothing out."""

        def __getattr__(self, name: str) -> Json:
            return getattr(cloudformation, name)

        def execute_change_set(self, **_: str) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ExecuteChangeSet")

    with pytest.raises(ClientError, match="AccessDenied"):
        change_set.execute_change_set(Denied(), made)
    assert cloudformation.list_stacks(StackStatusFilter=["REVIEW_IN_PROGRESS"])["StackSummaries"] == []


def test_a_change_set_that_cannot_be_waited_for_does_not_stay_behind(engine: ServedEngine, folder: Path) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    client = engine.client("cloudformation")

    class Pending:
        """CloudFormation that takes its time, and where it is."""

        def client(self, _service: str) -> Json:
            return self

        def __getattr__(self, name: str) -> Json:
            return getattr(client, name)

        def describe_change_set(self, **_: str) -> Json:
            return {"Status": "CREATE_PENDING"}

    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    pending, upload = cast("Target", Pending()), TemplateUpload(None, None)
    with pytest.raises(KeyboardInterrupt):
        change_set.create_change_set(pending, None, "reports", "a", template, {}, upload, interrupted)
    assert client.list_stacks(StackStatusFilter=["REVIEW_IN_PROGRESS"])["StackSummaries"] == []


def test_whoever_interrupts_a_deployment_hears_that_it_goes_on(
    engine: ServedEngine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(folder, "deploy", "--yes", "--endpoint-url", engine.url).code == 0
    cloudformation = engine.client("cloudformation")

    def interrupted() -> None:
        raise KeyboardInterrupt

    course = follow_stack.start_progress(cloudformation, "reports")
    with pytest.raises(typer.Exit) as ended, carried_on(engine):
        follow_stack.follow_stack(cloudformation, "reports", course, 1, Console(), interrupted)
    assert ended.value.exit_code == 130
    assert "the deployment of reports continues without this command" in capsys.readouterr().err


def test_whoever_is_cut_off_from_a_deployment_hears_that_it_goes_on(
    engine: ServedEngine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(folder, "deploy", "--yes", "--endpoint-url", engine.url).code == 0
    cloudformation = engine.client("cloudformation")
    course = follow_stack.start_progress(cloudformation, "reports")
    with pytest.raises(typer.Exit) as ended, carried_on(engine):
        follow_stack.follow_stack(cloudformation, "reports", course, 1, Console(), engine.kill)
    assert ended.value.exit_code == 1
    told = capsys.readouterr().err
    assert "the progress can no longer be read: the engine at" in told
    assert "the deployment of reports continues without this command" in told


def test_a_stack_that_is_protected_is_not_deleted(engine: ServedEngine, folder: Path) -> None:
    at = ("--endpoint-url", engine.url)
    assert typed(folder, "deploy", "--yes", *at).code == 0
    cloudformation = engine.client("cloudformation")
    cloudformation.update_termination_protection(StackName="reports", EnableTerminationProtection=True)
    refused = typed(folder, "destroy", "--yes", *at)
    assert (refused.code, "update-termination-protection --no-enable" in refused.err) == (1, True)
    assert list(machines(engine.url)) == ["reports-nightly"]


def test_errors_of_the_file_stop_it_and_warnings_are_shown(aws: str, folder: Path) -> None:
    change(folder, "timeout: 1h", "late: 4h")
    warned = typed(folder, "deploy", "--yes", "--endpoint-url", aws)
    assert (warned.code, "a run that ends after 3h is never late" in warned.err) == (0, True)
    change(folder, "schedule:", "memory: 1500\n    schedule:")
    stopped = typed(folder, "deploy", "--yes", "--endpoint-url", aws)
    assert (stopped.code, "Fargate does not offer 256 CPU units with 1500 MiB" in stopped.err) == (1, True)


def test_a_stack_of_somebody_else_is_not_touched(aws: str, folder: Path) -> None:
    other = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    client(aws, "cloudformation").create_stack(StackName="reports", TemplateBody=json.dumps(other))
    for verb, code in {"diff": 2, "deploy": 1, "destroy": 1}.items():
        refused = typed(folder, verb, "--endpoint-url", aws)
        assert (refused.code, "the stack reports was not created by lamplighter" in refused.err) == (code, True)


def test_a_template_that_is_too_long_for_a_request_goes_through_a_bucket(aws: str, folder: Path) -> None:
    jobs = "\n".join(f"      job{at}: {{image: x, timeout: 1h, network: {{subnets: [a]}}}}" for at in range(12))
    (folder / "lamplighter.yaml").write_text(f"project: many\njobs:\n{jobs}\n")
    refused = typed(folder, "deploy", "--yes", "--endpoint-url", aws)
    assert (refused.code, "use --bucket" in refused.err) == (1, True)
    client(aws, "s3").create_bucket(Bucket="templates")
    made = typed(folder, "deploy", "--yes", "--bucket", "templates", "--endpoint-url", aws)
    assert made.code == 0, made.err
    assert len(machines(aws)) == 12
    assert typed(folder, "diff", "--endpoint-url", aws).code == 0
    kept = typed(folder, "destroy", "--yes", "--keep-logs", "--endpoint-url", aws)
    assert (kept.code, "use --bucket" in kept.err) == (1, True)
    assert len(machines(aws)) == 12


def test_letters_of_every_script_come_back_as_they_were(aws: str, folder: Path) -> None:
    change(folder, "schedule:", "description: 야간 배치 🌙\n    schedule:")
    assert typed(folder, "deploy", "--yes", "--endpoint-url", aws).code == 0
    assert typed(folder, "diff", "--endpoint-url", aws).code == 0
    assert "야간 배치 🌙" in machines(aws)["reports-nightly"]["definition"]
    assert to_compact_json({"Description": "야간 배치 🌙"}).isascii()


def test_parameters_are_said_once_and_stay(engine: ServedEngine, folder: Path) -> None:
    change(folder, "network: {subnets: [subnet-1], security-groups: [sg-1]}", "")
    at = ("--endpoint-url", engine.url)
    unknown = typed(folder, "deploy", "--yes", "-p", "Subnet=a", *at)
    assert (unknown.code, "the template has no parameter Subnet; it has: " in unknown.err) == (1, True)
    assert typed(folder, "deploy", "--yes", "-p", "Subnets=subnet-7,subnet-8", *at).code == 0
    change(folder, "cron(0 3", "cron(0 4")
    assert "Vpc" not in typed(folder, "diff", *at).out
    assert typed(folder, "deploy", "--yes", *at).code == 0
    (stack,) = engine.client("cloudformation").describe_stacks(StackName="reports")["Stacks"]
    given = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    assert given["Subnets"] == "subnet-7,subnet-8"


def test_changes_can_be_read_by_a_program(aws: str, folder: Path) -> None:
    assert typed(folder, "deploy", "--yes", "--endpoint-url", aws).code == 0
    change(folder, "cron(0 3", "cron(0 4")
    change(folder, "deadline: 3h", "deadline: 3h\n    overlap: skip")
    found = json.loads(typed(folder, "diff", "--json", "--endpoint-url", aws).out)
    assert (found["stack"], found["status"]) == ("reports", "CREATE_COMPLETE")
    by_name = {each["resource"]: each for each in found["changes"]}
    assert by_name["NightlySchedule"]["differences"] == [
        {"path": "ScheduleExpression", "before": "cron(0 3 * * ? *)", "after": "cron(0 4 * * ? *)"}
    ]
    role = by_name["NightlyMachineRole"]
    assert (role["action"], role["permissions"]) == ("change", True)
    machine = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:reports-nightly"
    assert [each["after"] for each in role["differences"]] == [f"allow states:ListExecutions on {machine}"]


def test_without_a_url_it_goes_to_the_account_of_the_credentials(aws: str, folder: Path) -> None:
    made = typed(folder, "deploy", "--yes", AWS_ENDPOINT_URL=aws)
    assert made.code == 0, made.err
    assert "reports is deployed to AWS in us-east-1: CREATE_COMPLETE" in made.out
    assert "nothing to do" in typed(folder, "deploy", "--aws", AWS_ENDPOINT_URL=aws).out
    assert typed(folder, "diff", "--region", "eu-west-1", AWS_ENDPOINT_URL=aws).code == 1
    assert typed(folder, "destroy", "--yes", AWS_ENDPOINT_URL=aws).code == 0
    assert machines(aws) == {}


def test_a_job_without_an_image_is_not_for_aws(folder: Path) -> None:
    change(folder, "image: public.ecr.aws/docker/library/python:3.12", "")
    refused = typed(folder, "deploy", "--yes")
    assert (refused.code, "add `image:` to nightly" in refused.err) == (1, True)


def test_who_has_no_credentials_is_told_so(folder: Path) -> None:
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    refused = typed(folder, "diff", **nobody)
    assert (refused.code, "Traceback" in refused.err) == (2, False)
    assert "credentials" in refused.err


def test_an_engine_that_is_not_there_is_named(folder: Path) -> None:
    refused = typed(folder, "deploy", "--endpoint-url", "http://127.0.0.1:1")
    assert (refused.code, "does not answer" in refused.err) == (1, True)
