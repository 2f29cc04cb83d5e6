"""The heartbeat: a monitoring service hears each minute that the engine works, or why it does not."""

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

import pytest

from lamplighter.cli.up.heartbeat import Heartbeat, InvalidHeartbeatUrl, check_url, failure_request
from lamplighter.engine import file_descriptors
from lamplighter.engine.config import EngineConfig, RuntimeChoice
from lamplighter.engine.engine import Engine
from lamplighter.engine.lazy.lazy_http import LazyHttp
from lamplighter.outbound.program import HEARTBEAT_VARIABLE
from lamplighter.store import db, file_faults
from lamplighter.store.file_faults import FaultKind
from tests.cli.up_folder import UpFolder, run_lamplighter
from tests.fake_disk import Disk
from tests.served_engine import eventually

SECRET = "5f1a6b7e"
SECONDS = 60


@dataclass
class Monitor:
    """A monitoring service."""

    status: int = 200
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and body of each call."""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{SECRET}"

    def make_handler(self) -> type[BaseHTTPRequestHandler]:
        monitor = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                monitor.calls.append((self.command, self.path, body))
                self.send_response(monitor.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = answer  # noqa: N815 - names of http.server

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of http.server
                pass

        return Handler


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    made = Monitor()
    with ThreadingHTTPServer(("127.0.0.1", 0), made.make_handler()) as server:
        made.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@asynccontextmanager
async def beating(folder: Path, url: str, timeout_seconds: float = SECONDS) -> AsyncIterator[Engine]:
    """Run an engine with a heartbeat every few milliseconds."""
    engine = await Engine.open(EngineConfig(data_directory=folder / "data", runtime=RuntimeChoice.PROCESS))
    http = LazyHttp()
    task = asyncio.create_task(Heartbeat(engine, url, http, 0.01, timeout_seconds).run())
    yield engine
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await http.close()
    await engine.close()


async def until(condition: Callable[[], object]) -> None:
    """Wait until a condition is true."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - it may be in another thread
            await asyncio.sleep(0.01)


async def test_an_engine_that_works_gets_the_url_again_and_again(tmp_path: Path, monitor: Monitor) -> None:
    async with beating(tmp_path, f"{monitor.url}?rid=7"):
        await until(lambda: len(monitor.calls) >= 3)
    assert set(monitor.calls) == {("GET", f"/{SECRET}?rid=7", "")}


async def test_a_full_disk_is_reported_as_a_failure_until_it_has_room(
    tmp_path: Path, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk()
    monkeypatch.setattr(db, "_connect", disk.connect)
    async with beating(tmp_path, monitor.url):
        await until(lambda: monitor.calls)
        disk.fill("write")
        await until(lambda: monitor.calls[-1][1] != f"/{SECRET}")
        method, path, body = monitor.calls[-1]
        assert (method, path) == ("POST", f"/{SECRET}/fail")
        assert body.startswith("data-directory: ")
        assert "disk is full" in body
        disk.fill("")
        await until(lambda: monitor.calls[-1] == ("GET", f"/{SECRET}", ""))


async def test_a_disk_that_hangs_is_reported_as_a_failure(tmp_path: Path, monitor: Monitor) -> None:
    async with beating(tmp_path, monitor.url, timeout_seconds=1) as engine:
        await until(lambda: monitor.calls)
        hanging: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with mock.patch.object(engine.store, "write", return_value=hanging):
            await until(lambda: monitor.calls[-1][0] == "POST")
            assert monitor.calls[-1][2] == "data-directory: a write takes longer than 1 s"
            hanging.set_result(None)
        await until(lambda: monitor.calls[-1][0] == "GET")


async def test_a_problem_that_does_not_stop_the_engine_s_work_is_no_failure(tmp_path: Path, monitor: Monitor) -> None:
    async with beating(tmp_path, monitor.url) as engine:
        await engine.store.write(lambda tx: file_faults.record(tx, "lamplighter.yaml", FaultKind.UNAPPLIED, "wrong", 0))
        seen = len(monitor.calls)
        await until(lambda: len(monitor.calls) >= seen + 3)
    assert {call[0] for call in monitor.calls} == {"GET"}


async def test_failing_calls_are_logged_once_and_at_recovery_and_never_with_the_url(
    tmp_path: Path, monitor: Monitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lamplighter")
    monitor.status = 404
    async with beating(tmp_path, monitor.url):
        await until(lambda: len(monitor.calls) >= 3)
        monitor.status = 200
        await until(lambda: any("works again" in line for line in caplog.messages))
    lines = [line for line in caplog.messages if "heartbeat" in line]
    assert lines == [
        "the heartbeat to 127.0.0.1 failed: it answered 404 Not Found; it is tried again each minute",
        "the heartbeat to 127.0.0.1 works again",
    ]
    assert SECRET not in caplog.text


async def test_a_service_that_cannot_be_reached_is_logged_without_the_url(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with beating(tmp_path, f"http://127.0.0.1:1/{SECRET}"):
        await until(lambda: "heartbeat" in caplog.text)
    assert "the heartbeat to 127.0.0.1 failed: ClientConnectorError" in caplog.text
    assert SECRET not in caplog.text


async def test_the_last_open_files_are_left_to_the_jobs(
    tmp_path: Path, monitor: Monitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(file_descriptors, "descriptor_limit", lambda: 1)
    async with beating(tmp_path, monitor.url):
        await until(lambda: "too many files are open" in caplog.text)
    assert monitor.calls == []


@pytest.mark.parametrize(
    ("url", "failed"),
    [
        ("https://hc-ping.com/uuid", ("POST", "https://hc-ping.com/uuid/fail", b"disk: full & slow")),
        ("https://hc-ping.com/uuid/?rid=1", ("POST", "https://hc-ping.com/uuid/fail?rid=1", b"disk: full & slow")),
        (
            "https://cronitor.link/p/key/id?state=complete",
            ("GET", "https://cronitor.link/p/key/id?state=fail&message=disk%3A+full+%26+slow", None),
        ),
        (
            "https://kuma.example/api/push/key?status=up&msg=OK&ping=",
            ("GET", "https://kuma.example/api/push/key?ping=&status=down&msg=disk%3A+full+%26+slow", None),
        ),
    ],
)
def test_a_failure_is_reported_by_the_protocol_of_the_service(url: str, failed: tuple[str, str, bytes | None]) -> None:
    request = failure_request(url, ["disk: full & slow"])
    assert (request.method, request.url, request.body) == failed


@pytest.mark.parametrize(
    "url", ["", "hc-ping.com/uuid", "ftp://secret/x", "http://", "http://a:0x", "https://a/secret x"]
)
def test_a_url_that_cannot_be_called_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(InvalidHeartbeatUrl) as raised:
        check_url(url)
    assert "secret" not in str(raised.value)


def test_up_refuses_a_wrong_url_and_does_not_print_it(tmp_path: Path) -> None:
    result = run_lamplighter("up", "--port", "0", "--heartbeat", f"htp://{SECRET}", cwd=tmp_path)
    assert (result.code, "--heartbeat" in result.err, SECRET in result.err) == (2, True, False)


def test_up_sends_heartbeats_and_says_nothing_when_it_is_stopped(
    home: UpFolder, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HEARTBEAT_VARIABLE, monitor.url)
    home.up()
    eventually(lambda: monitor.calls)
    home.kill(signal.SIGTERM)
    assert monitor.calls == [("GET", f"/{SECRET}", "")]
