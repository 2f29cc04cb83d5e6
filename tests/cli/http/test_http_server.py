"""A server stops on a signal that arrived before it ran."""

import asyncio
import os
import signal
import socket

import pytest

from lamplighter.base.json_text import Json
from lamplighter.cli.http import http_server


async def refuse(_scope: Json, _receive: Json, _send: Json) -> None:
    raise AssertionError("nobody sends a request")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("is_early", [True, False])
def test_a_server_stops_on_a_signal_before_and_after_it_has_started(number: signal.Signals, *, is_early: bool) -> None:
    calls: list[str] = []

    def send_signal(when: str) -> None:
        calls.append(when)
        if (when == "before the start") is is_early:
            os.kill(os.getpid(), number)

    async def serve() -> None:
        closing = asyncio.Event()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serve = http_server.prepare_server(
                refuse, closing, listener, 10,
                on_start=lambda: send_signal("started"), on_stop=lambda: calls.append("stopped"),
            )  # fmt: skip
            send_signal("before the start")
            await serve()
        assert closing.is_set()

    asyncio.run(asyncio.wait_for(serve(), 60))
    assert calls == ["before the start", "started", "stopped"]
