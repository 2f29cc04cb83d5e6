"""Talk to systemd by its own commands: systemctl, journalctl and loginctl.

Guarantees that a command that fails raises `SystemdError` with its words, and that nothing asks for a password or opens
a pager. The user's own systemd is found even in a shell without XDG_RUNTIME_DIR.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.cli.service.unit_file import Scope, read_own_section

SECONDS = 90
"""Seconds after which a command of systemd counts as failed."""
SYSTEM_UNITS, SYSTEM_VARIABLES = Path("/etc/systemd/system"), Path("/etc/lamplighter")
EXPECTED_REMARKS = ("left-over process", "remains running after unit stopped", "usually indicates unclean termination")
LINES_READ_PER_SHOWN = 10
NAME_PREFIX = "lamplighter-"


class SystemdError(LamplighterError):
    """A command of systemd failed."""


@dataclass(frozen=True, slots=True)
class InstalledUnit:
    """A unit that `lamplighter service install` wrote."""

    name: str
    """The unit's name with `.service`."""
    file: Path
    text: str
    folder: Path
    data: Path
    variables_file: Path


@dataclass(frozen=True, slots=True)
class Systemd:
    """The systemd of the machine or of the user."""

    scope: Scope
    units: Path
    """The folder for units that an administrator or a user adds."""
    variables: Path
    """The folder for the files of variables."""

    def control(self, *words: str) -> str:
        """Run systemctl and return its output."""
        return self._run("systemctl", *self._options, "--no-ask-password", "--no-pager", *words)

    def show(self, unit: str) -> dict[str, str]:
        """Return the properties of a unit, which need not exist."""
        lines = self.control("show", unit).splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def last_lines(self, unit: str, count: int, since: int = 0) -> list[str]:
        """Return the last lines of a unit's log since a time in seconds; none if they cannot be read.

        What systemd says about the processes of jobs, which outlive the engine on purpose, is left out.
        """
        chosen = f"--user-unit={unit}" if self.scope is Scope.USER else f"--unit={unit}"
        try:
            text = self._run(
                "journalctl",
                chosen,
                f"--lines={count * LINES_READ_PER_SHOWN}",
                f"--since=@{since}",
                "--no-pager",
                "--quiet",
                "--output=short-iso",
            )
        except SystemdError:
            return []
        return [line for line in text.splitlines() if not any(each in line for each in EXPECTED_REMARKS)][-count:]

    @property
    def _options(self) -> tuple[str, ...]:
        return ("--user",) if self.scope is Scope.USER else ()

    def _run(self, *command: str) -> str:
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=SECONDS, env=_environment(), check=False
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise SystemdError(f"`{' '.join(command)}` failed: {error}") from None
        if done.returncode != 0:
            raise SystemdError(f"`{' '.join(command)}` failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def find_units(self) -> list[InstalledUnit]:
        """Return the units in the folder that `lamplighter service install` wrote."""
        found = []
        for file in sorted(self.units.glob(f"{NAME_PREFIX}*.service")):
            text = file.read_text(errors="replace")
            own = read_own_section(text)
            if own is not None:
                paths = (Path(own[name]) for name in ("Folder", "Data", "Variables"))
                found.append(InstalledUnit(file.name, file, text, *paths))
        return found

    def find_unit(self, folder: Path) -> InstalledUnit | None:
        """Return the unit that runs the engine of a folder."""
        return next((each for each in self.find_units() if each.folder == folder), None)


def make_systemd(scope: Scope) -> Systemd:
    """Return the systemd of a scope, with its usual folders."""
    if scope is Scope.SYSTEM:
        return Systemd(scope, SYSTEM_UNITS, SYSTEM_VARIABLES)
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return Systemd(scope, config / "systemd" / "user", config / "lamplighter")


def is_systemd_running() -> bool:
    """Return whether this machine was started by systemd; systemctl itself knows it."""
    if shutil.which("systemctl") is None:
        return False
    command = ("systemctl", "is-system-running")
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)
    return done.stdout.strip() not in ("", "offline")


def lingers(account: str) -> bool:
    """Return whether the services of a user run without a login; True if that cannot be found out."""
    command = ("loginctl", "show-user", account, "--property=Linger", "--value")
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)
    except OSError:
        return True
    if done.returncode != 0:  # a user who is not logged in and does not linger is unknown
        return False
    return done.stdout.strip() != "no"


def enable_lingering(account: str) -> bool:
    """Let the services of a user run without a login; return whether that was allowed."""
    command = ("loginctl", "--no-ask-password", "enable-linger", account)
    done = subprocess.run(command, capture_output=True, env=_environment(), check=False)
    return done.returncode == 0


def own_account() -> str:
    """Return the name of the account that runs this command."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _environment() -> dict[str, str]:
    runtime = f"/run/user/{os.geteuid()}"
    defaults = {"XDG_RUNTIME_DIR": runtime} if Path(runtime).is_dir() else {}
    return {**defaults, **os.environ, "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8"}
