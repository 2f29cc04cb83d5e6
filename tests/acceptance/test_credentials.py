"""An engine that other machines can reach accepts boto3, the AWS CLI and commands only with its credentials."""

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
from lamplighter.cli.site_options import SiteOptions
from lamplighter.cli.target import find_target
from lamplighter.engine import credentials
from lamplighter.wire.access.credentials import Credentials
from tests.served_engine import ROLE, ServedEngine, eventually, one_state, run_task

MONITORING_PATHS = ("/_lamplighter/metrics", "/_lamplighter/usage")


def own_address() -> str:
    """Return the address by which other machines reach this one; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp_socket:
        try:
            udp_socket.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        address: str = udp_socket.getsockname()[0]
        return address


@pytest.fixture
def public_engine(tmp_path: Path) -> Iterator[ServedEngine]:
    """Start an engine that listens on every address."""
    engine = ServedEngine(tmp_path / "data")
    engine.up("--host", "0.0.0.0")
    yield engine
    engine.close()


def public_url(served: ServedEngine) -> str:
    return f"http://{own_address()}:{served.port}"


def engine_credentials(served: ServedEngine) -> Credentials:
    return next(iter(credentials.load_credentials(served.data / "credentials").values()))


def create_client(served: ServedEngine, service: str, key: str, secret: str) -> Json:
    return boto3.client(
        service,
        endpoint_url=public_url(served),
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


def run_aws_cli(served: ServedEngine, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [
        str(Path(sys.executable).with_name("aws")),
        "--endpoint-url",
        public_url(served),
        "--region",
        "us-east-1",
        *arguments,
    ]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**bare, **environment})


def get_status(served: ServedEngine, path: str, headers: Mapping[str, str] | None = None) -> int:
    request = urllib.request.Request(public_url(served) + path, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_boto3_is_accepted_with_the_credentials_of_the_engine(public_engine: ServedEngine) -> None:
    key = engine_credentials(public_engine)
    for service, call in (
        ("stepfunctions", "list_state_machines"),
        ("sns", "list_topics"),
        ("sqs", "list_queues"),
        ("cloudwatch", "list_metrics"),
    ):
        assert getattr(create_client(public_engine, service, key.access_key, key.secret), call)()


@pytest.mark.parametrize(
    ("service", "call", "unknown", "wrong"),
    [
        ("stepfunctions", "list_state_machines", "UnrecognizedClientException", "InvalidSignatureException"),
        ("scheduler", "list_schedules", "UnrecognizedClientException", "InvalidSignatureException"),
        ("sns", "list_topics", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("cloudwatch", "list_metrics", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ],
)
def test_boto3_is_refused_with_other_credentials(
    public_engine: ServedEngine, service: str, call: str, unknown: str, wrong: str
) -> None:
    for key, code in (("test", unknown), (engine_credentials(public_engine).access_key, wrong)):
        with pytest.raises(ClientError) as caught:
            getattr(create_client(public_engine, service, key, "test"), call)()
        assert caught.value.response["Error"]["Code"] == code
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_the_aws_cli_is_accepted_with_the_credentials_file_of_the_engine(public_engine: ServedEngine) -> None:
    file = public_engine.data / "credentials"
    done = run_aws_cli(public_engine, "stepfunctions", "list-state-machines", AWS_SHARED_CREDENTIALS_FILE=str(file))
    assert json.loads(done.stdout) == {"stateMachines": []}
    refused = run_aws_cli(public_engine, "sns", "list-topics", AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any")
    assert "(InvalidClientTokenId)" in refused.stderr


def test_the_start_prints_the_name_of_the_credentials_file_and_no_secret(public_engine: ServedEngine) -> None:
    line = f"AWS_SHARED_CREDENTIALS_FILE={public_engine.data / 'credentials'}"
    public_engine.wait_for_line(line)
    output, key = "".join(public_engine.lines), engine_credentials(public_engine)
    assert not any(secret in output for secret in (key.secret, key.password, key.token))


def test_a_command_finds_the_credentials_itself(public_engine: ServedEngine) -> None:
    sfn = find_target(SiteOptions(data=public_engine.data)).client("stepfunctions")
    assert sfn.list_state_machines()["stateMachines"] == []


def test_credentials_survive_a_restart_and_are_required_on_loopback_too(public_engine: ServedEngine) -> None:
    key = engine_credentials(public_engine)
    public_engine.kill()
    public_engine.up()
    assert engine_credentials(public_engine) == key
    with pytest.raises(ClientError, match="security token"):
        public_engine.sfn.list_state_machines()
    sfn = find_target(SiteOptions(data=public_engine.data)).client("stepfunctions")
    assert sfn.list_state_machines()["stateMachines"] == []


def test_a_given_credentials_file_decides_who_is_accepted(tmp_path: Path) -> None:
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
        engine.wait_for_line("chmod 600")
        assert not (engine.data / "credentials").exists()
    finally:
        engine.close()


def test_a_credentials_file_without_credentials_is_reported_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("[default]\n")
    command = [sys.executable, "-m", "lamplighter", "up", "--data", str(tmp_path / "data"), "--port", "0"]
    done = subprocess.run([*command, "--credentials", str(file)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert (
        done.stderr
        == f"lamplighter: the credentials file {file} has no section with aws_access_key_id and aws_secret_access_key\n"
    )


def test_an_intercepted_request_cannot_be_changed_and_expires(public_engine: ServedEngine) -> None:
    sent = sign_create_activity(public_engine, b'{"name":"mine"}')
    assert post(public_engine, sent, b'{"name":"mine"}')[0] == 200
    assert (
        post(public_engine, sent, b'{"name":"mine"}')[0] == 200
    )  # as on AWS, a request may be repeated for a quarter of an hour
    status, answer = post(public_engine, sent, b'{"name":"hers"}')
    assert (status, answer["__type"]) == (403, "InvalidSignatureException")
    status, answer = post(
        public_engine, {**sent, "X-Amz-Target": "AWSStepFunctions.DeleteActivity"}, b'{"name":"mine"}'
    )
    assert (status, answer["__type"]) == (403, "InvalidSignatureException")
    status, answer = post(public_engine, sign_create_activity(public_engine, b"{}", time="20200101T000000Z"), b"{}")
    assert (status, answer["__type"]) == (403, "InvalidSignatureException")
    assert "Signature expired: 20200101T000000Z is now earlier than" in str(answer["message"])


def sign_create_activity(served: ServedEngine, body: bytes, time: str | None = None) -> dict[str, str]:
    """Return the headers of a signed CreateActivity request."""
    headers = {"X-Amz-Target": "AWSStepFunctions.CreateActivity", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", public_url(served) + "/", data=body, headers=headers)
    signer = SigV4Auth(
        BotoCredentials(engine_credentials(served).access_key, engine_credentials(served).secret), "states", "us-east-1"
    )
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


def test_a_request_with_an_unknown_key_is_refused_before_its_body_is_sent(public_engine: ServedEngine) -> None:
    headers = sign_create_activity(public_engine, b"{}")
    headers["Authorization"] = headers["Authorization"].replace(
        engine_credentials(public_engine).access_key, "STRANGER"
    )
    with socket.create_connection((own_address(), public_engine.port), timeout=60) as connection:
        lines = [f"{name}: {value}" for name, value in headers.items()]
        head = [
            "POST / HTTP/1.1",
            f"Host: {own_address()}:{public_engine.port}",
            "Content-Length: 8000000",
            *lines,
            "",
            "",
        ]
        connection.sendall("\r\n".join(head).encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 403")


def test_health_is_public_and_monitoring_needs_the_token(public_engine: ServedEngine) -> None:
    assert get_status(public_engine, "/_lamplighter/health") == 200
    for path in MONITORING_PATHS:
        assert get_status(public_engine, path) == 401
        assert get_status(public_engine, path, {"Authorization": "Bearer no"}) == 401
    token = {"Authorization": f"Bearer {engine_credentials(public_engine).token}"}
    assert [get_status(public_engine, path, token) for path in MONITORING_PATHS] == [200, 200]


def test_the_console_asks_for_the_password_before_it_shows_pages(public_engine: ServedEngine) -> None:
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def open_page(path: str, fields: Mapping[str, str] | None = None) -> str:
        data = urlencode(fields).encode() if fields is not None else None
        request = urllib.request.Request(public_url(public_engine) + path, data, {"Origin": public_url(public_engine)})
        with browser.open(request, timeout=120) as answer:
            return str(answer.read().decode())

    login_page = open_page("/")
    assert 'action="/login"' in login_page
    stylesheet = re.search(r'href="(/static/console[^"]*)"', login_page)
    assert stylesheet is not None
    assert "--ground" in open_page(stylesheet[1])
    token = re.search(r'name="token" value="([^"]*)"', login_page)
    assert token is not None
    start_page = open_page(
        "/login", {"token": token[1], "password": engine_credentials(public_engine).password, "next": "/"}
    )
    assert "Nothing has run since" in start_page
    with browser.open(public_url(public_engine) + MONITORING_PATHS[0], timeout=120) as answer:
        assert "lamplighter_" in answer.read().decode()


def test_the_links_of_sns_need_no_signature(public_engine: ServedEngine) -> None:
    assert get_status(public_engine, "/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-east-1:1:t&Token=x") == 404


@pytest.mark.parametrize("role", [True, False])
def test_a_task_is_accepted_only_if_it_has_a_role(public_engine: ServedEngine, role: bool) -> None:
    key = engine_credentials(public_engine)
    program = "import boto3; boto3.client('stepfunctions').list_state_machines()"
    ecs = create_client(public_engine, "ecs", key.access_key, key.secret)
    ecs.create_cluster()
    environment = {"AWS_ENDPOINT_URL": public_engine.url, "AWS_DEFAULT_REGION": "us-east-1", "PYTHONWARNINGS": "ignore"}
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
    sfn = create_client(public_engine, "stepfunctions", key.access_key, key.secret)
    machine = sfn.create_state_machine(name="m", definition=json.dumps(one_state(run_task(definition))), roleArn=ROLE)
    run = sfn.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]

    def ended() -> str | None:
        status: str = sfn.describe_execution(executionArn=run)["status"]
        return status if status != "RUNNING" else None

    assert eventually(ended) == ("SUCCEEDED" if role else "FAILED")


def presigned_create_topic_url(endpoint: str, key: str, secret: str) -> str:
    given = {"endpoint_url": endpoint, "aws_access_key_id": key, "aws_secret_access_key": secret}
    sns = boto3.client("sns", region_name="us-east-1", **given)
    made: str = sns.generate_presigned_url("create_topic", Params={"Name": "made"}, HttpMethod="GET")
    return made


def open_link(link: str) -> int:
    try:
        with urllib.request.urlopen(link, timeout=120) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_presigned_url_works_only_on_an_engine_that_verifies_it(public_engine: ServedEngine, tmp_path: Path) -> None:
    key = engine_credentials(public_engine)
    assert open_link(presigned_create_topic_url(public_url(public_engine), key.access_key, key.secret)) == 200
    assert open_link(presigned_create_topic_url(public_url(public_engine), key.access_key, "another")) == 403
    assert open_link(presigned_create_topic_url(public_url(public_engine), "another", key.secret)) == 403
    local_engine = ServedEngine(tmp_path / "home")
    local_engine.up()
    try:
        assert open_link(presigned_create_topic_url(local_engine.url, "any", "any")) == 403
        assert local_engine.client("sns").list_topics()["Topics"] == []
    finally:
        local_engine.close()


def test_a_public_engine_answers_to_any_address_but_not_to_foreign_names(public_engine: ServedEngine) -> None:
    for host, status in (("10.0.0.9", 200), ("[fd00::9]:80", 200), ("0.0.0.0", 403), ("[::ffff:10.0.0.9]", 403)):
        assert get_status(public_engine, "/_lamplighter/health", {"Host": host}) == status, host
    assert get_status(public_engine, "/_lamplighter/health", {"Host": "evil.example"}) == 403
