"""Logs outlive their job and their stack on AWS, and a job that comes back continues its log."""

from pathlib import Path

from lamplighter.base.json_text import Json, dumps, loads
from tests.cli.aws_account import run_command
from tests.command_process import CommandResult
from tests.served_engine import ServedEngine

STAYING, LEAVING = "/lamplighter/shop/daily", "/lamplighter/shop/old"


def write_jobs(folder: Path, *jobs: str, project: str = "shop") -> None:
    job = "{image: busybox, timeout: 1h, network: {subnets: [subnet-0a1b2c3d]}}"
    (folder / "lamplighter.yaml").write_text(f"project: {project}\njobs: {{{', '.join(f'{n}: {job}' for n in jobs)}}}")


def run(engine: ServedEngine, folder: Path, *words: str) -> CommandResult:
    """Run a command that takes the engine for AWS."""
    return run_command(folder, *words, AWS_ENDPOINT_URL=engine.url, AWS_REGION="us-east-1")


def deploy(engine: ServedEngine, folder: Path, *jobs: str, project: str = "shop") -> CommandResult:
    write_jobs(folder, *jobs, project=project)
    result = run(engine, folder, "deploy", "--yes")
    assert result.code == 0, result
    return result


def write_line(engine: ServedEngine, group: str) -> None:
    logs = engine.client("logs")
    logs.create_log_stream(logGroupName=group, logStreamName="old")
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    event = {"timestamp": found["creationTime"], "message": "hello"}
    logs.put_log_events(logGroupName=group, logStreamName="old", logEvents=[event])


def lines(engine: ServedEngine, group: str) -> list[str]:
    return [each["message"] for each in engine.client("logs").filter_log_events(logGroupName=group)["events"]]


def groups(engine: ServedEngine) -> set[str]:
    found = engine.client("logs").describe_log_groups(logGroupNamePrefix="/lamplighter/")["logGroups"]
    return {each["logGroupName"] for each in found}


def template(engine: ServedEngine) -> Json:
    answer = engine.client("cloudformation").get_template(StackName="shop", TemplateStage="Original")
    body = answer["TemplateBody"]
    return loads(body if isinstance(body, str) else dumps(body))


def update_as_an_earlier_version(engine: ServedEngine) -> None:
    """Give the stack a template in which log groups have no deletion policy."""
    document = template(engine)
    for each in document["Resources"].values():
        if each["Type"] == "AWS::Logs::LogGroup":
            del each["DeletionPolicy"], each["UpdateReplacePolicy"]
            each["Properties"]["RetentionInDays"] = 7
    client = engine.client("cloudformation")
    client.update_stack(StackName="shop", TemplateBody=dumps(document), Capabilities=["CAPABILITY_IAM"])
    client.get_waiter("stack_update_complete").wait(StackName="shop", WaiterConfig={"Delay": 1})


def test_the_log_of_a_removed_job_stays_and_the_job_continues_it_when_it_comes_back(
    engine: ServedEngine, tmp_path: Path
) -> None:
    deploy(engine, tmp_path, "daily", "old")
    write_line(engine, LEAVING)
    removed = deploy(engine, tmp_path, "daily")
    assert f"= log {LEAVING}  OldLog  stays" in removed.out
    assert f"- log {LEAVING}" not in removed.out
    assert "1 to keep" in removed.out
    assert lines(engine, LEAVING) == ["hello"]
    deploy(engine, tmp_path, "daily", "old")
    assert lines(engine, LEAVING) == ["hello"]
    assert run(engine, tmp_path, "diff").code == 0


def test_destroy_keeps_the_logs_unless_the_user_deletes_them(engine: ServedEngine, tmp_path: Path) -> None:
    deploy(engine, tmp_path, "daily", "old")
    destroyed = run(engine, tmp_path, "destroy", "--yes")
    assert destroyed.code == 0, destroyed
    assert f"kept: the log {STAYING}" in destroyed.out
    assert "prune --aws" in destroyed.out
    assert groups(engine) == {STAYING, LEAVING}
    deploy(engine, tmp_path, "daily", "old")
    deleted = run(engine, tmp_path, "destroy", "--yes", "--delete-logs")
    assert f"- log {STAYING}" in deleted.out
    assert groups(engine) == set()


def test_no_log_of_a_stack_that_an_earlier_version_deployed_is_lost(engine: ServedEngine, tmp_path: Path) -> None:
    deploy(engine, tmp_path, "daily", "old")
    update_as_an_earlier_version(engine)
    write_line(engine, LEAVING)
    refused = run(engine, tmp_path, "destroy", "--yes")
    assert (refused.code, "an earlier version deployed shop" in refused.err) == (1, True)
    first = deploy(engine, tmp_path, "daily")
    assert "- job shop-old" in first.out
    assert f"log {LEAVING}" not in first.out
    second = deploy(engine, tmp_path, "daily")
    assert f"= log {LEAVING}  OldLog  stays" in second.out
    assert lines(engine, LEAVING) == ["hello"]
    assert "OldLog" not in template(engine)["Resources"]


def test_prune_deletes_the_logs_that_no_job_needs_and_none_of_another_project(
    engine: ServedEngine, tmp_path: Path
) -> None:
    others = {"/lamplighter/shop-daily/old", "/lamplighter/shopping/old", "/lamplighter/sho/p"}
    for name in others:
        engine.client("logs").create_log_group(logGroupName=name)
    deploy(engine, tmp_path, "daily", "old")
    deploy(engine, tmp_path, "daily")
    shown = run(engine, tmp_path, "prune", "--aws", "--dry-run")
    assert (shown.code, LEAVING in shown.out, STAYING in shown.out) == (0, True, False), shown
    unasked = run(engine, tmp_path, "prune", "--aws")
    assert (unasked.code, "Delete these logs from AWS account" in unasked.err) == (2, True)
    assert groups(engine) == {STAYING, LEAVING, *others}

    pruned = run(engine, tmp_path, "prune", "--aws", "--yes", "--json")
    assert loads(pruned.out) == {"leftLogs": [{"name": LEAVING, "bytes": 0}], "deleted": True}
    assert groups(engine) == {STAYING, *others}
    assert run(engine, tmp_path, "destroy", "--yes").code == 0
    assert run(engine, tmp_path, "prune", "--aws", "--yes").code == 0
    assert groups(engine) == others
    assert "needs: 0" in run(engine, tmp_path, "prune", "--aws").out


def test_prune_leaves_the_log_of_a_job_that_is_not_deployed_yet(engine: ServedEngine, tmp_path: Path) -> None:
    deploy(engine, tmp_path, "daily", "old")
    deploy(engine, tmp_path, "daily")
    write_jobs(tmp_path, "daily", "old")
    assert run(engine, tmp_path, "prune", "--aws", "--yes").code == 0
    assert groups(engine) == {STAYING, LEAVING}
