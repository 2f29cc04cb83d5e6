"""Who may not store an object cannot fill the disk with its body."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.server import HttpServer
from lamplighter.wire.access import sigv4
from lamplighter.wire.access.credentials import Credentials
from lamplighter.wire.access.host_header import AllowedHosts
from lamplighter.wire.access.roles import Role
from lamplighter.wire.http import HttpRequest
from tests.engine_harness import EngineHarness

SIGNED_HEADERS = "host;x-amz-content-sha256;x-amz-date"


class ServedHarness(EngineHarness):
    """An engine that gets a signed upload."""

    def upload(self, role: Role) -> tuple[int, int]:
        """Send an object with a key of a role; return the status, and how often the engine asked for the body."""
        asked, sent = list[str](), list[Json]()

        async def receive() -> Json:
            asked.append("body")
            return {"type": "http.request", "body": b"content", "more_body": False}

        async def send(message: Json) -> None:
            sent.append(message)

        keys = {"AKIA": Credentials("AKIA", "secret", "me", role=role)}
        headers = list(self._signed_headers().items())
        scope = {"type": "http", "method": "PUT", "raw_path": b"/bucket/key", "query_string": b"", "headers": headers}
        loop = self._loops[-1]
        task = loop.create_task(HttpServer(self.engine, AllowedHosts(), keys)(scope, receive, send))
        loop.settle()
        task.result()
        return sent[0]["status"], len(asked)

    def _signed_headers(self) -> dict[bytes, bytes]:
        time = datetime.fromtimestamp(self.clock.now() / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        headers = {
            b"host": b"localhost",
            b"x-amz-content-sha256": sigv4.UNSIGNED_PAYLOAD.encode(),
            b"x-amz-date": time.encode(),
        }
        scope = sigv4.CredentialScope("AKIA", time[:8], "us-east-1", "s3")
        given = sigv4.Signature(scope, SIGNED_HEADERS, "", time, 900, presigned=False)
        signature = sigv4.sign(HttpRequest("PUT", b"/bucket/key", b"", headers, b""), given, "secret")
        credential = f"AKIA/{time[:8]}/us-east-1/s3/aws4_request"
        text = f"{sigv4.ALGORITHM} Credential={credential}, SignedHeaders={SIGNED_HEADERS}, Signature={signature}"
        return {**headers, b"authorization": text.encode()}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ServedHarness]:
    with ServedHarness.running(tmp_path / "data") as harness:
        yield harness


def test_a_key_that_may_only_look_is_refused_before_it_sends_a_body(engine: ServedHarness) -> None:
    """A key that reads needs no room on the disk."""
    engine.call("s3", "CreateBucket", Bucket="bucket")
    assert engine.upload(Role.LOOK) == (403, 0)
    assert engine.upload(Role.RUN) == (200, 1)
