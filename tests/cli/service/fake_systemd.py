"""Commands of systemd that record their calls, in a folder for PATH; `state` is what systemd knows of the unit."""

import os
from pathlib import Path

from tests.cli.up_folder import run_lamplighter
from tests.command_process import CommandResult

RUNNING = "ActiveState=active\nSubState=running\nMainPID=4242\nStatusText=2 tasks running\nUnitFileState=enabled\n"
STOPPED = "ActiveState=inactive\nSubState=dead\nMainPID=0\n"
FAILING = "ActiveState=activating\nSubState=auto-restart\nMainPID=0\nResult=exit-code\nNRestarts=1\n"
SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >> {folder}/calls
case "$*" in
    is-system-running) cat {folder}/system ;;
    *" show "*) cat {folder}/state ;;
    *" restart "*) sed "s/MainPID=42.*/MainPID=42$$/" {folder}/after-start > {folder}/state ;;
    *" disable "*) echo ActiveState=inactive > {folder}/state ;;
    *" enable "*) test ! -e {folder}/enable-fails || {{ echo "Failed to enable unit: no room" >&2; exit 1; }} ;;
    *show-environment*) test ! -e {folder}/no-bus || {{ echo "No medium found" >&2; exit 1; }} ;;
esac
"""
JOURNALCTL = """#!/bin/sh
echo "journalctl $*" >> {folder}/calls
cat {folder}/log
"""
LOGINCTL = """#!/bin/sh
echo "loginctl $*" >> {folder}/calls
case "$*" in
    *enable-linger*) test ! -e {folder}/linger-denied && echo yes > {folder}/linger ;;
    *) cat {folder}/linger ;;
esac
"""


CHANGING_CALLS = ("daemon-reload", "enable", "disable", "restart", "loginctl")


class FakeSystemd:
    """The commands, a home directory, and a folder with a job file in which to run `lamplighter service`."""

    def __init__(self, folder: Path) -> None:
        self.fake = folder / "fake"
        self.home = folder / "home"
        self.jobs = folder / "reports"
        for each in (self.fake, self.home, self.jobs):
            each.mkdir()
        for name, text in (("systemctl", SYSTEMCTL), ("journalctl", JOURNALCTL), ("loginctl", LOGINCTL)):
            file = self.fake / name
            file.write_text(text.format(folder=self.fake))
            file.chmod(0o755)
        self.set("system", "running\n")
        self.set("state", STOPPED)
        self.set("after-start", RUNNING)
        self.set("linger", "yes\n")
        self.set("log", "")
        self.jobs.joinpath("lamplighter.yaml").write_text("project: reports\njobs: {nightly: {command: 'true'}}\n")
        self.unit = self.home / ".config/systemd/user/lamplighter-reports.service"
        self.variables = self.home / ".config/lamplighter/reports.env"

    def set(self, name: str, text: str) -> None:
        """Set what a command prints, or that it fails."""
        self.fake.joinpath(name).write_text(text)

    def run(self, *words: str, folder: Path | None = None, **environment: str) -> CommandResult:
        """Run `lamplighter service` for the user's own systemd."""
        given = {"PATH": f"{self.fake}:{os.environ['PATH']}", "HOME": str(self.home), "XDG_CONFIG_HOME": ""}
        command, *options = words
        return run_lamplighter(
            "service", command, "--no-system", *options, cwd=folder or self.jobs, **{**given, **environment}
        )

    def take_calls(self) -> list[str]:
        """Return the calls that change something, since the last time, without the options that are always there."""
        file = self.fake / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        words = [line.replace(" --user --no-ask-password --no-pager", "").removeprefix("systemctl ") for line in lines]
        return [line for line in words if line.split()[0] in CHANGING_CALLS]
