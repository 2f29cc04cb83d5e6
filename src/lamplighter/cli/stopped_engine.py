"""Answer the calls of a command in its own process, from the data directory of an engine that does not run.

Guarantees the answers that the engine would give, because the same program gives them: the HTTP application of `up`, on
a database that is only read. There is no port, so that nobody else can call it.
"""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit

from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.read_url import Answer
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine, build_runtime
from lamplighter.server import HttpServer, Scope
from lamplighter.services.states.tables.state_machines import places_with_machines
from lamplighter.store.backups import restores
from lamplighter.store.read_only_store import ReadOnlyStore, last_written
from lamplighter.wire.access.host_header import AllowedHosts


@dataclass(slots=True)
class _Answer:
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def receive_message(self, message: Mapping[str, Json]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], [*message["headers"]]
        else:
            self.body += message.get("body", b"")


class StoppedEngine:
    """An engine that only answers what it knows; `close` it at the end."""

    def __init__(self, directory: Path, url: str) -> None:
        """Open the data directory. `url` is the engine's address, as answers state it.

        Raises `UnreadableDatabase` or `NotAnEngineDatabase`.
        """
        self._url = url
        self._runner, self._lock = asyncio.Runner(), threading.Lock()
        try:
            self._store, self._server = self._runner.run(_open(directory, url))
        except BaseException:
            self._runner.close()
            raise
        self.written = last_written(directory)
        """When the engine last wrote, in milliseconds since the epoch."""

    @property
    def restored_from(self) -> int | None:
        """The time of the backup from which the data was restored, if no engine has run since; else None."""
        found = restores.latest_restore(self._store.reader)
        return found.backup if found is not None and found.examined is None else None

    @property
    def region(self) -> str | None:
        """The region of the engine's jobs; None if it has none."""
        return next((region for _account, region in places_with_machines(self._store.reader)), None)

    def get(self, path: str) -> bytes:
        """Return the answer to a GET request without a signature."""
        return self._request("GET", f"{self._url}{path}", {}, b"").body

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request instead of sending it."""
        found, received = self._request(method, url, headers, body), Message()
        for name, value in found.headers:
            received[name.decode()] = value.decode()
        return Answer(found.status, received, found.body)

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> _Answer:
        with self._lock:  # the console calls from several threads
            return self._runner.run(_call(self._server, _scope(method, url, headers, body), body))

    def close(self) -> None:
        """Close the files."""
        self._runner.run(self._server.engine.close_unstarted())
        self._runner.close()


async def _open(directory: Path, url: str) -> tuple[ReadOnlyStore, HttpServer]:
    store, world = ReadOnlyStore(directory), real_world()
    config = EngineConfig(data_directory=directory, public_url=url)
    try:
        engine = Engine(config, world, store, build_runtime(config, "", world))
    except BaseException:
        await store.close()
        raise
    return store, HttpServer(engine, AllowedHosts(frozenset({urlsplit(url).hostname or ""})))


def _scope(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Scope:
    """Return the scope of a request: https://asgi.readthedocs.io/en/latest/specs/www.html."""
    parts = urlsplit(url)
    sent = {name.lower(): value for name, value in headers.items()}
    sent |= {"host": parts.netloc, "content-length": str(len(body))}
    return {
        "type": "http",
        "method": method,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }


async def _call(server: HttpServer, scope: Scope, body: bytes) -> _Answer:
    answer, unread = _Answer(), [{"type": "http.request", "body": body}]

    async def receive() -> dict[str, Json]:
        if not unread:
            await asyncio.Event().wait()  # a caller that does not go away
        return unread.pop()

    await server(scope, receive, answer.receive_message)
    return answer
