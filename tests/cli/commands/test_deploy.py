"""`deploy`, `diff` and `destroy` in a subprocess, with an account that moto serves and with a local engine."""

import json
import os
import pty
import sqlite3
import subprocess
import sys
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
from lamplighter.cli.deploy import stop_runs
from lamplighter.cli.deploy.stack import change_set, follow_stack, stacks
from lamplighter.cli.deploy.stack.execute import execute_and_follow
from lamplighter.cli.prompts import pause_between_polls
from lamplighter.cli.target import Target
from lamplighter.jobs.stack.template import to_compact_json
from tests.cli.aws_account import (
    ARTICLE_JOB,
    TEST_CREDENTIALS,
    command_environment,
    make_client,
    run_command,
    write_job_file,
)
from tests.killed_at_end import killed_at_end
from tests.served_engine import ServedEngine, eventually

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
ENDLESS = """
    project: reports
    jobs:
      endless: {command: exec sleep 1000, timeout: 1h, schedule: 'cron(0 3 * * ? *)'}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_job_file(tmp_path, ARTICLE_JOB)
    return tmp_path


def edit_job_file(folder: Path, old: str, new: str) -> None:
    file = folder / "lamplighter.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def explain_interrupt_of_reports(engine: ServedEngine) -> AbstractContextManager[None]:
    return follow_stack.explain_interrupt("the deployment of reports", "reports", Target(engine.url, "us-east-1"))


def describe_machines(url: str) -> Json:
    sfn = make_client(url, "stepfunctions")
    found = sfn.list_state_machines()["stateMachines"]
    return {each["name"]: sfn.describe_state_machine(stateMachineArn=each["stateMachineArn"]) for each in found}


def test_deploy_creates_and_updates_diff_shows_changes_and_destroy_deletes(aws: str, folder: Path) -> None:
    options = ("--endpoint-url", aws)
    before = run_command(folder, "diff", *options)
    assert (before.code, before.err) == (1, "")
    assert "reports is not deployed" in before.out
    assert "+ job reports-nightly" in before.out

    created = run_command(folder, "deploy", "--yes", *options)
    assert created.code == 0, created.err
    assert "CREATE_COMPLETE" in created.out
    assert '"MaxAttempts": 1' in describe_machines(aws)["reports-nightly"]["definition"]
    assert run_command(folder, "diff", *options).code == 0

    edit_job_file(folder, "cron(0 3", "cron(0 4")
    edit_job_file(folder, "attempts: 1", "attempts: 2")
    changes = run_command(folder, "diff", *options)
    assert changes.code == 1
    assert "ScheduleExpression: cron(0 3 * * ? *) → cron(0 4 * * ? *)" in changes.out
    assert '-          "MaxAttempts": 1' in changes.out
    assert '+          "MaxAttempts": 2' in changes.out
    assert " to change" in changes.out

    updated = run_command(folder, "deploy", "--yes", *options)
    assert updated.code == 0, updated.err
    assert '"MaxAttempts": 2' in describe_machines(aws)["reports-nightly"]["definition"]
    again = run_command(folder, "deploy", *options)
    assert (again.code, again.err) == (0, "")
    assert "nothing to do" in again.out

    destroyed = run_command(folder, "destroy", "--yes", *options)
    assert destroyed.code == 0, destroyed.err
    assert describe_machines(aws) == {}
    assert "nothing to do" in run_command(folder, "destroy", *options).out


def test_the_first_deployment_to_an_account_creates_the_service_linked_role_of_ecs(aws: str, folder: Path) -> None:
    options, iam = ("--endpoint-url", aws), make_client(aws, "iam")
    assert run_command(folder, "deploy", *options).code == 2
    assert iam.list_roles(PathPrefix="/aws-service-role/")["Roles"] == []
    created = run_command(folder, "deploy", "--yes", *options)
    assert (created.code, "created the role AWSServiceRoleForECS" in created.out) == (0, True)
    assert len(iam.list_roles(PathPrefix="/aws-service-role/")["Roles"]) == 1
    # moto imports no existing log groups.
    assert run_command(folder, "destroy", "--yes", "--delete-logs", *options).code == 0
    again = run_command(folder, "deploy", "--yes", *options)
    assert (again.code, "created the role" in again.out, "lamplighter: " in again.err) == (0, False, False)


def test_deploy_diff_and_destroy_work_with_a_local_engine(engine: ServedEngine, folder: Path) -> None:
    options = ("--endpoint-url", engine.url)
    created = run_command(folder, "deploy", "--yes", *options)
    assert created.code == 0, created.err
    assert "job NightlyMachine" in created.out
    assert engine.client("scheduler").get_schedule(Name="reports-nightly", GroupName="reports")["State"] == "ENABLED"
    assert run_command(folder, "diff", *options).code == 0
    (stack,) = engine.client("cloudformation").describe_stacks(StackName="reports")["Stacks"]
    assert {"ParameterKey": "ConsoleUrl", "ParameterValue": engine.url} in stack["Parameters"]

    edit_job_file(folder, "cron(0 3", "cron(0 4")
    assert run_command(folder, "diff", *options).code == 1
    assert run_command(folder, "deploy", "--yes", *options).code == 0
    found = engine.client("scheduler").get_schedule(Name="reports-nightly", GroupName="reports")
    assert found["ScheduleExpression"] == "cron(0 4 * * ? *)"
    assert "nothing to do" in run_command(folder, "deploy", *options).out

    assert run_command(folder, "destroy", "--yes", *options).code == 0
    assert describe_machines(engine.url) == {}


def test_a_job_without_an_image_runs_on_an_engine_in_the_folder_of_its_file(engine: ServedEngine, folder: Path) -> None:
    write_job_file(folder, "project: reports\njobs:\n  here: {command: 'pwd > told', timeout: 1h}\n")
    created = run_command(folder, "deploy", "--yes", "--endpoint-url", engine.url)
    assert created.code == 0, created.err
    assert "Vpc" not in created.out
    run = engine.start("arn:aws:states:us-east-1:123456789012:stateMachine:reports-here")
    assert engine.ended(run)["status"] == "SUCCEEDED"
    assert (folder / "told").read_text().strip() == str(folder)


def test_a_failed_deployment_is_rolled_back_with_its_reason_and_the_next_one_deletes_the_empty_stack(
    engine: ServedEngine, folder: Path
) -> None:
    options = ("--endpoint-url", engine.url)
    engine.client("scheduler").create_schedule_group(Name="reports")
    failed = run_command(folder, "deploy", "--yes", *options)
    assert failed.code == 1
    assert "Schedules (AWS::Scheduler::ScheduleGroup) failed: " in failed.err
    assert "could not be created, and was rolled back: ROLLBACK_COMPLETE" in failed.err

    engine.client("scheduler").delete_schedule_group(Name="reports")
    created = run_command(folder, "deploy", "--yes", *options)
    assert created.code == 0, created.err
    assert "its empty stack has to be deleted first" in created.out


def test_a_deployment_waits_until_the_name_of_a_deleted_queue_is_free(
    engine: ServedEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for name, value in TEST_CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    options = ("--endpoint-url", engine.url)
    assert run_command(folder, "deploy", "--yes", *options).code == 0
    assert run_command(folder, "destroy", "--yes", *options).code == 0
    waits: list[float] = []

    def skip_wait(seconds: float) -> None:
        """Delete SQS's record of the deleted queue, which would expire during the wait."""
        waits.append(seconds)
        with closing(sqlite3.connect(folder / "data" / "lamplighter.db")) as database, database:
            database.execute("DELETE FROM sqs_deleted")

    monkeypatch.setattr("lamplighter.cli.deploy.deploy_project.sleep", skip_wait)
    deployed = CliRunner().invoke(build_app("deploy"), ["deploy", "--yes", *options])
    assert (deployed.exit_code, deployed.stderr, len(waits)) == (0, "", 1)
    assert "SQS reserves the name of a deleted queue for a minute (" in deployed.stdout
    assert "reports is deployed to" in deployed.stdout


def test_the_empty_stack_of_a_failed_deployment_is_deleted_only_after_confirmation(
    engine: ServedEngine, folder: Path
) -> None:
    options = ("--endpoint-url", engine.url)
    engine.client("scheduler").create_schedule_group(Name="reports")
    assert run_command(folder, "deploy", "--yes", *options).code == 1
    unconfirmed = run_command(folder, "deploy", *options)
    assert (unconfirmed.code, "its empty stack has to be deleted first" in unconfirmed.out) == (2, True)
    assert engine.client("cloudformation").describe_stacks()["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"


@pytest.mark.parametrize(("command", "code"), [("diff", 2), ("deploy", 1), ("destroy", 1)])
def test_the_failed_stack_of_another_tool_is_not_touched(
    engine: ServedEngine, folder: Path, command: str, code: int
) -> None:
    engine.client("scheduler").create_schedule_group(Name="taken")
    group = {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": "taken"}}
    cloudformation = engine.client("cloudformation")
    cloudformation.create_stack(StackName="reports", TemplateBody=json.dumps({"Resources": {"Group": group}}))

    def is_rolled_back() -> bool:
        return bool(cloudformation.describe_stacks()["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE")

    eventually(is_rolled_back)
    options = () if command == "diff" else ("--yes",)
    refused = run_command(folder, command, *options, "--endpoint-url", engine.url)
    assert (refused.code, "the stack reports was not created by lamplighter" in refused.err) == (code, True)
    assert is_rolled_back()


def start_endless_run(engine: ServedEngine, folder: Path) -> str:
    """Deploy an endless job, start a run of it, and return the run's ARN when its task runs."""
    write_job_file(folder, ENDLESS)
    assert run_command(folder, "deploy", "--yes", "--endpoint-url", engine.url).code == 0
    run = engine.start("arn:aws:states:us-east-1:123456789012:stateMachine:reports-endless", name="monday")
    eventually(lambda: engine.ecs.list_tasks(cluster="reports")["taskArns"])
    return run


def test_destroy_stops_running_runs_before_it_deletes_resources(engine: ServedEngine, folder: Path) -> None:
    run = start_endless_run(engine, folder)
    destroyed = run_command(folder, "destroy", "--yes", "--endpoint-url", engine.url)
    assert destroyed.code == 0, destroyed.err
    assert destroyed.out.index("stopped reports-endless:monday") < destroyed.out.index("DELETE_IN_PROGRESS")
    assert engine.sfn.describe_execution(executionArn=run)["status"] == "ABORTED"
    assert describe_machines(engine.url) == {}


def test_the_prompt_of_destroy_names_the_runs_that_it_will_stop(engine: ServedEngine, folder: Path) -> None:
    run = start_endless_run(engine, folder)
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "lamplighter", "destroy", "--endpoint-url", engine.url]
    started = subprocess.Popen(command, cwd=folder, env=command_environment(), stdin=terminal, stdout=subprocess.PIPE)
    with killed_at_end(started) as process:
        os.write(controller, b"n\n")
        out, _ = process.communicate(timeout=60)
    os.close(controller)
    os.close(terminal)
    assert (process.returncode, b"Stop reports-endless:monday and delete reports from" in out) == (1, True)
    assert engine.sfn.describe_execution(executionArn=run)["status"] == "RUNNING"


def test_stop_all_disables_schedules_and_stops_runs_and_tasks(engine: ServedEngine, folder: Path) -> None:
    start_endless_run(engine, folder)
    command = ["sh", "-c", "exec sleep 1000"]
    engine.ecs.run_task(cluster="reports", taskDefinition=engine.task("by-hand", command), networkConfiguration=NETWORK)
    target = Target(engine.url, "us-east-1")
    stack = stacks.find_stack(target.client("cloudformation"), "reports")
    assert stack is not None
    found = stop_runs.find_run_sources(target, stack)
    assert "reports-endless:monday, the task " in found.find_running().names
    stop_runs.stop_all(found, Console(), lambda: pause_between_polls(target))
    assert found.find_running() == stop_runs.RunsAndTasks()
    schedule = engine.client("scheduler").get_schedule(Name="reports-endless", GroupName="reports")
    assert (schedule["State"], schedule["ScheduleExpression"]) == ("DISABLED", "cron(0 3 * * ? *)")


def test_an_update_that_fails_is_rolled_back(engine: ServedEngine, folder: Path) -> None:
    options = ("--endpoint-url", engine.url)
    assert run_command(folder, "deploy", "--yes", *options).code == 0
    engine.machine({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, "reports-other")
    edit_job_file(folder, "  nightly:", "  other: {image: x, timeout: 1h, network: {subnets: [a]}}\n  nightly:")
    failed = run_command(folder, "deploy", "--yes", *options)
    assert failed.code == 1
    assert "OtherMachine (AWS::StepFunctions::StateMachine) failed: " in failed.err
    assert "reports was rolled back to its earlier state: UPDATE_ROLLBACK_COMPLETE" in failed.err
    edit_job_file(folder, "  other: {image: x, timeout: 1h, network: {subnets: [a]}}\n", "")
    assert "nothing to do" in run_command(folder, "deploy", *options).out


def test_a_change_set_that_a_killed_deployment_left_is_reused_or_deleted(engine: ServedEngine, folder: Path) -> None:
    options = ("--endpoint-url", engine.url)
    cloudformation = engine.client("cloudformation")

    def create_leftover() -> None:
        template = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
        cloudformation.create_change_set(
            StackName="reports", ChangeSetName="left", ChangeSetType="CREATE", TemplateBody=template
        )

    create_leftover()
    assert run_command(folder, "destroy", "--yes", *options).code == 0
    assert cloudformation.describe_stacks()["Stacks"] == []
    create_leftover()
    assert run_command(folder, "diff", *options).code == 1
    created = run_command(folder, "deploy", "--yes", *options)
    assert (created.code, "CREATE_COMPLETE" in created.out) == (0, True)


def test_keep_logs_keeps_the_logs_and_the_next_deployment_reuses_them(engine: ServedEngine, folder: Path) -> None:
    options = ("--endpoint-url", engine.url)
    # Without schedules and alerts, there is no queue. SQS rejects a new queue of the same name for a minute.
    edit_job_file(folder, "schedule: cron(0 3 * * ? *)", "")
    edit_job_file(folder, ", notify: ops}", "}")
    assert run_command(folder, "deploy", "--yes", *options).code == 0
    logs, name = engine.client("logs"), "/lamplighter/reports/nightly"
    logs.create_log_stream(logGroupName=name, logStreamName="of the first")
    destroyed = run_command(folder, "destroy", "--yes", "--keep-logs", *options)
    assert destroyed.code == 0, destroyed.err
    assert f"kept: the log {name}" in destroyed.out
    assert [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]] == [name]
    again = run_command(folder, "deploy", "--yes", *options)
    assert again.code == 0, again.err
    assert [each["logStreamName"] for each in logs.describe_log_streams(logGroupName=name)["logStreams"]] == [
        "of the first"
    ]
    assert run_command(folder, "diff", *options).code == 0
    assert run_command(folder, "destroy", "--yes", "--delete-logs", *options).code == 0
    assert logs.describe_log_groups()["logGroups"] == []


def test_without_a_terminal_and_without_yes_nothing_is_changed(aws: str, folder: Path) -> None:
    options = ("--endpoint-url", aws)
    unconfirmed = run_command(folder, "deploy", *options)
    assert unconfirmed.code == 2
    assert "use --yes" in unconfirmed.err
    stacks = make_client(aws, "cloudformation").list_stacks()["StackSummaries"]
    assert [each for each in stacks if each["StackStatus"] != "DELETE_COMPLETE"] == []
    assert run_command(folder, "deploy", "--yes", *options).code == 0
    assert run_command(folder, "destroy", *options).code == 2
    kept = ["reports--alerts", "reports--failures", "reports--start", "reports-nightly"]
    assert sorted(describe_machines(aws)) == kept


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_deploy_prompts_for_confirmation(aws: str, folder: Path, answer: str, code: int) -> None:
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "lamplighter", "deploy", "--endpoint-url", aws]
    started = subprocess.Popen(
        command, cwd=folder, env=command_environment(), stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with killed_at_end(started) as process:
        os.write(controller, f"{answer}\n".encode())
        out, _ = process.communicate(timeout=60)
    os.close(controller)
    os.close(terminal)
    assert (process.returncode, b"Deploy reports to" in out) == (code, True)
    assert bool(describe_machines(aws)) is (code == 0)


def test_declining_one_of_two_concurrent_deployments_leaves_the_other_intact(
    engine: ServedEngine, folder: Path
) -> None:
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "lamplighter", "deploy", "--endpoint-url", engine.url]
    started = subprocess.Popen(
        command,
        cwd=folder,
        env=command_environment(PYTHONUNBUFFERED="1"),
        stdin=terminal,
        stdout=subprocess.PIPE,
        text=True,
    )
    with killed_at_end(started) as process:
        assert process.stdout is not None
        while "permissions change" not in (line := process.stdout.readline()):
            assert line, "it did not prompt"
        assert run_command(folder, "deploy", "--yes", "--endpoint-url", engine.url).code == 0
        os.write(controller, b"n\n")
        process.communicate(timeout=60)
    os.close(controller)
    os.close(terminal)
    assert process.returncode == 1
    assert list(describe_machines(engine.url)) == ["reports-nightly"]


def test_executing_an_outdated_change_set_is_rejected(engine: ServedEngine, folder: Path) -> None:
    cloudformation = engine.client("cloudformation")
    target = Target(engine.url, "us-east-1")
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    first, second = (
        change_set.create_change_set(target, None, "reports", title, template, {}, None, lambda: None)
        for title in ("first", "second")
    )
    assert first is not None
    assert second is not None
    change_set.execute_change_set(cloudformation, first)
    with pytest.raises(change_set.StackChanged, match="the stack was changed in the meantime"):
        change_set.execute_change_set(cloudformation, second)
    change_set.discard_change_set(cloudformation, second)
    assert cloudformation.describe_stacks(StackName="reports")["Stacks"][0]["StackStatus"].startswith("CREATE")


@pytest.mark.parametrize("is_planned", [False, True])
def test_a_change_set_that_may_not_be_executed_is_deleted_unless_it_is_a_plan(
    engine: ServedEngine, *, is_planned: bool
) -> None:
    cloudformation = engine.client("cloudformation")
    target = Target(engine.url, "us-east-1")
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    created = change_set.create_change_set(target, None, "reports", "first", template, {}, None, lambda: None)
    assert created is not None

    class DenyingClient:
        """A target and CloudFormation client that denies ExecuteChangeSet."""

        def client(self, _service: str) -> Json:
            return self

        def __getattr__(self, name: str) -> Json:
            return getattr(cloudformation, name)

        def execute_change_set(self, **_: str) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ExecuteChangeSet")

    with pytest.raises(ClientError, match="AccessDenied"):
        execute_and_follow("reports", created, cast("Target", DenyingClient()), Console(), keep_refused=is_planned)
    left = cloudformation.list_stacks(StackStatusFilter=["REVIEW_IN_PROGRESS"])["StackSummaries"]
    assert bool(left) is is_planned


def test_a_change_set_is_deleted_if_waiting_for_it_is_interrupted(engine: ServedEngine, folder: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    client = engine.client("cloudformation")

    class PendingClient:
        """A target and CloudFormation client whose change sets stay pending."""

        def client(self, _service: str) -> Json:
            return self

        def __getattr__(self, name: str) -> Json:
            return getattr(client, name)

        def describe_change_set(self, **_: str) -> Json:
            return {"Status": "CREATE_PENDING"}

    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    pending = cast("Target", PendingClient())
    with pytest.raises(KeyboardInterrupt):
        change_set.create_change_set(pending, None, "reports", "a", template, {}, None, interrupt)
    assert client.list_stacks(StackStatusFilter=["REVIEW_IN_PROGRESS"])["StackSummaries"] == []


def test_interrupting_deploy_prints_that_the_deployment_continues(
    engine: ServedEngine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(folder, "deploy", "--yes", "--endpoint-url", engine.url).code == 0
    cloudformation = engine.client("cloudformation")

    def interrupt() -> None:
        raise KeyboardInterrupt

    progress = follow_stack.start_progress(cloudformation, "reports")
    with pytest.raises(typer.Exit) as ended, explain_interrupt_of_reports(engine):
        follow_stack.follow_stack(cloudformation, "reports", progress, 1, Console(), interrupt)
    assert ended.value.exit_code == 130
    assert "the deployment of reports continues without this command" in capsys.readouterr().err


def test_losing_the_connection_during_deploy_prints_that_the_deployment_continues(
    engine: ServedEngine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(folder, "deploy", "--yes", "--endpoint-url", engine.url).code == 0
    cloudformation = engine.client("cloudformation")
    progress = follow_stack.start_progress(cloudformation, "reports")
    with pytest.raises(typer.Exit) as ended, explain_interrupt_of_reports(engine):
        follow_stack.follow_stack(cloudformation, "reports", progress, 1, Console(), engine.kill)
    assert ended.value.exit_code == 1
    error_output = capsys.readouterr().err
    assert "the progress can no longer be read: the engine at" in error_output
    assert "the deployment of reports continues without this command" in error_output


def test_a_stack_with_termination_protection_is_not_deleted(engine: ServedEngine, folder: Path) -> None:
    options = ("--endpoint-url", engine.url)
    assert run_command(folder, "deploy", "--yes", *options).code == 0
    cloudformation = engine.client("cloudformation")
    cloudformation.update_termination_protection(StackName="reports", EnableTerminationProtection=True)
    refused = run_command(folder, "destroy", "--yes", *options)
    assert (refused.code, "update-termination-protection --no-enable" in refused.err) == (1, True)
    assert list(describe_machines(engine.url)) == ["reports-nightly"]


def test_errors_of_the_job_file_stop_deploy_and_warnings_are_printed(aws: str, folder: Path) -> None:
    edit_job_file(folder, "timeout: 1h", "late: 4h")
    warned = run_command(folder, "deploy", "--yes", "--endpoint-url", aws)
    assert (warned.code, "a run that ends after 3h is never late" in warned.err) == (0, True)
    edit_job_file(folder, "schedule:", "memory: 1500\n    schedule:")
    stopped = run_command(folder, "deploy", "--yes", "--endpoint-url", aws)
    assert (stopped.code, "Fargate does not offer 256 CPU units with 1500 MiB" in stopped.err) == (1, True)


def test_a_stack_of_another_tool_is_not_touched(aws: str, folder: Path) -> None:
    other = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    make_client(aws, "cloudformation").create_stack(StackName="reports", TemplateBody=json.dumps(other))
    for command, code in {"diff": 2, "deploy": 1, "destroy": 1}.items():
        refused = run_command(folder, command, "--endpoint-url", aws)
        assert (refused.code, "the stack reports was not created by lamplighter" in refused.err) == (code, True)


def test_a_template_that_is_too_long_for_a_request_is_uploaded_to_a_bucket(aws: str, folder: Path) -> None:
    jobs = "\n".join(f"      job{at}: {{image: x, timeout: 1h, network: {{subnets: [a]}}}}" for at in range(30))
    (folder / "lamplighter.yaml").write_text(f"project: many\njobs:\n{jobs}\n")
    make_client(aws, "s3").create_bucket(Bucket="templates")
    created = run_command(folder, "deploy", "--yes", "--bucket", "templates", "--endpoint-url", aws)
    assert created.code == 0, created.err
    (uploaded,) = make_client(aws, "s3").list_objects_v2(Bucket="templates")["Contents"]
    assert uploaded["Key"].startswith("lamplighter/many/")
    assert len(describe_machines(aws)) == 30
    assert run_command(folder, "diff", "--endpoint-url", aws).code == 0


def test_non_ascii_text_survives_deployment(aws: str, folder: Path) -> None:
    edit_job_file(folder, "schedule:", "description: 야간 배치 🌙\n    schedule:")
    assert run_command(folder, "deploy", "--yes", "--endpoint-url", aws).code == 0
    assert run_command(folder, "diff", "--endpoint-url", aws).code == 0
    assert "야간 배치 🌙" in describe_machines(aws)["reports-nightly"]["definition"]
    assert to_compact_json({"Description": "야간 배치 🌙"}).isascii()


def test_parameters_are_kept_by_later_deployments(aws: str, folder: Path) -> None:
    edit_job_file(folder, "network: {subnets: [subnet-1], security-groups: [sg-1]}", "")
    options = ("--endpoint-url", aws)
    unknown = run_command(folder, "deploy", "--yes", "-p", "Subnet=a", *options)
    assert (unknown.code, "the template has no parameter Subnet; it has: " in unknown.err) == (1, True)
    assert run_command(folder, "deploy", "--yes", "-p", "PublicIp=DISABLED", *options).code == 0
    edit_job_file(folder, "cron(0 3", "cron(0 4")
    assert run_command(folder, "deploy", "--yes", *options).code == 0
    (stack,) = make_client(aws, "cloudformation").describe_stacks(StackName="reports")["Stacks"]
    given = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    assert given["PublicIp"] == "DISABLED"


def test_diff_prints_changes_as_json(aws: str, folder: Path) -> None:
    permission = "{actions: s3:GetObject, resources: 'arn:aws:s3:::in/*'}"
    assert run_command(folder, "deploy", "--yes", "--endpoint-url", aws).code == 0
    edit_job_file(folder, "cron(0 3", "cron(0 4")
    edit_job_file(folder, "deadline: 3h", f"deadline: 3h\n    permissions: [{permission}]")
    found = json.loads(run_command(folder, "diff", "--json", "--endpoint-url", aws).out)
    assert (found["stack"], found["status"]) == ("reports", "CREATE_COMPLETE")
    by_name = {each["resource"]: each for each in found["changes"]}
    assert by_name["NightlySchedule"]["differences"] == [
        {"path": "ScheduleExpression", "before": "cron(0 3 * * ? *)", "after": "cron(0 4 * * ? *)"}
    ]
    role = by_name["NightlyTaskRole"]
    assert (role["action"], role["permissions"]) == ("add", True)


def test_without_an_endpoint_url_deploy_uses_the_account_of_the_credentials(aws: str, folder: Path) -> None:
    created = run_command(folder, "deploy", "--yes", AWS_ENDPOINT_URL=aws)
    assert created.code == 0, created.err
    assert "reports is deployed to AWS in us-east-1: CREATE_COMPLETE" in created.out
    assert "nothing to do" in run_command(folder, "deploy", "--aws", AWS_ENDPOINT_URL=aws).out
    assert run_command(folder, "diff", "--region", "eu-west-1", AWS_ENDPOINT_URL=aws).code == 1
    assert run_command(folder, "destroy", "--yes", AWS_ENDPOINT_URL=aws).code == 0
    assert describe_machines(aws) == {}


def test_a_job_without_an_image_cannot_be_deployed_to_aws(folder: Path) -> None:
    edit_job_file(folder, "image: public.ecr.aws/docker/library/python:3.12", "")
    refused = run_command(folder, "deploy", "--yes")
    assert (refused.code, "add `image:` to nightly" in refused.err) == (1, True)


def test_a_job_file_for_a_box_is_not_deployed_to_aws(folder: Path) -> None:
    edit_job_file(folder, "project: reports", "project: reports\ntarget: box")
    refused = run_command(folder, "deploy", "--yes")
    assert (refused.code, "the job file is for a box: remove `target: box`" in refused.err) == (1, True)


def test_a_size_that_fargate_does_not_offer_is_deployed_to_an_engine(engine: ServedEngine, folder: Path) -> None:
    edit_job_file(folder, "schedule:", "memory: 1500\n    schedule:")
    deployed = run_command(folder, "deploy", "--yes", "--endpoint-url", engine.url)
    assert (deployed.code, "warning: nightly: Fargate does not offer" in deployed.err) == (0, True)


def test_missing_credentials_are_reported(folder: Path) -> None:
    no_credentials = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    refused = run_command(folder, "diff", **no_credentials)
    assert (refused.code, "Traceback" in refused.err) == (2, False)
    assert "credentials" in refused.err


def test_an_unreachable_engine_is_reported(folder: Path) -> None:
    refused = run_command(folder, "deploy", "--endpoint-url", "http://127.0.0.1:1")
    assert (refused.code, "does not answer" in refused.err) == (1, True)


def test_a_role_that_leaves_stays_until_no_run_is_under_way(engine: ServedEngine, folder: Path) -> None:
    (folder / "wait.yaml").write_text("StartAt: Wait\nStates: {Wait: {Type: Wait, Seconds: 3600, End: true}}")
    edit_job_file(folder, "jobs:\n", "jobs:\n  slow: {workflow: wait.yaml, deadline: 2h}\n")
    options, states = ("--yes", "--endpoint-url", engine.url), engine.client("stepfunctions")

    def machine_roles() -> set[str]:
        summaries = engine.client("cloudformation").list_stack_resources(StackName="reports")
        found = {each["LogicalResourceId"] for each in summaries["StackResourceSummaries"]}
        return {each for each in found if each.startswith("MachineRole")}

    assert run_command(folder, "deploy", *options).code == 0
    before = machine_roles()
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:reports-slow"
    run = states.start_execution(stateMachineArn=machine)["executionArn"]
    edit_job_file(folder, "deadline: 3h", "deadline: 3h\n    overlap: skip")
    assert run_command(folder, "deploy", *options).code == 0
    during = machine_roles()
    assert before < during
    assert run_command(folder, "diff", *options[1:]).code == 0
    states.stop_execution(executionArn=run)
    assert run_command(folder, "deploy", *options).code == 0
    assert machine_roles() == during - before
