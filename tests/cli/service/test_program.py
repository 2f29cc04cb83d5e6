"""Which installation a service runs: not one in a cache, and one that the account can run."""

import os
import pwd
import sys
from pathlib import Path

import pytest

from lamplighter.cli.service.program import UnusableProgram, check_permanent, check_runnable, service_program


@pytest.mark.parametrize(
    "prefix",
    [
        "/home/me/.cache/uv/archive-v0/Xb3q",
        "/home/me/.cache/pipx/0f1e",
        "/Users/me/Library/Caches/uv/archive-v0/Xb3q",
        "/var/uv/environments-v2/lamplighter-1a2b",
        "/big/uv-files/Xb3q",
    ],
)
def test_an_installation_that_uvx_or_pipx_run_made_is_refused(prefix: str) -> None:
    with pytest.raises(UnusableProgram, match="pipx install lamplighter"):
        check_permanent(Path(prefix), {"UV_CACHE_DIR": "/big/uv-files"})


@pytest.mark.parametrize(
    "prefix",
    [
        "/home/me/.local/share/pipx/venvs/lamplighter",
        "/home/me/.local/share/uv/tools/lamplighter",
        "/usr",
        "/opt/cached",
    ],
)
def test_an_installation_that_stays_is_accepted(prefix: str) -> None:
    check_permanent(Path(prefix), {})


def test_the_program_is_an_absolute_path_that_takes_no_module_from_the_folder() -> None:
    python, *words = service_program()
    assert Path(python).is_absolute()
    assert words == ["-P", "-m", "lamplighter"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can find out what others can run")
def test_a_program_that_the_account_cannot_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "python"
    secret.write_text("#!/bin/sh\n")
    secret.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(secret))
    with pytest.raises(UnusableProgram, match="the account nobody cannot run"):
        check_runnable(pwd.getpwnam("nobody"))
    check_runnable(pwd.getpwuid(0))
