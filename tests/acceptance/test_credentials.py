"""An engine that strangers can reach: boto3, the AWS CLI and our verbs come in with its credentials, nobody else."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from lamplighter.cli.target import find_target
from lamplighter.engine import credentials
from lamplighter.wire.access.credentials import Credentials
from tests.served_engine import ROLE, ServedEngine, eventually, one, run_task

WATCHING = ("/_lamplighter/metrics", "/_lamplighter/slots?arn=x", "/_lamplighter/runs?machine=x&region=x")


def own_address() -> str:
    """An address of this machine by which others would reach it; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


@pytest.fixture
def abroad(tmp_path: Path) -> Iterator[ServedEngine]:
    """An engine that listens on every address."""
    engine = ServedEngine(tmp_path / "data")
    engine.up("--host", "0.0.0.0")
    yield engine
    engine.close()


def url(served: ServedEngine) -> str:
    return f"http://{own_address()}:{served.port}"


def holder(served: ServedEngine) -> Credentials:
    return next(iter(credentials.load_credentials(served.data / "credentials").values()))


def client(served: ServedEngine, service: str, key: str, secret: str) -> Json:
    return boto3.client(
        service,
        endpoint_url=url(served),
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


def cli(served: ServedEngine, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [
        str(Path(sys.executable).with_name("aws")),
        "--endpoint-url",
        url(served),
        "--region",
        "us-east-1",
        *words,
    ]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**bare, **environment})


def fetched(served: ServedEngine, path: str, headers: Mapping[str, str] | None = None) -> int:
    request = urllib.request.Request(url(served) + path, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_boto3_comes_in_with_the_credentials_of_the_engine(abroad: ServedEngine) -> None:
    key = holder(abroad)
    for service, call in (
        ("stepfunctions", "list_state_machines"),
        ("sns", "list_topics"),
        ("sqs", "list_queues"),
        ("cloudwatch", "list_metrics"),
    ):
        assert getattr(client(abroad, service, key.access_key, key.secret), call)()


@pytest.mark.parametrize(
    ("service", "call", "unknown", "wrong"),
    [
        ("stepfunctions", "list_state_machines", "UnrecognizedClientException", "InvalidSignatureException"),
        ("scheduler", "list_schedules", "UnrecognizedClientException", "InvalidSignatureException"),
        ("sns", "list_topics", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("cloudwatch", "list_metrics", "UnrecognizedClientException", "InvalidSignatureException"),
    ],
)
def test_boto3_does_not_come_in_with_any_others(
    abroad: ServedEngine, service: str, call: str, unknown: str, wrong: str
) -> None:
    for key, code in (("test", unknown), (holder(abroad).access_key, wrong)):
        with pytest.raises(ClientError) as caught:
            getattr(client(abroad, service, key, "test"), call)()
        assert caught.value.response["Error"]["Code"] == code
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_the_aws_cli_comes_in_with_the_file_that_the_engine_has_made(abroad: ServedEngine) -> None:
    file = abroad.data / "credentials"
    done = cli(abroad, "stepfunctions", "list-state-machines", AWS_SHARED_CREDENTIALS_FILE=str(file))
    assert json.loads(done.stdout) == {"stateMachines": []}
    refused = cli(abroad, "sns", "list-topics", AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any")
    assert "(InvalidClientTokenId)" in refused.stderr


def test_the_start_names_the_file_and_shows_no_secret(abroad: ServedEngine) -> None:
    line = f"AWS_SHARED_CREDENTIALS_FILE={abroad.data / 'credentials'}"
    assert eventually(lambda: line in "".join(abroad.lines))
    said, key = "".join(abroad.lines), holder(abroad)
    assert not any(secret in said for secret in (key.secret, key.password, key.token))


def test_a_verb_comes_in_by_itself(abroad: ServedEngine) -> None:
    assert find_target(data=abroad.data).client("stepfunctions").list_state_machines()["stateMachines"] == []


def test_the_credentials_outlive_the_engine_and_hold_on_loopback_too(abroad: ServedEngine) -> None:
    key = holder(abroad)
    abroad.kill()
    abroad.up()
    assert holder(abroad) == key
    with pytest.raises(ClientError, match="security token"):
        abroad.sfn.list_state_machines()
    assert find_target(data=abroad.data).client("stepfunctions").list_state_machines()["stateMachines"] == []


def test_a_file_of_ones_own_says_who_comes_in(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(
        "[a]\naws_access_key_id=one\naws_secret_access_key=1\n[222233334444]\naws_access_key_id=222233334444\naws_secret_access_key=2\n"
    )
    engine = ServedEngine(tmp_path / "data")
    engine.up("--credentials", str(file))
    try:
        for key, secret, account in (("one", "1", "123456789012"), ("222233334444", "2", "222233334444")):
            made = boto3.client(
                "sns",
                endpoint_url=engine.url,
                region_name="us-east-1",
                aws_access_key_id=key,
                aws_secret_access_key=secret,
            ).create_topic(Name="t")
            assert made["TopicArn"] == f"arn:aws:sns:us-east-1:{account}:t"
        assert eventually(lambda: "chmod 600" in "".join(engine.lines))
        assert not (engine.data / "credentials").exists()
    finally:
        engine.close()


def test_a_file_that_lets_nobody_in_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("[default]\n")
    command = [sys.executable, "-m", "lamplighter", "up", "--data", str(tmp_path / "data"), "--port", "0"]
    done = subprocess.run([*command, "--credentials", str(file)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert (
        done.stderr
        == f"lamplighter: the credentials file {file} has no section with aws_access_key_id and aws_secret_access_key\n"
    )


def test_a_request_that_was_listened_to_cannot_be_changed_and_only_soon_be_repeated(abroad: ServedEngine) -> None:
    sent = signed(abroad, b'{"name":"mine"}')
    assert post(abroad, sent, b'{"name":"mine"}')[0] == 200
    assert (
        post(abroad, sent, b'{"name":"mine"}')[0] == 200
    )  # as on AWS: for a quarter of an hour it is the same request
    status, answer = post(abroad, sent, b'{"name":"hers"}')
    assert (status, answer["__type"]) == (403, "InvalidSignatureException")
    status, answer = post(abroad, {**sent, "X-Amz-Target": "AWSStepFunctions.DeleteActivity"}, b'{"name":"mine"}')
    assert (status, answer["__type"]) == (403, "InvalidSignatureException")
    status, answer = post(abroad, signed(abroad, b"{}", time="20200101T000000Z"), b"{}")
    assert (status, answer["__type"]) == (403, "InvalidSignatureException")
    assert "Signature expired: 20200101T000000Z is now earlier than" in str(answer["message"])


def signed(served: ServedEngine, body: bytes, time: str | None = None) -> dict[str, str]:
    """The headers of a signed CreateActivity."""
    headers = {"X-Amz-Target": "AWSStepFunctions.CreateActivity", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", url(served) + "/", data=body, headers=headers)
    signer = SigV4Auth(BotoCredentials(holder(served).access_key, holder(served).secret), "states", "us-east-1")
    signer.add_auth(request)
    if time:
        request.headers.replace_header("X-Amz-Date", time)
    return {str(name): str(value) for name, value in request.headers.items()}


def post(served: ServedEngine, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection(own_address(), served.port, timeout=60)
    connection.request("POST", "/", body, dict(headers))
    answer = connection.getresponse()
    text = json.loads(answer.read())
    connection.close()
    return answer.status, text


def test_a_stranger_is_refused_before_he_has_sent_what_he_wants_to(abroad: ServedEngine) -> None:
    headers = signed(abroad, b"{}")
    headers["Authorization"] = headers["Authorization"].replace(holder(abroad).access_key, "STRANGER")
    with socket.create_connection((own_address(), abroad.port), timeout=60) as connection:
        lines = [f"{name}: {value}" for name, value in headers.items()]
        head = ["POST / HTTP/1.1", f"Host: {own_address()}:{abroad.port}", "Content-Length: 8000000", *lines, "", ""]
        connection.sendall("\r\n".join(head).encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 403")


def test_whether_it_is_well_anybody_may_ask_and_how_it_is_who_bears_the_token(abroad: ServedEngine) -> None:
    assert fetched(abroad, "/_lamplighter/health") == 200
    for path in WATCHING:
        assert fetched(abroad, path) == 403
        assert fetched(abroad, path, {"Authorization": "Bearer no"}) == 403
    token = {"Authorization": f"Bearer {holder(abroad).token}"}
    assert [fetched(abroad, path, token) for path in WATCHING] == [200, 400, 200]


def test_the_console_asks_for_the_password_and_then_shows_itself(abroad: ServedEngine) -> None:
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def opened(path: str, fields: Mapping[str, str] | None = None) -> str:
        data = urlencode(fields).encode() if fields is not None else None
        request = urllib.request.Request(url(abroad) + path, data, {"Origin": url(abroad)})
        with browser.open(request, timeout=120) as answer:
            return str(answer.read().decode())

    asked = opened("/")
    assert 'action="/login"' in asked
    look = re.search(r'href="(/static/console[^"]*)"', asked)
    assert look is not None
    assert "--ground" in opened(look[1])
    token = re.search(r'name="token" value="([^"]*)"', asked)
    assert token is not None
    entered = opened("/login", {"token": token[1], "password": holder(abroad).password, "next": "/"})
    assert "No jobs in us-east-1 yet" in entered
    with browser.open(url(abroad) + WATCHING[0], timeout=120) as answer:
        assert "lamplighter_" in answer.read().decode()


def test_the_links_of_sns_are_opened_without_a_signature(abroad: ServedEngine) -> None:
    assert fetched(abroad, "/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-east-1:1:t&Token=x") == 404


@pytest.mark.parametrize("role", [True, False])
def test_a_task_with_a_role_comes_in_as_it_would_on_aws(abroad: ServedEngine, role: bool) -> None:
    key = holder(abroad)
    program = "import boto3; boto3.client('stepfunctions').list_state_machines()"
    ecs = client(abroad, "ecs", key.access_key, key.secret)
    ecs.create_cluster()
    environment = {"AWS_ENDPOINT_URL": abroad.url, "AWS_DEFAULT_REGION": "us-east-1", "PYTHONWARNINGS": "ignore"}
    definition = ecs.register_task_definition(
        family="caller",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[
            {
                "name": "main",
                "command": [sys.executable, "-c", program],
                "environment": [{"name": name, "value": value} for name, value in environment.items()],
            }
        ],
        **({"taskRoleArn": ROLE} if role else {}),
    )["taskDefinition"]["taskDefinitionArn"]
    sfn = client(abroad, "stepfunctions", key.access_key, key.secret)
    machine = sfn.create_state_machine(name="m", definition=json.dumps(one(run_task(definition))), roleArn=ROLE)
    run = sfn.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]

    def ended() -> str | None:
        status: str = sfn.describe_execution(executionArn=run)["status"]
        return status if status != "RUNNING" else None

    assert eventually(ended) == ("SUCCEEDED" if role else "FAILED")


def presigned(endpoint: str, key: str, secret: str) -> str:
    given = {"endpoint_url": endpoint, "aws_access_key_id": key, "aws_secret_access_key": secret}
    sns = boto3.client("sns", region_name="us-east-1", **given)
    made: str = sns.generate_presigned_url("create_topic", Params={"Name": "made"}, HttpMethod="GET")
    return made


def opens(link: str) -> int:
    try:
        with urllib.request.urlopen(link, timeout=120) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_presigned_url_counts_where_it_is_verified_only(abroad: ServedEngine, tmp_path: Path) -> None:
    key = holder(abroad)
    assert opens(presigned(url(abroad), key.access_key, key.secret)) == 200
    assert opens(presigned(url(abroad), key.access_key, "another")) == 403
    assert opens(presigned(url(abroad), "another", key.secret)) == 403
    at_home = ServedEngine(tmp_path / "home")
    at_home.up()
    try:
        assert opens(presigned(at_home.url, "any", "any")) == 403
        assert at_home.client("sns").list_topics()["Topics"] == []
    finally:
        at_home.close()


def test_names_are_as_strict_abroad_but_every_address_is_served(abroad: ServedEngine) -> None:
    for host, status in (("10.0.0.9", 200), ("[fd00::9]:80", 200), ("0.0.0.0", 403), ("[::ffff:10.0.0.9]", 403)):
        assert fetched(abroad, "/_lamplighter/health", {"Host": host}) == status, host
    assert fetched(abroad, "/_lamplighter/health", {"Host": "evil.example"}) == 403
