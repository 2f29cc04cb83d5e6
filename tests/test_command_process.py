"""A forked command has the exit code, the streams, the folder and the limits of one that a shell starts."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_process import CommandProcess, run_command
from tests.process_state import process_state
from tests.served_engine import eventually

JOB_FILE = "project: reports\njobs:\n  nightly: {command: 'echo ü', schedule: rate(1 day)}\n"


@pytest.mark.parametrize(
    "words", [["--version"], ["lint"], ["lint", "missing.yaml"], ["synth"], ["nonsense"], ["ps", "--help"]]
)
def test_a_command_gives_the_same_as_python_m_lamplighter(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "lamplighter.yaml").write_text(JOB_FILE)
    command = [sys.executable, "-m", "lamplighter", *words]
    real = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    forked = run_command(tmp_path, *words, environment=os.environ)
    assert (forked.code, forked.out, forked.err) == (real.returncode, real.stdout, real.stderr)


def test_a_command_has_only_the_given_environment(tmp_path: Path) -> None:
    result = run_command(tmp_path, "ps", "--endpoint-url", "http://127.0.0.1:1", environment={"LANG": "C.UTF-8"})
    assert (result.code, "does not answer" in result.err) == (1, True)
    assert "AWS" not in result.out


def test_a_command_is_the_leader_of_a_session_with_the_given_limit_and_ends_by_its_signal(tmp_path: Path) -> None:
    words = ["up", "--data", str(tmp_path / "data"), "--port", "0", "--runtime", "process"]
    read_end, write_end = os.pipe()
    command = CommandProcess(words, stdout=write_end, stderr=write_end, folder=tmp_path, open_files=256)
    os.close(write_end)
    with os.fdopen(read_end) as output:
        assert any("listening on" in line for line in output)
        assert command.is_running()
        assert os.getsid(command.pid) == command.pid
        limits = Path(f"/proc/{command.pid}/limits").read_text().splitlines()
        assert any(line.split()[:5] == ["Max", "open", "files", "256", "256"] for line in limits)
        command.send_signal(signal.SIGKILL)
        eventually(lambda: not command.is_running())
        assert process_state(command.pid) == "Z", "another process could get its id before `wait`"
        command.send_signal(signal.SIGTERM)
        assert command.wait() == -signal.SIGKILL


def test_a_command_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    words = ["up", "--data", str(tmp_path / "data"), "--port", "0", "--runtime", "process"]
    with Path(os.devnull).open("wb") as nowhere:
        command = CommandProcess(words, stdout=nowhere.fileno(), stderr=nowhere.fileno(), folder=tmp_path)
    with pytest.raises(TimeoutError):
        command.wait(0.01)
    eventually(lambda: process_state(command.pid) in ("", "Z"))
