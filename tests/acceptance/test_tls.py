"""`up --tls-cert`: HTTPS for callers and browsers, while commands on the machine find the engine as before."""

import re
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import SSLError

from lamplighter.base.json_text import Json, loads
from lamplighter.cli.engine_address import read_address
from lamplighter.cli.engine_health import read_health
from lamplighter.cli.http.tls_listener import HANDSHAKE_RECORD
from lamplighter.cli.site_options import SiteOptions
from lamplighter.cli.target import find_target
from tests.certificates import CertificateFolder
from tests.command_process import run_command
from tests.free_ports import claimed_port
from tests.served_engine import ServedEngine, eventually


@pytest.fixture
def folder(tmp_path: Path) -> CertificateFolder:
    made = CertificateFolder(tmp_path / "tls")
    made.issue("localhost", "127.0.0.1", "jobs.example.com")
    return made


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ServedEngine]:
    made = ServedEngine(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def tls_engine(engine: ServedEngine, folder: CertificateFolder) -> ServedEngine:
    engine.up(*folder.options)
    return engine


def trust(folder: CertificateFolder) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=folder.authority_file)


def served_certificate(engine: ServedEngine, folder: CertificateFolder, name: str | None = "localhost") -> bytes | None:
    """Return the certificate that the engine shows; without a name, the client names none (SNI)."""
    context = trust(folder)
    context.check_hostname = name is not None
    with (
        socket.create_connection(("127.0.0.1", engine.port), timeout=60) as raw,
        context.wrap_socket(raw, server_hostname=name) as wrapped,
    ):
        return wrapped.getpeercert(binary_form=True)


def open_health(engine: ServedEngine, folder: CertificateFolder) -> Json:
    url = f"https://127.0.0.1:{engine.port}/_lamplighter/health"
    with urllib.request.urlopen(url, timeout=60, context=trust(folder)) as answer:
        return loads(answer.read())


def make_client(engine: ServedEngine, service: str, verify: str | None) -> Json:
    return boto3.client(
        service,
        endpoint_url=f"https://localhost:{engine.port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=verify,
    )


def test_boto3_calls_the_engine_over_tls_and_urls_begin_with_https(
    tls_engine: ServedEngine, folder: CertificateFolder
) -> None:
    sqs = make_client(tls_engine, "sqs", str(folder.authority_file))
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    assert url.startswith(f"https://127.0.0.1:{tls_engine.port}/")
    sqs.send_message(QueueUrl=url, MessageBody="over TLS" * 10_000)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "over TLS" * 10_000


def test_a_caller_that_does_not_trust_the_authority_sends_nothing(tls_engine: ServedEngine) -> None:
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        make_client(tls_engine, "sqs", None).list_queues()


def test_commands_on_the_machine_find_the_engine_whatever_its_certificate(
    engine: ServedEngine, folder: CertificateFolder, tmp_path: Path
) -> None:
    folder.issue("jobs.example.com", begin_days=-90, end_days=-1)  # expired, and for another name
    engine.up(*folder.options)
    address = read_address(engine.data)
    assert address is not None
    assert address.local.startswith("http://127.0.0.1:")
    assert address.public == f"https://jobs.example.com:{engine.port}"
    assert find_target(SiteOptions(data=engine.data)).client("sqs").list_queues().get("QueueUrls", []) == []
    listed = run_command(tmp_path, "ps", "--data", str(engine.data), environment={})
    assert (listed.code, listed.err) == (0, health_reason(address.local) + "\n")


def health_reason(url: str) -> str:
    reason: str = read_health(url)["reason"]
    return reason


def test_the_plain_port_can_be_chosen_and_is_for_this_machine_only(
    engine: ServedEngine, folder: CertificateFolder
) -> None:
    with claimed_port() as port:
        engine.up(*folder.options, "--host", "0.0.0.0", "--local-port", str(port))
        address = read_address(engine.data)
        assert address is not None
        assert address.local == f"http://127.0.0.1:{port}"
        with pytest.raises(ConnectionRefusedError):  # another address of this machine
            socket.create_connection(("127.0.0.2", port), timeout=60)


@pytest.mark.parametrize("request_bytes", [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"POST /x HTTP/1.1\r\n" * 99])
def test_a_plain_request_to_the_tls_port_gets_an_answer_that_says_so(
    tls_engine: ServedEngine, request_bytes: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", tls_engine.port), timeout=60) as connection:
        connection.sendall(request_bytes)
        received = b""
        while piece := connection.recv(4096):
            received += piece
    assert received.startswith(b"HTTP/1.1 400 ")
    assert f"This port speaks HTTPS only: use https://127.0.0.1:{tls_engine.port}\n".encode() in received


def test_a_renewed_certificate_is_taken_over_without_a_restart(
    tls_engine: ServedEngine, folder: CertificateFolder
) -> None:
    first = served_certificate(tls_engine, folder)
    kept = HTTPSConnection("localhost", tls_engine.port, timeout=60, context=trust(folder))
    kept.request("GET", "/_lamplighter/health")
    kept.getresponse().read()
    folder.issue("localhost", "127.0.0.1")
    assert eventually(lambda: served_certificate(tls_engine, folder) != first)
    assert served_certificate(tls_engine, folder, None) == served_certificate(tls_engine, folder)
    kept.request("GET", "/_lamplighter/health")  # an open connection goes on
    assert kept.getresponse().status == 200
    kept.close()


def test_a_broken_renewal_leaves_the_old_certificate_and_degrades_the_health(
    tls_engine: ServedEngine, folder: CertificateFolder
) -> None:
    first = served_certificate(tls_engine, folder)
    folder.write_key(b"-----BEGIN NOTHING-----")
    found = eventually(lambda: open_health(tls_engine, folder).get("conditions"))
    assert [each["name"] for each in found] == ["tls-certificate"]
    assert served_certificate(tls_engine, folder) == first
    tls_engine.wait_for_line("the old one stays")
    assert sum("the old one stays" in line for line in tls_engine.lines) == 1


@pytest.mark.filterwarnings("ignore:.*TLSv1.* is deprecated:DeprecationWarning")
def test_old_versions_of_tls_are_refused(tls_engine: ServedEngine, folder: CertificateFolder) -> None:
    context = trust(folder)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", tls_engine.port), timeout=60) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname="localhost")
    context = trust(folder)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", tls_engine.port), timeout=60) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as wrapped,
    ):
        assert (wrapped.version(), (wrapped.cipher() or ("",))[0][:6]) == ("TLSv1.2", "ECDHE-")


def test_peers_that_never_finish_their_handshake_keep_nobody_out(
    engine: ServedEngine, folder: CertificateFolder
) -> None:
    engine.files = 200  # so the engine has room for a few dozen connections
    engine.up(*folder.options)
    silent = []
    try:
        for number in range(400):
            silent.append(socket.create_connection(("127.0.0.1", engine.port), timeout=60))
            if number % 2:
                silent[-1].sendall(HANDSHAKE_RECORD)
        assert open_health(engine, folder)["status"] == "ok"
        assert not [line for line in engine.lines if "no connection can be accepted" in line]
    finally:
        for each in silent:
            each.close()


def test_the_session_cookie_is_for_tls_only(engine: ServedEngine, folder: CertificateFolder) -> None:
    engine.up(*folder.options, "--host", "0.0.0.0")
    connection = HTTPSConnection("localhost", engine.port, timeout=60, context=trust(folder))
    connection.request("GET", "/login")
    answer = connection.getresponse()
    page, cookie = answer.read().decode(), answer.headers["set-cookie"]
    assert "; secure" in cookie.lower()
    token = re.search(r'name="token" value="([^"]*)"', page)
    assert token is not None
    password = next(iter(_credentials(engine)))
    headers = {
        "Cookie": cookie.partition(";")[0],
        "Origin": f"https://localhost:{engine.port}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection.request("POST", "/login", f"token={token[1]}&password={password}", headers)
    answer = connection.getresponse()
    assert (answer.status, "; secure" in answer.headers["set-cookie"].lower()) == (303, True)
    connection.close()
    logged = run_command(engine.data.parent, "audit", "--data", str(engine.data), environment={})
    assert "default (console 127.0.0.1): log in: done" in logged.out


def _credentials(engine: ServedEngine) -> list[str]:
    text = (engine.data / "credentials").read_text()
    return re.findall(r"lamplighter_password = (\S+)", text)


def test_the_names_of_the_certificate_are_names_of_the_engine(
    tls_engine: ServedEngine, folder: CertificateFolder
) -> None:
    for name, status in (("jobs.example.com", 200), ("evil.example.com", 403)):
        connection = HTTPSConnection("localhost", tls_engine.port, timeout=60, context=trust(folder))
        connection.request("GET", "/_lamplighter/health", headers={"Host": f"{name}:{tls_engine.port}"})
        assert connection.getresponse().status == status
        connection.close()


def test_the_start_warns_about_a_key_that_others_can_read_and_an_expired_certificate(
    engine: ServedEngine, folder: CertificateFolder
) -> None:
    folder.issue("jobs.example.com", begin_days=-90, end_days=-1)
    folder.key.chmod(0o644)
    engine.up(*folder.options, "--url", "https://elsewhere.example.com")
    words = ("other users of this machine can read the key", "expired on", "reject the certificate for elsewhere.")
    for each in words:
        assert eventually(lambda each=each: each in "".join(engine.lines))  # type: ignore[misc]  # mypy sees no default


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--tls-cert", "server.pem"), 2, "belong together"),
        (("--tls-key", "server.key"), 2, "belong together"),
        (("--local-port", "4879"), 2, "--local-port works only with"),
        (("--tls-cert", "server.pem", "--tls-key", "server.key", "--url", "http://x"), 2, "the engine speaks HTTPS"),
        (("--url", "jobs.example.com"), 2, "--url jobs.example.com: use a URL such as https://jobs.example.com"),
        (("--url", "https://jobs.example.com/?a=b"), 2, "--url https://jobs.example.com/?a=b: use a URL such as"),
        (("--tls-cert", "server.pem", "--tls-key", "none.key"), 1, "none.key cannot be read: no such file"),
    ],
)
def test_wrong_options_are_explained(
    folder: CertificateFolder, options: tuple[str, ...], code: int, words: str
) -> None:
    command = [sys.executable, "-m", "lamplighter", "up", "--data", "data", "--port", "0", *options]
    environment = {"TERMINAL_WIDTH": "200", "COLUMNS": "200"}
    place = folder.certificate.parent
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=place, env=environment)
    assert done.returncode == code
    assert words in done.stderr


def test_a_stop_ends_the_connections_of_the_tls_port(tls_engine: ServedEngine, folder: CertificateFolder) -> None:
    half_open = socket.create_connection(("127.0.0.1", tls_engine.port), timeout=60)
    half_open.sendall(HANDSHAKE_RECORD)
    whole = HTTPSConnection("localhost", tls_engine.port, timeout=60, context=trust(folder))
    whole.connect()
    plain = HTTPConnection("127.0.0.1", tls_engine.port, timeout=60)
    plain.connect()
    assert tls_engine.kill(signal.SIGTERM) == 0
    for each in (half_open, whole, plain):
        each.close()
