"""Health is read from whatever answers at an address: an engine, another server, or one whose answer breaks off."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from lamplighter.cli.engine_health import read_health

HEALTH = b'{"status": "degraded", "version": "1"}'
BROKEN_ANSWERS = [
    b"",
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"HTTP/1.1 two\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n" + HEALTH,
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 99\r\n\r\n" + HEALTH,
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
]


@contextmanager
def answering(sent: bytes) -> Iterator[str]:
    """Run a server that answers one request with some bytes and closes the connection; yield its URL."""

    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(sent)

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:
        served = pool.submit(answer)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        served.result()


@pytest.mark.parametrize("sent", BROKEN_ANSWERS)
def test_an_answer_that_is_none_or_breaks_off_is_no_health(sent: bytes) -> None:
    with answering(sent) as url:
        assert read_health(url) is None


@pytest.mark.parametrize("status", [b"200 OK", b"503 Service Unavailable"])
def test_a_whole_answer_is_the_health_whatever_its_status(status: bytes) -> None:
    with answering(b"HTTP/1.1 " + status + b"\r\ncontent-length: %d\r\n\r\n" % len(HEALTH) + HEALTH) as url:
        assert read_health(url) == {"status": "degraded", "version": "1"}
