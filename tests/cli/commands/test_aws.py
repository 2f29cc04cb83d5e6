"""With --aws the same verbs reach an account: that of a profile, in its region or in another. Moto stands for AWS."""

from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer
from typer.testing import CliRunner, Result

from lamplighter.base.json_text import Json, loads
from lamplighter.cli.app import build_app
from tests.served_engine import ROLE

HOME, ABROAD = "eu-west-1", "ap-northeast-2"
DEFINITION = '{"StartAt": "Job", "States": {"Job": {"Type": "Pass", "End": true}}}'


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An account that the profile `night` is for; its URL."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    urlopen(Request(f"{url}/moto-api/reset", method="POST")).close()  # what it holds outlives a server
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").write_text(f"[profile night]\nregion = {HOME}\n")
    (tmp_path / "credentials").write_text("[night]\naws_access_key_id = night\naws_secret_access_key = secret\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.chdir(tmp_path)
    yield url
    server.stop()


def say(*words: str) -> Result:
    return CliRunner().invoke(build_app(words[0]), words)


def machine(region: str, name: str) -> str:
    sfn: Json = boto3.Session(profile_name="night", region_name=region).client("stepfunctions")
    arn: str = sfn.create_state_machine(name=name, definition=DEFINITION, roleArn=ROLE)["stateMachineArn"]
    return arn


def test_the_profile_says_the_region_and_region_says_another(account: str) -> None:
    machine(HOME, "here")
    machine(ABROAD, "there")
    options = ("--aws", "--profile", "night", "--json")
    listed = [say("ps", *options), say("ps", *options, "--region", ABROAD)]
    assert [loads(each.stdout)["job"] for each in listed] == ["here", "there"]


def test_a_run_is_begun_named_stopped_and_told_of(account: str) -> None:
    arn = machine(HOME, "job")
    options = ("--aws", "--profile", "night")
    begun = say("run", "job", *options, "--input", '{"a": 1}', "--json")
    assert begun.exit_code == 0, begun.output
    run = loads(begun.stdout)["arn"]
    assert run.startswith(arn.replace(":stateMachine:", ":execution:"))
    assert say("stop", run, *options).exit_code == 0
    (last,) = [loads(line) for line in say("ps", "job", "--all", *options, "--json").stdout.splitlines()]
    assert (last["arn"], last["status"]) == (run, "ABORTED")


def test_a_schedule_of_the_account_says_when_a_machine_runs(account: str) -> None:
    arn = machine(HOME, "job")
    scheduler: Json = boto3.Session(profile_name="night").client("scheduler")
    scheduler.create_schedule(
        Name="nightly",
        ScheduleExpression="cron(0 3 * * ? *)",
        ScheduleExpressionTimezone="Asia/Seoul",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": ROLE},
    )
    listed = say("next", "job", "--count", "1", "--aws", "--profile", "night", "--json")
    (time,) = (loads(line) for line in listed.stdout.splitlines())
    assert (time["local"][11:], time["time"][11:16], time["zone"]) == ("03:00:00", "18:00", "Asia/Seoul")


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["ps", "--aws", "--profile", "day"], 1, "(day) could not be found"),
        (["ps", "--aws", "--endpoint-url", "http://x"], 2, "not both"),
        (["ps", "--aws"], 1, "credentials"),
        (["ps", "--endpoint-url", "x"], 2, "use a URL"),
        (["run", "nothing", "--aws", "--profile", "night"], 1, "is called nothing: there are no state machines"),
    ],
)
def test_what_makes_no_sense_is_refused_and_said(account: str, words: list[str], code: int, why: str) -> None:
    result = say(*words)
    assert result.exit_code == code, result.output
    assert why in " ".join(result.stderr.replace("│", " ").split())
