"""`deploy --plan` now and `deploy --apply` later: exactly the planned changes, once, by anybody with the right."""

import json
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.cli.aws_account import ARTICLE_JOB, run_command, write_job_file
from tests.command_process import CommandResult
from tests.served_engine import ServedEngine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "jobs"
    made.mkdir()
    write_job_file(made, ARTICLE_JOB)
    return made


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder without a job file, as on another person's machine."""
    made = tmp_path / "elsewhere"
    made.mkdir()
    return made


def deploy(engine: ServedEngine, folder: Path, *words: str | Path) -> CommandResult:
    return run_command(folder, "deploy", *map(str, words), "--endpoint-url", engine.url)


def plan(engine: ServedEngine, folder: Path, name: str = "plan.json") -> Path:
    """Plan the deployment of a folder, and return the file."""
    planned = deploy(engine, folder, "--plan", name)
    assert planned.code == 0, planned
    return folder / name


def edit_job_file(folder: Path, hour: int) -> None:
    write_job_file(folder, ARTICLE_JOB.replace("cron(0 3", f"cron(0 {hour}"))


def schedules(engine: ServedEngine) -> Json:
    scheduler = engine.client("scheduler")
    listed = scheduler.list_schedules()["Schedules"]
    return {each["Name"]: scheduler.get_schedule(Name=each["Name"], GroupName="reports") for each in listed}


def stack_statuses(engine: ServedEngine) -> list[str]:
    pages = engine.client("cloudformation").list_stacks()["StackSummaries"]
    return [each["StackStatus"] for each in pages if each["StackStatus"] != "DELETE_COMPLETE"]


def test_a_plan_changes_nothing_and_is_applied_later_without_the_job_file(
    engine: ServedEngine, folder: Path, elsewhere: Path
) -> None:
    planned = deploy(engine, folder, "--plan", elsewhere / "plan.json")
    assert planned.code == 0, planned
    assert "+ job reports-nightly" in planned.out
    assert "permissions change" in planned.out
    assert "nothing that runs has changed" in planned.out
    assert (schedules(engine), stack_statuses(engine)) == ({}, ["REVIEW_IN_PROGRESS"])
    document = json.loads((elsewhere / "plan.json").read_text())
    assert (document["stack"], document["account"], document["region"]) == ("reports", "123456789012", "us-east-1")
    assert document["planned_by"].startswith("arn:aws:")
    assert any(each["permissions"] and each["differences"] for each in document["changes"])

    edit_job_file(folder, 5)
    asked = deploy(engine, elsewhere, "--apply", "plan.json")
    assert (asked.code, "+ job reports-nightly" in asked.out, "planned it at" in asked.err) == (2, True, True), asked
    applied = deploy(engine, elsewhere, "--apply", "plan.json", "--yes")
    assert (applied.code, "reports is deployed to" in applied.out) == (0, True), applied
    assert schedules(engine)["reports-nightly"]["ScheduleExpression"] == "cron(0 3 * * ? *)"
    again = deploy(engine, elsewhere, "--apply", "plan.json", "--yes")
    assert (again.code, "the plan was applied already" in again.err) == (1, True), again
    late = deploy(engine, elsewhere, "--discard", "plan.json")
    assert (late.code, "the plan was applied already" in late.err) == (1, True), late


def test_a_plan_is_refused_after_another_deployment(engine: ServedEngine, folder: Path) -> None:
    assert deploy(engine, folder, "--yes").code == 0
    edit_job_file(folder, 4)
    first = plan(engine, folder, "first.json")
    second = plan(engine, folder, "second.json")
    assert deploy(engine, folder, "--apply", second, "--yes").code == 0
    refused = deploy(engine, folder, "--apply", first, "--yes")
    assert (refused.code, "another deployment replaced it: plan again" in refused.err) == (1, True), refused


def test_a_plan_is_refused_after_the_stack_was_changed_without_a_change_set(engine: ServedEngine, folder: Path) -> None:
    assert deploy(engine, folder, "--yes").code == 0
    edit_job_file(folder, 4)
    file = plan(engine, folder)
    client = engine.client("cloudformation")
    client.update_stack(
        StackName="reports", UsePreviousTemplate=True, Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": "ConsoleUrl", "ParameterValue": "http://other"}],
    )  # fmt: skip
    client.get_waiter("stack_update_complete").wait(StackName="reports", WaiterConfig={"Delay": 1})
    refused = deploy(engine, folder, "--apply", file, "--yes")
    assert (refused.code, "the stack was changed after it was planned" in refused.err) == (1, True), refused
    assert schedules(engine)["reports-nightly"]["ScheduleExpression"] == "cron(0 3 * * ? *)"
    assert deploy(engine, folder, "--discard", file).code == 0


def test_a_discarded_plan_leaves_no_empty_stack(engine: ServedEngine, folder: Path, elsewhere: Path) -> None:
    file = plan(engine, folder)
    discarded = deploy(engine, elsewhere, "--discard", file)
    assert (discarded.code, stack_statuses(engine)) == (0, []), discarded
    refused = deploy(engine, elsewhere, "--apply", file, "--yes")
    assert (refused.code, "the plan was discarded" in refused.err) == (1, True), refused


@pytest.mark.parametrize("key", ["stack", "change_set", "summary", "account", "checksum"])
def test_an_edited_plan_is_refused(engine: ServedEngine, folder: Path, key: str) -> None:
    file = plan(engine, folder)
    file.write_text(json.dumps({**json.loads(file.read_text()), key: "other"}))
    refused = deploy(engine, folder, "--apply", file, "--yes")
    assert (refused.code, "was edited: plan again" in refused.err) == (1, True), refused
    assert stack_statuses(engine) == ["REVIEW_IN_PROGRESS"]


@pytest.mark.parametrize(("text", "reason"), [(None, "cannot be read"), ("[]", "is no plan"), ("{", "is no plan")])
def test_a_file_that_is_no_plan_is_refused(tmp_path: Path, text: str | None, reason: str) -> None:
    if text is not None:
        (tmp_path / "plan.json").write_text(text)
    refused = run_command(tmp_path, "deploy", "--apply", "plan.json", "--yes")
    assert (refused.code, reason in refused.err) == (1, True), refused


def test_a_plan_is_applied_in_no_other_region_and_no_other_account(
    engine: ServedEngine, aws: str, folder: Path
) -> None:
    file = plan(engine, folder)
    elsewhere = deploy(engine, folder, "--apply", file, "--yes", "--region", "eu-west-1")
    assert (elsewhere.code, "not 123456789012 in eu-west-1" in elsewhere.err) == (1, True), elsewhere
    of_aws = run_command(folder, "deploy", "--apply", str(file), "--region", "eu-west-1", AWS_ENDPOINT_URL=aws)
    assert (of_aws.code, "--region eu-west-1 contradicts" in " ".join(of_aws.err.split())) == (1, True), of_aws


def test_a_plan_that_cannot_be_written_leaves_nothing_behind(engine: ServedEngine, folder: Path) -> None:
    refused = deploy(engine, folder, "--plan", "missing/plan.json")
    assert (refused.code, "missing/plan.json cannot be written" in refused.err) == (1, True), refused
    assert stack_statuses(engine) == []


def test_without_changes_there_is_no_plan(engine: ServedEngine, folder: Path) -> None:
    assert deploy(engine, folder, "--yes").code == 0
    planned = deploy(engine, folder, "--plan", "plan.json")
    assert (planned.code, "nothing to do" in planned.out, (folder / "plan.json").exists()) == (0, True, False)


def test_plan_apply_and_discard_exclude_each_other(folder: Path) -> None:
    refused = run_command(folder, "deploy", "--plan", "a", "--apply", "b")
    assert (refused.code, "use one of --plan, --apply and --discard" in refused.err) == (2, True), refused
