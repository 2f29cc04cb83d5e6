"""The unit: systemd itself accepts it, names are quoted, and the program recognises its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lamplighter.cli.service.unit_file import MARK, Scope, ServiceUnit, changed_settings, read_own_section, render_unit

ODD = 'reports 50% "now" $HOME\\n'


def make_unit(scope: Scope, folder: Path, *options: str) -> ServiceUnit:
    command = (sys.executable, "-P", "-m", "lamplighter", "up", *options)
    account = "root" if scope is Scope.SYSTEM else ""
    return ServiceUnit(scope, folder, folder / ".lamplighter", command, folder / "reports.env", account)


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("name", ["reports", ODD])
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path, scope: Scope, name: str) -> None:
    """systemd reports every setting that it does not know or cannot read."""
    if shutil.which("systemd-analyze") is None:
        assert "LAMPLIGHTER_REQUIRE_DOCKER" not in os.environ, ".ci/run installs systemd"
        pytest.skip("systemd-analyze is not installed")
    folder = tmp_path / name
    folder.mkdir()
    file = tmp_path / "lamplighter-reports.service"
    file.write_text(render_unit(make_unit(scope, folder, "--url", "http://x/%n$HOME", "a b")))
    command = ["systemd-analyze", f"--{scope}", "verify", "--recursive-errors=no", "--man=no", str(file)]
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)})
    assert (done.returncode, [line for line in done.stderr.splitlines() if file.name in line]) == (0, [])


def test_words_of_the_command_line_arrive_unchanged_at_the_program(tmp_path: Path) -> None:
    text = render_unit(make_unit(Scope.USER, tmp_path, "--url", "http://x/%n$HOME", 'say "a\\b"'))
    assert 'up --url http://x/%%n$$HOME "say \\"a\\\\b\\""\n' in text


def test_jobs_survive_the_engine_and_nothing_limits_restarts() -> None:
    lines = render_unit(make_unit(Scope.SYSTEM, Path("/srv/jobs"))).splitlines()
    needed = {"Type=notify", "KillMode=process", "Restart=always", "StartLimitIntervalSec=0", "OOMPolicy=continue"}
    assert needed <= set(lines)


def test_the_engine_may_make_cgroups_for_plain_processes_beside_its_own() -> None:
    for scope in Scope:
        lines = render_unit(make_unit(scope, Path("/srv/jobs"))).splitlines()
        assert {"Delegate=yes", "DelegateSubgroup=engine"} <= set(lines)


def test_nothing_keeps_a_job_from_using_sudo() -> None:
    """A filter of system calls would: for a user, each one implies NoNewPrivileges; so would a mount namespace."""
    for scope in Scope:
        names = {line.partition("=")[0] for line in render_unit(make_unit(scope, Path("/srv/jobs"))).splitlines()}
        forbidden = ("Protect", "Private", "Restrict", "SystemCall", "NoNewPrivileges", "Lock", "Read", "Inaccessible")
        assert [name for name in names if name.startswith(forbidden)] == []


def test_a_user_s_unit_has_nothing_that_only_root_may_set() -> None:
    text = render_unit(make_unit(Scope.USER, Path("/home/me/jobs")))
    assert "User=" not in text
    assert "CapabilityBoundingSet" not in text
    assert "OOMScoreAdjust" not in text
    assert "WantedBy=default.target" in text


def test_the_program_recognises_its_own_units_only() -> None:
    text = render_unit(make_unit(Scope.USER, Path("/home/me/a=b")))
    assert read_own_section(text) == {
        "Folder": "/home/me/a=b", "Data": "/home/me/a=b/.lamplighter", "Variables": "/home/me/a=b/reports.env",
    }  # fmt: skip
    assert read_own_section(text.removeprefix(MARK)) is None
    assert read_own_section(f"{MARK}\n[Unit]\n") is None


def test_the_settings_that_differ_are_named() -> None:
    before = render_unit(make_unit(Scope.USER, Path("/home/me/jobs")))
    assert changed_settings(before, before) == []
    after = render_unit(make_unit(Scope.USER, Path("/home/me/jobs"), "--quiet"))
    assert changed_settings(before, after.replace("RestartSec=5\n", "")) == ["ExecStart", "RestartSec"]
