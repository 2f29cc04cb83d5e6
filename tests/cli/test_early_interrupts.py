"""A signal that arrives while a command starts is never lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lamplighter.cli.early_interrupts import ending_on_interrupt
from tests.killed_at_end import killed_at_end
from tests.served_engine import eventually

SWALLOWING = """
import os, signal, sys
from lamplighter.cli.early_interrupts import ending_on_interrupt
signal.signal(signal.SIGINT, signal.SIG_IGN if sys.argv[1] == "ignored" else signal.default_int_handler)
with ending_on_interrupt():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        pass
"""


@pytest.mark.parametrize(("signal_is", "code"), [("not ignored", -signal.SIGINT), ("ignored", 0)])
def test_code_that_catches_every_exception_does_not_swallow_an_interrupt(signal_is: str, code: int) -> None:
    assert subprocess.run([sys.executable, "-c", SWALLOWING, signal_is], timeout=60).returncode == code


def test_after_the_start_an_interrupt_is_an_exception_again() -> None:
    with ending_on_interrupt():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_ends_at_once_while_it_reads_its_job_file(tmp_path: Path, number: signal.Signals) -> None:
    """The test opens the FIFO and writes nothing, so that reading it takes for ever."""
    file = tmp_path / "lamplighter.yaml"
    os.mkfifo(file)
    command = [sys.executable, "-m", "lamplighter", "up", "--port", "0"]
    with killed_at_end(subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE)) as process:
        writer = eventually(lambda: open_for_writing(file))
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        os.close(writer)
    assert (process.returncode, errors) == (-number, b"")


def open_for_writing(fifo: Path) -> int | None:
    """Open a FIFO that a process reads; return None if none does."""
    try:
        return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None
