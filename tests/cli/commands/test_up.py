"""`lamplighter up` with a job file: its jobs are created, and run."""

import asyncio
import json
import logging
import signal
import socket
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from lamplighter.cli.up import read_source
from lamplighter.cli.up.options import UpOptions
from lamplighter.engine.config import EngineConfig, RuntimeChoice
from lamplighter.engine.engine import Engine
from tests.cli.up_folder import UpFolder, run_lamplighter
from tests.served_engine import ACCOUNT, REGION, eventually

BAD = {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 99_999}}}}


def test_a_job_runs_at_its_time_and_each_run_is_logged_with_its_last_line(home: UpFolder) -> None:
    home.write("""
        hello: {command: "echo one; echo hello from $PWD", schedule: rate(1 minute)}
        never: {command: "true", schedule: "cron(0 3 * * ? *)", timezone: Asia/Seoul, enabled: false}
        later: {command: "true", schedule: "cron(0 3 * * ? *)", timezone: Asia/Seoul}
        asked: {command: "true"}
    """)
    home.up_and_apply()
    home.wait_for_line("hello: started")
    assert home.wait_for_line("hello: succeeded").rstrip().endswith(f"s: hello from {home.folder}")
    assert "+ hello  rate(1 minute), next " in home.wait_for_line("+ hello")
    assert "cron(0 3 * * ? *), next " in home.wait_for_line("+ later")
    assert " 03:00:00 KST, in " in home.wait_for_line("+ later")
    assert "not enabled" in home.wait_for_line("+ never")
    assert "no schedule" in home.wait_for_line("+ asked")


def test_a_failed_attempt_and_a_failed_run_are_logged_with_the_exit_code(home: UpFolder) -> None:
    home.write("""fails: {command: "echo oops >&2; exit 3", retry: {attempts: 1, interval: 1s}}""")
    home.up_and_apply()
    home.start_run("fails")
    assert "exit code 3: oops" in home.wait_for_line("fails: attempt 1 failed")
    home.wait_for_line("fails: attempt 2 failed")
    home.wait_for_line("fails: failed after")


def test_a_skipped_run_is_logged_as_skipped(home: UpFolder) -> None:
    home.write("one: {command: exec sleep 1000, overlap: skip}")
    home.up_and_apply()
    home.start_run("one")
    home.wait_for_line("one: started")
    home.start_run("one")
    assert home.wait_for_line("one: skipped").rstrip().endswith("one: skipped: another run of the job was running")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--data", "/proc/x"],
            "the data directory /proc/x cannot be used (/proc/x: no such file or directory): make it",
        ),
        (["--data", "file/x"], "(file/x: not a directory): make it writable, or name another with --data"),
        (["--host", "300.1.1.1"], "cannot listen on 300.1.1.1: no such address or host is known; 127.0.0.1 is this"),
        (["--host", "192.0.2.1"], "port 0: this machine has no such address: use another --host"),
    ],
)
def test_an_error_at_startup_is_reported_with_advice(tmp_path: Path, options: list[str], message: str) -> None:
    (tmp_path / "file").touch()
    result = run_lamplighter("up", "--port", "0", *options, cwd=tmp_path)
    assert result.code == 1
    assert message in result.err
    assert result.err.count("\n") == 1


def test_a_full_disk_at_startup_is_reported_with_advice(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lock").symlink_to("/dev/full")
    result = run_lamplighter("up", "--port", "0", "--data", "data", "--new", cwd=tmp_path)
    assert (result.code, result.err.count("\n")) == (1, 1)
    assert "cannot be used (data/lock: no space left on device): make room, or name another with --data" in result.err


def test_a_port_in_use_is_reported_with_advice(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        result = run_lamplighter("up", "--port", str(listener.getsockname()[1]), cwd=tmp_path)
    assert (result.code, "use --port with another port, or 0 for any" in result.err) == (1, True)


def test_the_stack_of_a_job_file_has_no_network_resources(home: UpFolder) -> None:
    home.write("a: {image: busybox, schedule: rate(1 hour), notify: ops}", head="channels: {ops: {email: a@b.c}}\n")
    home.up_and_apply()
    pages = home.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName="home")
    types = {each["ResourceType"] for page in pages for each in page["StackResourceSummaries"]}
    assert {kind for kind in types if kind.startswith("AWS::EC2")} == set()
    assert home.describe_stack()["StackStatus"] == "CREATE_COMPLETE"


def test_alerts_link_to_the_engine_s_console(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.up_and_apply()
    assert {"ParameterKey": "ConsoleUrl", "ParameterValue": home.url} in home.describe_stack()["Parameters"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in home.describe_stack()["Outputs"]}
    assert outputs["Console"] == f"{home.url}/runs/"


def test_a_command_channel_runs_in_the_folder_of_the_job_file(home: UpFolder) -> None:
    head = "channels:\n  me: {command: 'cat > told; pwd >> told'}\n"
    home.write("fails: {command: exit 3, notify: me}", head=head)
    home.up_and_apply()
    home.start_run("fails")
    output_file = home.folder / "told"
    text = eventually(
        lambda: (
            output_file.read_text() if output_file.exists() and str(home.folder) in output_file.read_text() else None
        )
    )
    assert "fails failed: exit code 3" in text


def test_a_restart_without_changes_changes_nothing_and_runs_continue(home: UpFolder) -> None:
    home.write("""slow: {command: "while [ ! -e go ]; do sleep 0.05; done"}""")
    url = ("--url", "http://home.example")  # alerts link to it, and the port of a test's engine differs each time
    home.up_and_apply(*url)
    run, stack = home.start_run("slow"), home.describe_stack()
    home.kill()
    home.up_and_apply(*url)
    assert home.describe_stack() == stack
    home.folder.joinpath("go").touch()
    assert home.ended(run)["status"] == "SUCCEEDED"


async def test_an_earlier_run_is_logged_by_its_job_name_before_the_file_is_applied(
    home: UpFolder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write("""slow: {command: "while [ ! -e go ]; do sleep 0.05; done; echo over"}""")
    home.up_and_apply()
    home.start_run("slow")
    home.wait_for_line("slow: started")
    home.kill()
    monkeypatch.setattr(read_source, "QUIET_LOGGERS", {})  # the loggers' levels would persist in later tests
    caplog.set_level(logging.INFO, "lamplighter.jobs")
    job_source = read_source.read_source(UpOptions(home.file, None, (), ()), home.data)
    engine = await Engine.open(EngineConfig(data_directory=home.data, runtime=RuntimeChoice.PROCESS))
    await job_source.reconciler(engine)
    home.folder.joinpath("go").touch()
    await asyncio.to_thread(eventually, lambda: any("slow: succeeded" in line for line in caplog.messages), 60)
    await engine.close()
    (line,) = (line for line in caplog.messages if "slow: succeeded" in line)
    assert line.endswith("s: over")


def test_changes_while_no_engine_ran_are_applied_at_the_next_start(home: UpFolder) -> None:
    home.write("one: {command: 'true'}\ntwo: {command: 'true'}")
    home.up_and_apply()
    home.kill()
    home.write("one: {command: 'true'}\nthree: {command: 'true'}")
    home.up_and_apply()
    assert sorted(home.list_machines()) == ["home-one", "home-three"]


def test_a_rolled_back_stack_of_an_earlier_attempt_is_recreated(home: UpFolder) -> None:
    home.up()
    client = home.client("cloudformation")
    client.create_stack(StackName="home", TemplateBody=json.dumps(BAD))
    eventually(lambda: home.describe_stack()["StackStatus"] == "ROLLBACK_COMPLETE")
    home.kill()
    home.write("one: {command: 'true'}")
    home.up_and_apply()
    assert home.describe_stack()["StackStatus"] == "CREATE_COMPLETE"


def test_a_stack_of_another_tool_is_not_replaced(home: UpFolder) -> None:
    home.up()
    client = home.client("cloudformation")
    client.create_stack(StackName="home", TemplateBody=json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}))
    eventually(lambda: home.describe_stack()["StackStatus"] == "CREATE_COMPLETE")
    home.kill()
    home.write("one: {command: 'true'}")
    home.up(str(home.file))
    assert "the stack home exists and was not created from a job file: rename your project" in home.wait_for_line(
        "error: home:"
    )
    assert home.list_machines() == []


def test_jobs_of_another_file_continue_and_are_reported(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.up_and_apply()
    home.kill()
    home.file = home.folder / "other.yaml"
    home.write("two: {command: 'true'}", project="away")
    home.up_and_apply()
    assert str(home.folder / "lamplighter.yaml") in home.wait_for_line("home, of ")
    assert sorted(home.list_machines()) == ["away-two", "home-one"]


def test_changing_the_region_removes_the_jobs_in_the_earlier_region(
    home: UpFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write("one: {command: 'true'}")
    home.up_and_apply()
    home.kill()
    home.region = "eu-west-1"
    home.up_and_apply()
    home.wait_for_line("home: its jobs in us-east-1 were removed")
    assert home.list_machines() == []


def test_kill_9_during_an_apply_leaves_no_half_applied_file(home: UpFolder) -> None:
    home.write("\n".join(f"job-{number}: {{command: 'true', schedule: rate(1 day)}}" for number in range(8)))
    for _ in range(3):
        home.up(str(home.file))
        eventually(lambda: home.client("cloudformation").list_stacks()["StackSummaries"])
        home.kill()
    home.up_and_apply()
    assert len(home.list_machines()) == 8
    assert home.describe_stack()["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def test_destroy_says_that_a_running_up_creates_its_stack_again(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.up_and_apply()
    result = run_lamplighter("destroy", str(home.file), "--yes", "--endpoint-url", home.url, cwd=home.folder)
    assert f"made home from {home.file}: while it runs with that file, it creates it again" in result.out
    assert result.code == 0


def test_a_second_engine_is_refused_and_the_first_continues(home: UpFolder, tmp_path: Path) -> None:
    home.write("one: {command: 'true'}")
    home.up_and_apply()
    second = run_lamplighter("up", str(home.file), "--data", str(home.data), "--port", "0", cwd=tmp_path)
    assert second.code == 1
    assert str(home.pid) in second.err
    other = run_lamplighter("up", str(home.file), "--data", "other", "--port", str(home.port), cwd=tmp_path)
    assert other.code == 1
    assert "address already in use" in other.err
    assert home.ended(home.start_run("one"))["status"] == "SUCCEEDED"


def test_an_engine_that_cannot_write_its_address_serves_and_writes_it_later(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.up_and_apply()
    home.kill(signal.SIGTERM)
    address = home.data / "address"
    address.mkdir()  # as impossible to write as on a full disk
    home.up_and_apply()
    assert home.ended(home.start_run("one"))["status"] == "SUCCEEDED"
    address.rmdir()
    eventually(address.is_file)
    home.kill(signal.SIGTERM)
    assert not address.exists()


def test_an_engine_has_the_limits_of_aws_and_loses_events_if_its_options_say_so(home: UpFolder) -> None:
    home.write("""fails: {command: "exit 3"}""")
    home.up_and_apply("--aws-limits", "--drop-events", "aws.states")
    assert "no rule gets the events of aws.states (--drop-events)" in home.wait_for_line("--drop-events")
    cloudformation = home.client("cloudformation")
    with pytest.raises(ClientError, match="at 'templateBody' failed to satisfy constraint: Member must have length"):
        cloudformation.validate_template(TemplateBody=json.dumps({**BAD, "Description": "x" * 51_200}))
    queue = home.client("sqs").create_queue(QueueName="ends")["QueueUrl"]
    events = home.client("events")
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.states", "app"]}))
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:ends"
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])
    home.start_run("fails")
    home.wait_for_line("fails: failed")
    events.put_events(Entries=[{"Source": "app", "DetailType": "d", "Detail": "{}"}])
    received = home.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=20)
    assert [json.loads(each["Body"])["source"] for each in received["Messages"]] == ["app"]


def test_an_invalid_file_is_refused_before_anything_is_created(tmp_path: Path) -> None:
    tmp_path.joinpath("lamplighter.yaml").write_text("project: home\njobs:\n  one: {comand: 'true'}\n")
    result = run_lamplighter("up", cwd=tmp_path)
    assert result.code == 1
    assert "lamplighter.yaml:3:9: error: `comand` is not a known key here" in result.err
    assert "did you mean `command`?" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["lamplighter.yaml"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.yaml"], "none.yaml:1:1: error: cannot read this file: no such file or directory"),
        (["--environment", "prod"], "lamplighter.yaml:1:1: error: cannot read this file"),
        (["a.yaml", "--template", "b.json"], "name a job file or --template, not both"),
        (["--parameters", "A=b"], "--parameters needs --template"),
        (["--drop-events", "aws.lambda"], "'aws.lambda' is not one of 'aws.cloudformation', 'aws.cloudwatch', 'aws."),
        (["--template", "none.json"], "none.json cannot be read: no such file or directory"),
    ],
)
def test_an_unreadable_file_or_invalid_options_are_rejected(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = run_lamplighter("up", *arguments, cwd=tmp_path)
    assert result.code in (1, 2)
    assert message in result.err
