"""A caller who goes away before the body has arrived called nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.server import HttpServer
from lamplighter.wire.access.host_header import AllowedHosts
from tests.engine_harness import EngineHarness

SIGNED = b"AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=0"


class ServedHarness(EngineHarness):
    """An engine that gets the messages of one request."""

    def serve(self, *messages: Json) -> list[Json]:
        """Send the messages of a CreateCluster; return those of the answer."""
        waiting, sent = list(messages), list[Json]()

        async def receive() -> Json:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: Json) -> None:
            sent.append(message)

        target = b"AmazonEC2ContainerServiceV20141113.CreateCluster"
        headers = [(b"host", b"localhost"), (b"authorization", SIGNED), (b"x-amz-target", target)]
        scope = {"type": "http", "method": "POST", "raw_path": b"/", "query_string": b"", "headers": headers}
        loop = self._loops[-1]
        task = loop.create_task(HttpServer(self.engine, AllowedHosts())(scope, receive, send))
        loop.settle()
        task.result()
        return sent


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ServedHarness]:
    with ServedHarness.running(tmp_path / "data") as harness:
        yield harness


def test_a_caller_who_goes_away_before_the_body_creates_nothing(engine: ServedHarness) -> None:
    """An empty body is a call with defaults: it is no body that was not sent."""
    assert engine.serve({"type": "http.disconnect"}) == []
    assert engine.call("ecs", "ListClusters")["clusterArns"] == []
    answer = engine.serve({"type": "http.request", "body": b'{"clusterName": "mine"}', "more_body": False})
    assert answer[0]["status"] == 200
    assert len(engine.call("ecs", "ListClusters")["clusterArns"]) == 1
