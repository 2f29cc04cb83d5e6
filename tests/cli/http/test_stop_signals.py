"""A server stops on a signal that arrived before it ran."""

import asyncio
import os
import signal
import socket

import pytest

from lamplighter.base.json_text import Json
from lamplighter.cli.http import http_server
from lamplighter.cli.http.stop_signals import catch_stop_signals


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
        stop_signals = catch_stop_signals()
        send_signal("before the start")
        while is_early and not stop_signals.early:  # noqa: ASYNC110 - the loop reads the signal
            await asyncio.sleep(0)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            await http_server.serve(
                refuse, closing, listener, 10, stop_signals,
                on_start=lambda: send_signal("started"), on_stop=lambda: calls.append("stopped"),
            )  # fmt: skip
        assert closing.is_set()

    asyncio.run(asyncio.wait_for(serve(), 60))
    assert calls == ["before the start", "started", "stopped"]
