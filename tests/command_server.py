"""Fork the processes of commands from one that has imported the program already: see `tests/command_process.py`.

`python -m tests.command_server PATH` listens on a Unix socket until its standard input ends. For each connection it
forks a keeper. The keeper forks the command, sends its process id, sends "ended" when the command has ended, and sends
the exit code on request.
"""

import faulthandler
import gc
import json
import os
import pkgutil
import resource
import select
import socket
import sys
from contextlib import suppress
from importlib import import_module

import lamplighter
from lamplighter.__main__ import main
from lamplighter.base.json_text import Json
from lamplighter.wire.models.service_models import SERVICES, load_service
from tests import botocore_files

MAX_REQUEST_BYTES = 1_000_000


def import_program() -> None:
    """Import all modules of the program, and the library of its clients."""
    for module in pkgutil.walk_packages(lamplighter.__path__, "lamplighter."):
        if not module.name.endswith("shim"):  # a program of its own
            import_module(module.name)
    botocore_files.share_files()
    session = import_module("boto3.session").Session()
    for service in botocore_files.SERVICES:
        session.client(service, region_name="us-east-1")
    for service, entry in SERVICES.items():
        for protocol in entry.protocols:
            load_service(service, protocol)
    gc.collect()
    gc.freeze()


def serve(path: str) -> list[str]:
    """Fork a process for each connection; return, in the process of a command only, the words of the command."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    return keep_command(connection)
            reap_keepers()
    sys.exit()


def reap_keepers() -> None:
    """Collect the keepers that have ended."""
    with suppress(ChildProcessError):  # none is left
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def keep_command(connection: socket.socket) -> list[str]:
    """Fork the command and report its end; return only in the command's process."""
    text, files, _, _ = socket.recv_fds(connection, MAX_REQUEST_BYTES, 3)
    request = json.loads(text)
    process = os.fork()
    if process == 0:
        connection.close()
        become_command(request, files)
        words: list[str] = request["words"]
        return words
    for file in (0, 1, 2, *files):
        os.close(file)
    try:
        connection.send(str(process).encode())
        os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
        connection.send(b"ended")
        connection.recv(1)  # until then no other process can get the id of this one
        _, status = os.waitpid(process, 0)
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())
    finally:
        os._exit(0)


def become_command(request: Json, files: list[int]) -> None:
    """Give this process a session, and the folder, environment, limits and standard streams of the request."""
    os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    faulthandler.enable()  # SIGABRT makes a command that hangs say where
    if request["open_files"]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (request["open_files"], request["open_files"]))


if __name__ == "__main__":
    import_program()
    sys.argv = ["lamplighter", *serve(sys.argv[1])]
    main()
