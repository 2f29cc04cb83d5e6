"""With --aws, the commands call the AWS account of a profile, in the profile's region or another; moto plays AWS."""

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
    """The URL of the account of the profile `night`."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    urlopen(Request(f"{url}/moto-api/reset", method="POST")).close()  # moto keeps its resources when a server stops
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


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(arguments[0]), arguments)


def create_machine(region: str, name: str) -> str:
    sfn: Json = boto3.Session(profile_name="night", region_name=region).client("stepfunctions")
    arn: str = sfn.create_state_machine(name=name, definition=DEFINITION, roleArn=ROLE)["stateMachineArn"]
    return arn


def test_the_profile_determines_the_region_unless_region_is_given(account: str) -> None:
    create_machine(HOME, "here")
    create_machine(ABROAD, "there")
    options = ("--aws", "--profile", "night", "--json")
    results = [invoke("ps", *options), invoke("ps", *options, "--region", ABROAD)]
    assert [loads(each.stdout)["job"] for each in results] == ["here", "there"]


def test_a_run_is_started_stopped_and_listed(account: str) -> None:
    arn = create_machine(HOME, "job")
    options = ("--aws", "--profile", "night")
    started = invoke("run", "job", *options, "--input", '{"a": 1}', "--json")
    assert started.exit_code == 0, started.output
    run = loads(started.stdout)["arn"]
    assert run.startswith(arn.replace(":stateMachine:", ":execution:"))
    assert invoke("stop", run, *options).exit_code == 0
    (last,) = [loads(line) for line in invoke("ps", "job", "--all", *options, "--json").stdout.splitlines()]
    assert (last["arn"], last["status"]) == (run, "ABORTED")


def test_next_lists_the_times_of_a_schedule_in_the_account(account: str) -> None:
    arn = create_machine(HOME, "job")
    scheduler: Json = boto3.Session(profile_name="night").client("scheduler")
    scheduler.create_schedule(
        Name="nightly",
        ScheduleExpression="cron(0 3 * * ? *)",
        ScheduleExpressionTimezone="Asia/Seoul",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": ROLE},
    )
    listed = invoke("next", "job", "--count", "1", "--aws", "--profile", "night", "--json")
    (time,) = (loads(line) for line in listed.stdout.splitlines())
    assert (time["local"][11:], time["time"][11:16], time["zone"]) == ("03:00:00", "18:00", "Asia/Seoul")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["ps", "--aws", "--profile", "day"], 1, "(day) could not be found"),
        (["ps", "--aws", "--endpoint-url", "http://x"], 2, "not both"),
        (["ps", "--aws", "--region", HOME], 1, "credentials"),
        (["ps", "--endpoint-url", "x"], 2, "use a URL"),
        (["run", "nothing", "--aws", "--profile", "night"], 1, "is called nothing: there are no state machines"),
    ],
)
def test_invalid_options_are_rejected_with_the_reason(
    account: str, arguments: list[str], code: int, message: str
) -> None:
    result = invoke(*arguments)
    assert result.exit_code == code, result.output
    assert message in " ".join(result.stderr.replace("│", " ").split())
