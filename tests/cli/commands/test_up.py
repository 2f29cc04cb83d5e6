"""`lamplighter up` with a job file: what it says comes to be there, and runs."""

import asyncio
import json
import logging
import socket
from pathlib import Path

import pytest

from lamplighter.cli.up import source
from lamplighter.cli.up.options import UpOptions
from lamplighter.engine.config import EngineConfig, RuntimeChoice
from lamplighter.engine.engine import Engine
from tests.cli.up_folder import UpFolder, lamplighter
from tests.served_engine import eventually

BAD = {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 99_999}}}}


def test_a_job_runs_at_its_time_and_each_run_is_told_with_the_last_that_it_said(home: UpFolder) -> None:
    home.write("""
        hello: {command: "echo one; echo hello from $PWD", schedule: rate(1 minute)}
        never: {command: "true", schedule: "cron(0 3 * * ? *)", timezone: Asia/Seoul, enabled: false}
        later: {command: "true", schedule: "cron(0 3 * * ? *)", timezone: Asia/Seoul}
        asked: {command: "true"}
    """)
    home.keep()
    home.says("hello: started")
    assert home.says("hello: succeeded").rstrip().endswith(f"s: hello from {home.folder}")
    assert "+ hello  rate(1 minute), next " in home.says("+ hello")
    assert "cron(0 3 * * ? *), next " in home.says("+ later")
    assert " 03:00:00 KST, in " in home.says("+ later")
    assert "not enabled" in home.says("+ never")
    assert "no schedule" in home.says("+ asked")


def test_an_attempt_that_fails_and_a_run_that_fails_are_told_with_their_exit_code(home: UpFolder) -> None:
    home.write("""fails: {command: "echo oops >&2; exit 3", retry: {attempts: 1, interval: 1s}}""")
    home.keep()
    home.run("fails")
    assert "exit code 3: oops" in home.says("fails: attempt 1 failed")
    home.says("fails: attempt 2 failed")
    home.says("fails: failed after")


def test_a_run_that_is_skipped_beside_another_one_is_told_so(home: UpFolder) -> None:
    home.write("one: {command: exec sleep 1000, overlap: skip}")
    home.keep()
    home.run("one")
    home.says("one: started")
    home.run("one")
    assert home.says("one: skipped").rstrip().endswith("one: skipped: another run of the job was running")


@pytest.mark.parametrize(
    ("options", "why"),
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
def test_what_keeps_it_from_starting_is_told_with_what_to_do(tmp_path: Path, options: list[str], why: str) -> None:
    (tmp_path / "file").touch()
    told = lamplighter("up", "--port", "0", *options, cwd=tmp_path)
    assert told.returncode == 1
    assert why in told.stderr
    assert told.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_answered_with_how_to_take_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = lamplighter("up", "--port", str(taken.getsockname()[1]), cwd=tmp_path)
    assert (told.returncode, "use --port with another port, or 0 for any" in told.stderr) == (1, True)


def test_a_stack_of_jobs_comes_up_without_a_network(home: UpFolder) -> None:
    home.write("a: {image: busybox, schedule: rate(1 hour), notify: ops}", head="channels: {ops: {email: a@b.c}}\n")
    home.keep()
    pages = home.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName="home")
    types = {each["ResourceType"] for page in pages for each in page["StackResourceSummaries"]}
    assert {kind for kind in types if kind.startswith("AWS::EC2")} == set()
    assert home.stack()["StackStatus"] == "CREATE_COMPLETE"


def test_alerts_lead_to_the_console_of_the_engine(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.keep()
    assert {"ParameterKey": "ConsoleUrl", "ParameterValue": home.url} in home.stack()["Parameters"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in home.stack()["Outputs"]}
    assert outputs["Console"] == f"{home.url}/runs/"


def test_a_channel_that_is_a_command_is_run_in_the_folder_of_the_file(home: UpFolder) -> None:
    head = "channels:\n  me: {command: 'cat > told; pwd >> told'}\n"
    home.write("fails: {command: exit 3, notify: me}", head=head)
    home.keep()
    home.run("fails")
    told = home.folder / "told"
    text = eventually(lambda: told.read_text() if told.exists() and str(home.folder) in told.read_text() else None)
    assert "a run of the job fails failed" in text


def test_a_restart_changes_nothing_that_has_not_changed_and_runs_go_on(home: UpFolder) -> None:
    home.write("""slow: {command: "while [ ! -e go ]; do sleep 0.05; done"}""")
    url = ("--url", "http://home.example")  # alerts link to it, and the port of a test's engine differs each time
    home.keep(*url)
    run, made = home.run("slow"), home.stack()
    home.kill()
    home.keep(*url)
    assert home.stack() == made
    home.folder.joinpath("go").touch()
    assert home.ended(run)["status"] == "SUCCEEDED"


async def test_what_goes_on_from_an_earlier_time_is_told_by_its_job_before_the_file_is_applied(
    home: UpFolder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write("""slow: {command: "while [ ! -e go ]; do sleep 0.05; done; echo over"}""")
    home.keep()
    home.run("slow")
    home.says("slow: started")
    home.kill()
    monkeypatch.setattr(source, "QUIET_LOGGERS", {})  # levels of loggers would stay for other tests
    caplog.set_level(logging.INFO, "lamplighter.jobs")
    kept = source.read_source(UpOptions(home.file, None, (), ()), home.data)
    engine = await Engine.open(EngineConfig(data_directory=home.data, runtime=RuntimeChoice.PROCESS))
    await kept.reconciler(engine)
    home.folder.joinpath("go").touch()
    await asyncio.to_thread(eventually, lambda: any("slow: succeeded" in line for line in caplog.messages), 60)
    await engine.close()
    assert caplog.messages[-1].endswith("s: over")


def test_what_changed_while_no_engine_ran_is_applied_at_the_next_start(home: UpFolder) -> None:
    home.write("one: {command: 'true'}\ntwo: {command: 'true'}")
    home.keep()
    home.kill()
    home.write("one: {command: 'true'}\nthree: {command: 'true'}")
    home.keep()
    assert sorted(home.machines()) == ["home-one", "home-three"]


def test_a_stack_that_an_earlier_try_left_rolled_back_is_made_anew(home: UpFolder) -> None:
    home.up()
    client = home.client("cloudformation")
    client.create_stack(StackName="home", TemplateBody=json.dumps(BAD))
    eventually(lambda: home.stack()["StackStatus"] == "ROLLBACK_COMPLETE")
    home.kill()
    home.write("one: {command: 'true'}")
    home.keep()
    assert home.stack()["StackStatus"] == "CREATE_COMPLETE"


def test_a_stack_of_somebody_else_is_not_taken(home: UpFolder) -> None:
    home.up()
    client = home.client("cloudformation")
    client.create_stack(StackName="home", TemplateBody=json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}))
    eventually(lambda: home.stack()["StackStatus"] == "CREATE_COMPLETE")
    home.kill()
    home.write("one: {command: 'true'}")
    home.up(str(home.file))
    assert "the stack home exists and was not created from a job file: rename your project" in home.says("error: home:")
    assert home.machines() == []


def test_jobs_of_another_file_go_on_and_are_told_of(home: UpFolder) -> None:
    home.write("one: {command: 'true'}")
    home.keep()
    home.kill()
    home.file = home.folder / "other.yaml"
    home.write("two: {command: 'true'}", project="away")
    home.keep()
    assert str(home.folder / "lamplighter.yaml") in home.says("home, of ")
    assert sorted(home.machines()) == ["away-two", "home-one"]


def test_in_another_region_no_job_is_there_twice(home: UpFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write("one: {command: 'true'}")
    home.keep()
    home.kill()
    home.region = "eu-west-1"
    home.keep()
    home.says("home: its jobs in us-east-1 were removed")
    assert home.machines() == []


def test_kill_9_while_a_file_is_applied_leaves_nothing_half_done(home: UpFolder) -> None:
    home.write("\n".join(f"job-{number}: {{command: 'true', schedule: rate(1 day)}}" for number in range(8)))
    for _ in range(3):
        home.up(str(home.file))
        eventually(lambda: home.client("cloudformation").list_stacks()["StackSummaries"])
        home.kill()
    home.keep()
    assert len(home.machines()) == 8
    assert home.stack()["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def test_two_at_once_the_second_is_refused_and_the_first_goes_on(home: UpFolder, tmp_path: Path) -> None:
    home.write("one: {command: 'true'}")
    home.keep()
    second = lamplighter("up", str(home.file), "--data", str(home.data), "--port", "0", cwd=tmp_path)
    assert second.returncode == 1
    assert str(home.pid) in second.stderr
    other = lamplighter("up", str(home.file), "--data", "other", "--port", str(home.port), cwd=tmp_path)
    assert other.returncode == 1
    assert "address already in use" in other.stderr
    assert home.ended(home.run("one"))["status"] == "SUCCEEDED"


def test_a_file_that_is_wrong_is_refused_before_anything_is_begun(tmp_path: Path) -> None:
    tmp_path.joinpath("lamplighter.yaml").write_text("project: home\njobs:\n  one: {comand: 'true'}\n")
    done = lamplighter("up", cwd=tmp_path)
    assert done.returncode == 1
    assert "lamplighter.yaml:3:9: error: `comand` is not a known key here" in done.stderr
    assert "did you mean `command`?" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["lamplighter.yaml"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none.yaml"], "none.yaml:1:1: error: cannot read this file: no such file or directory"),
        (["--environment", "prod"], "lamplighter.yaml:1:1: error: cannot read this file"),
        (["a.yaml", "--template", "b.json"], "name a job file or --template, not both"),
        (["--parameters", "A=b"], "--parameters needs --template"),
        (["--template", "none.json"], "none.json cannot be read: no such file or directory"),
    ],
)
def test_what_cannot_be_read_is_told_and_what_makes_no_sense_is_refused(
    tmp_path: Path, words: list[str], told: str
) -> None:
    done = lamplighter("up", *words, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert told in done.stderr
