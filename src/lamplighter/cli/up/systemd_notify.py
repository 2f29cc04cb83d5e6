"""Tell systemd how the engine is: that it serves, what it does, that its event loop turns, and that it stops.

A service of `Type=notify` names a socket for such messages. Without that socket nothing happens. Guarantees that the
event loop itself sends the sign of life, so that systemd notices a loop that hangs; that this needs no further open
file; and that the programs that the engine starts do not inherit the socket. What systemd does not take now is sent
again with the next sign of life. See https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html.
"""

import asyncio
import faulthandler
import logging
import os
import socket
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field

from lamplighter.base.count_text import format_count
from lamplighter.engine import health
from lamplighter.engine.engine import Engine
from lamplighter.store import row_counts

log = logging.getLogger("lamplighter.engine")

SOCKET_VARIABLE, WATCHDOG_VARIABLE, WATCHDOG_PID_VARIABLE = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
MAX_BEAT_SECONDS = 10.0
"""The most seconds between two looks at the engine's state."""


@dataclass(slots=True)
class SystemdNotifier:
    """Sends the messages of one engine; without a socket, it does nothing."""

    address: str = ""
    """The address of the socket; `\\0` begins an abstract one. Empty: systemd expects no messages."""
    watchdog_seconds: float | None = None
    """The seconds without a sign of life after which systemd kills the engine; None: it does not watch."""
    _socket: socket.socket | None = field(default=None, init=False)
    _beat: asyncio.TimerHandle | None = field(default=None, init=False)
    _has_told_ready: bool = field(default=False, init=False)
    _status: str = field(default="", init=False)
    """The last status that systemd has taken."""
    _is_heard: bool = field(default=True, init=False)
    """Whether systemd took the last message."""

    def __post_init__(self) -> None:
        if self.address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.settimeout(0)

    def start(self, read_status: Callable[[], str]) -> None:
        """Report that the engine serves; from now on report its status and, if systemd watches, signs of life."""
        if self._socket is None:
            return
        if self.watchdog_seconds is not None:
            faulthandler.enable()  # systemd ends a hung engine by SIGABRT: the log then says where it hung
        self._has_told_ready = self._send("READY=1")
        self._send_beat(read_status)

    def report_stopping(self) -> None:
        """Report that the engine stops."""
        self._send("STOPPING=1\nSTATUS=stopping; jobs continue to run")

    def close(self) -> None:
        """Send no more messages."""
        if self._beat is not None:
            self._beat.cancel()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send_beat(self, read_status: Callable[[], str]) -> None:
        words = [] if self._has_told_ready else ["READY=1"]
        words += [] if self.watchdog_seconds is None else ["WATCHDOG=1"]
        try:
            status = read_status()
        except Exception:  # for example a disk that cannot be read: the loop turns all the same
            log.exception("the engine's status for systemd could not be read")
            status = self._status
        if status != self._status:
            words.append(f"STATUS={status}")
        if words and self._send("\n".join(words)):
            self._has_told_ready, self._status = True, status
        wait = MAX_BEAT_SECONDS if self.watchdog_seconds is None else min(MAX_BEAT_SECONDS, self.watchdog_seconds / 3)
        self._beat = asyncio.get_running_loop().call_later(wait, self._send_beat, read_status)

    def _send(self, message: str) -> bool:
        """Send a message, and return whether systemd took it; of several in a row that it does not take, log one."""
        if self._socket is None:
            return False
        try:
            self._socket.sendto(message.encode(), self.address)
        except OSError as error:
            if self._is_heard:
                log.warning("systemd did not take a message: %s", error)
            self._is_heard = False
        else:
            self._is_heard = True
        return self._is_heard


def take_notifier(environment: MutableMapping[str, str]) -> SystemdNotifier:
    """Return the notifier that an environment describes, and remove its variables, which are for this process only."""
    address = environment.pop(SOCKET_VARIABLE, "")
    micros, pid = environment.pop(WATCHDOG_VARIABLE, ""), environment.pop(WATCHDOG_PID_VARIABLE, "")
    if not address.startswith(("/", "@")):  # none, or one that is not a socket of this machine
        return SystemdNotifier()
    is_watched = micros.isdigit() and int(micros) > 0 and pid in ("", str(os.getpid()))
    path = f"\0{address[1:]}" if address.startswith("@") else address
    return SystemdNotifier(path, int(micros) / 1_000_000 if is_watched else None)


def status_text(engine: Engine) -> str:
    """Return what an engine does now, and its most serious problem, as one line."""
    running = row_counts.count_by_status(engine.store.reader, "task").get("RUNNING", 0)
    tasks = f"{format_count(running, 'task')} running"
    reason = health.read_health(engine).body().get("reason", "")
    return " ".join(f"{tasks}; {reason}".split()) if reason else tasks
