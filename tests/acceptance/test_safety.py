"""The engine refuses dangerous requests, and its answers and errors reveal nothing that they should not."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.served_engine import EngineAccount, ServedEngine, eventually, one_state

TARGET = "AWSStepFunctions.ListStateMachines"


def sign(account: EngineAccount, service: str = "states") -> str:
    """Return the value of an Authorization header, whose signature the engine does not check."""
    scope = f"{account.key}/20261125/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"


def send_request(
    account: EngineAccount, body: bytes = b"{}", headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", account.port, timeout=60)
    sent = {"X-Amz-Target": TARGET, "Authorization": sign(account), "Content-Type": "application/x-amz-json-1.0"}
    sent |= headers or {}
    connection.request("POST", "/", body, {name: value for name, value in sent.items() if value})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text.startswith(b"{") else {"text": text.decode()}


def test_a_request_with_a_signature_is_answered(account: EngineAccount) -> None:
    assert send_request(account) == (200, {"stateMachines": []})


def test_a_request_without_a_signature_is_refused(account: EngineAccount) -> None:
    status, answer = send_request(account, headers={"Authorization": ""})
    assert status == 403
    assert "MissingAuthenticationToken" in str(answer["__type"])


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example"},
        {"Origin": "http://127.0.0.1:4566"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_requests_from_web_pages_are_refused(account: EngineAccount, headers: dict[str, str]) -> None:
    status, answer = send_request(account, headers=headers)
    assert status == 403
    assert "AccessDenied" in str(answer["__type"])


def test_only_host_names_that_no_web_page_can_use_are_accepted(account: EngineAccount) -> None:
    for host in ("localhost:80", "LOCALHOST", "job.localhost", "[::1]:80", "127.9.9.9"):
        assert send_request(account, headers={"Host": host})[0] == 200, host
    for host in ("10.0.0.9", "0.0.0.0", "[::ffff:127.0.0.1]", "localhost.", "127.1", "evil.example"):
        assert send_request(account, headers={"Host": host})[0] == 403, host
        assert send_head(account, f"GET / HTTP/1.1\r\nHost: {host}\r\n") == 403, host


def send_head(account: EngineAccount, head: str) -> int:
    """Send a request head as it is and return the status of the answer."""
    with socket.create_connection(("127.0.0.1", account.port), timeout=120) as connection:
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            return int(answer.readline().split()[1])


HEALTH = "GET /_lamplighter/health HTTP/1.1\r\n"


def test_a_request_with_a_missing_or_duplicate_header_is_refused(account: EngineAccount) -> None:
    host_header = "Host: localhost\r\n"
    assert send_head(account, f"{HEALTH}{host_header}") == 200
    for other in (host_header, "Host: evil.example\r\n", "host: localhost\r\n"):
        assert send_head(account, f"{HEALTH}{host_header}{other}") == 400
        assert send_head(account, f"{HEALTH}{other}{host_header}") == 400
    assert send_head(account, HEALTH) == 403
    assert send_head(account, HEALTH.replace("1.1", "1.0")) == 403
    signed = f"POST / HTTP/1.1\r\n{host_header}X-Amz-Target: {TARGET}\r\nAuthorization: {sign(account)}\r\n"
    for duplicate in (f"Authorization: {sign(account)}\r\n", f"X-Amz-Target: {TARGET}\r\n", "Origin: x\r\n" * 2):
        assert send_head(account, f"{signed}Content-Length: 0\r\n{duplicate}") == 400
    assert send_head(account, f"{signed}Content-Length: 0\r\nContent-Length: 0\r\n") == 400
    assert send_head(account, f"{signed}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n") == 400


def test_a_browser_request_without_an_origin_calls_no_operation(account: EngineAccount) -> None:
    query = f"X-Amz-Credential={account.key}%2F20260101%2Fus-east-1%2Fsns%2Faws4_request"
    form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n"
    for path in (f"/?Action=CreateTopic&Name=n&{query}", f"/schedules?{query}", f"/schedules/x?{query}"):
        for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
            for extra in ("", "Authorization: Basic dTpw\r\n", "Accept: text/html\r\n"):
                head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{form}{extra}"
                assert send_head(account, head) == 403, head
    assert account.client("sns").list_topics()["Topics"] == []


def test_an_operation_of_a_query_api_must_be_called_by_post_or_a_signed_get(account: EngineAccount) -> None:
    """A page of another site cannot set the Authorization header, with GET as little as with POST."""
    signed = f"Authorization: {sign(account, 'sns')}\r\n"
    for method, status in (("PUT", 400), ("DELETE", 400), ("GET", 200), ("POST", 200)):
        head = f"{method} /?Action=CreateTopic&Name={method} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n"
        assert send_head(account, head + signed) == status
        assert send_head(account, head) in (400, 403)
    names = [each["TopicArn"].rpartition(":")[2] for each in account.client("sns").list_topics()["Topics"]]
    assert sorted(names) == ["GET", "POST"]


def test_no_page_of_another_site_can_read_an_answer(account: EngineAccount) -> None:
    for path in ("/_lamplighter/health", "/_lamplighter/metrics", "/?Action=ListTopics", "/unsubscribe.html", "/"):
        connection = http.client.HTTPConnection("127.0.0.1", account.port, timeout=120)
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert [name for name in answer.headers if name.lower().startswith("access-control")] == []


def test_a_request_head_without_an_end_is_cut_off(account: EngineAccount) -> None:
    cut_off = pytest.raises((BrokenPipeError, ConnectionResetError))
    with socket.create_connection(("127.0.0.1", account.port), timeout=60) as connection, cut_off:
        connection.sendall(b"POST / HTTP/1.1\r\nX: ")
        for _ in range(100):
            connection.sendall(b"x" * 1_000_000)
    assert send_request(account)[0] == 200


def test_an_oversized_request_is_refused_before_it_is_read(account: EngineAccount) -> None:
    status, _ = send_request(account, headers={"Content-Length": str(10**10)})
    assert status == 413


@pytest.mark.parametrize("body", [b"", b"[", b"nope", b"[]", b"\xff\xfe", b'{"name": 1}', b'{"maxResults": "x"}'])
def test_an_invalid_body_is_answered_without_a_stack_trace_or_a_500(account: EngineAccount, body: bytes) -> None:
    status, answer = send_request(account, body, {"X-Amz-Target": "AWSStepFunctions.CreateStateMachine"})
    assert status == 400
    assert "Traceback" not in str(answer)


def test_the_engine_listens_only_on_loopback(account: EngineAccount) -> None:
    found = subprocess.run(["ss", "-ltnH"], capture_output=True, text=True, check=True).stdout
    lines = [line.split()[3] for line in found.splitlines() if line.split()[3].endswith(f":{account.port}")]
    assert lines == [f"127.0.0.1:{account.port}"]


def test_sigterm_stops_the_engine_cleanly_and_waiting_executions_continue_later(served: ServedEngine) -> None:
    execution = served.start(served.machine(one_state({"Type": "Wait", "Seconds": 1, "End": True})))
    assert served.kill(signal.SIGTERM) == 0
    served.up()
    assert served.ended(execution)["status"] == "SUCCEEDED"


def test_ctrl_c_stops_the_engine_cleanly(served: ServedEngine) -> None:
    assert served.kill(signal.SIGINT) == 0


def test_a_second_engine_on_the_same_data_is_refused_and_the_first_continues(served: ServedEngine) -> None:
    command = [sys.executable, "-m", "lamplighter", "up", "--data", str(served.data), "--port", "0"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert "another engine (process" in second.stderr
    assert "Traceback" not in second.stderr
    assert served.sfn.list_state_machines()["stateMachines"] == []


def test_a_port_in_use_is_reported_without_a_stack_trace(served: ServedEngine, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "lamplighter", "up", "--data", str(tmp_path / "x"), "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "address already in use" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "environment", "reason"),
    [
        (["--host", "no.such.example"], {}, "cannot listen on no.such.example"),
        (["--runtime", "docker"], {"DOCKER_HOST": "nonsense"}, "context is invalid"),
        (["--runtime", "docker"], {"DOCKER_HOST": "", "DOCKER_CONTEXT": "nonsense"}, "context is invalid"),
        ([], {}, "cannot be opened (file is not a database)"),
    ],
)
def test_a_failed_start_is_reported_in_one_line(
    tmp_path: Path, options: list[str], environment: dict[str, str], reason: str
) -> None:
    if not options:
        (tmp_path / "lamplighter.db").write_bytes(b"no database" * 1000)
    command = [sys.executable, "-m", "lamplighter", "up", "--data", str(tmp_path), "--port", "0", *options]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environment}
    )
    assert done.returncode == 1
    assert reason in done.stderr
    assert done.stderr.startswith("lamplighter: ")
    assert done.stderr.count("\n") == 1


def test_each_transition_is_logged_in_one_readable_line(served: ServedEngine) -> None:
    execution = served.start(served.machine(one_state({"Type": "Pass", "End": True}), "reports"), name="night-1")
    served.ended(execution)
    lines = eventually(lambda: [line for line in served.lines if "night-1" in line and "ExecutionSucceeded" in line])
    assert "reports night-1" in lines[0]


def test_the_aws_cli_starts_and_describes_an_execution(served: ServedEngine) -> None:
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command = [str(Path(sys.executable).with_name("aws")), "--endpoint-url", served.url, "stepfunctions"]
    machine = served.machine(one_state({"Type": "Pass", "Result": {"lit": True}, "End": True}))
    started = subprocess.run(
        [*command, "start-execution", "--state-machine-arn", machine],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    execution = json.loads(started.stdout)["executionArn"]
    served.ended(execution)
    described = subprocess.run(
        [*command, "describe-execution", "--execution-arn", execution],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert json.loads(json.loads(described.stdout)["output"]) == {"lit": True}
