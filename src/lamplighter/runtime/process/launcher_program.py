"""Fork a shim for each plain process: a fork shares Python and its modules, so a start takes a millisecond, not thirty.

The engine runs this module as a program (`launcher.py`); its standard input is a socket. Each message is one
byte and an open connection: the launcher forks a shim (`shim.py`), which reads its arguments from the connection.
Guarantees that shims do not depend on the launcher, that no ended shim stays a zombie, and that the launcher ends with
the engine.
"""

import gc
import os
import signal
import socket
import sys

from lamplighter.runtime.process import shim


def main() -> None:
    """Fork shims until the engine closes its end of the socket or dies."""
    if os.fork():
        os._exit(0)  # End the engine's direct child: the engine need not wait for the launcher.
    for number in shim.IGNORED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # The kernel itself removes ended shims.
    os.chdir("/")
    gc.freeze()  # No shim's garbage collector writes to the memory that it shares.
    engine = socket.socket(fileno=0)
    while True:
        message, connections, _, _ = socket.recv_fds(engine, 1, 1)
        if not message:
            os._exit(0)
        for connection in connections:
            fork_shim(connection)


def fork_shim(connection: int) -> None:
    """Fork a shim that has the connection as its standard streams; tell the engine if there is no room for one."""
    try:
        child = os.fork()
    except OSError as error:
        os.write(connection, str(error).encode())
        child = -1
    if child == 0:
        become_shim(connection)
    os.close(connection)


def become_shim(connection: int) -> None:
    """Run the shim in this child process; never returns."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        for number in (0, 1, 2):
            os.dup2(connection, number)
        os.close(connection)
        shim.main()
    except BaseException:  # noqa: BLE001 - this is a child process: it must never continue as a launcher
        sys.excepthook(*sys.exc_info())  # The engine reads it, as long as it waits for the start.
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
