"""Answers are compressed where that is useful and tells no other site anything."""

import gzip
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path

import pytest

from lamplighter.console.security.cross_site_links import COOKIE_NAME
from lamplighter.console.view.templates import STATIC
from tests.served_engine import ServedEngine

ACCEPTING = {"accept-encoding": "gzip, deflate, br"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    engine = ServedEngine(tmp_path_factory.mktemp("engine") / "data")
    engine.up()
    engine.client("sqs").create_queue(QueueName="nightly")
    yield engine
    engine.close()


def request(served: ServedEngine, path: str, headers: Mapping[str, str]) -> tuple[Mapping[str, str], bytes]:
    """Return the headers and the body of an answer, as they come over the wire."""
    connection = HTTPConnection("127.0.0.1", served.port, timeout=60)
    connection.request("GET", path, headers=dict(headers))
    answer = connection.getresponse()
    received = {name.lower(): value for name, value in answer.getheaders()}
    body = b"" if received["content-type"].startswith("text/event-stream") else answer.read()
    connection.close()
    return received, body


def test_a_page_is_compressed_once_and_caches_learn_that_it_depends_on_the_request(served: ServedEngine) -> None:
    plain_headers, plain = request(served, "/queues", {})
    headers, body = request(served, "/queues", ACCEPTING)
    assert "content-encoding" not in plain_headers
    assert headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in headers["vary"]
    assert "Accept-Encoding" in plain_headers["vary"]
    assert b"nightly" in gzip.decompress(body)
    assert len(body) < len(plain) / 2
    assert headers["content-security-policy"] == plain_headers["content-security-policy"]


@pytest.mark.parametrize("name", ["console.css", "graph.js", "vendor/dagre.esm.js"])
def test_a_static_file_is_compressed(served: ServedEngine, name: str) -> None:
    headers, body = request(served, f"/static/{name}", ACCEPTING)
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == (STATIC / name).read_bytes()
    assert len(body) < len((STATIC / name).read_bytes()) * 0.6


def test_a_short_answer_is_not_compressed(served: ServedEngine) -> None:
    headers, body = request(served, "/static/lamp.svg", ACCEPTING)
    assert "content-encoding" not in headers
    assert body == Path(STATIC / "lamp.svg").read_bytes()


def test_an_event_stream_is_not_compressed(served: ServedEngine) -> None:
    headers, _ = request(served, "/streams", ACCEPTING)
    assert headers["content-type"].startswith("text/event-stream")
    assert "content-encoding" not in headers


def test_a_page_that_a_link_of_another_site_opens_is_not_compressed(served: ServedEngine) -> None:
    headers, body = request(served, "/queues", ACCEPTING | {"cookie": f"{COOKIE_NAME}=1"})
    assert "content-encoding" not in headers
    assert b"nightly" in body


def test_a_browser_that_accepts_no_compression_gets_the_page_as_it_is(served: ServedEngine) -> None:
    headers, body = request(served, "/queues", {"accept-encoding": "identity"})
    assert "content-encoding" not in headers
    assert b"nightly" in body
