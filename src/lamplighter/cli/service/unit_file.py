"""Write and read the unit of systemd that runs an engine. Pure.

The lines that keep the product's promises: `Type=notify` with a watchdog, so that systemd knows whether the engine
serves; `KillMode=process`, so that a stop or restart of the engine leaves the jobs alone; `Delegate=yes`, so that the
engine may hold plain processes to their memory; `Restart=always` without a limit, because nobody watches at night;
`OOMPolicy=continue`, so that a job without memory ends alone. Everything that
restricts the engine restricts its jobs, too, so there is only what no job needs: docs/manual/service.md explains each.
See https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

MARK = "# Written by `lamplighter service install`, which overwrites changes: add yours with `systemctl edit`."
"""The first line, by which the command recognises its own units."""
OWN_SECTION = "X-Lamplighter"
"""The section for this program; systemd ignores sections that begin with X-."""
MAX_OPEN_FILES = 524_288
ENGINE_CGROUP = "engine"
"""The cgroup of the engine in that of the unit; those of plain processes are beside it (`runtime/process/cgroups.py`).
"""
DROPPED_CAPABILITIES = ("CAP_SYS_BOOT", "CAP_SYS_MODULE", "CAP_SYS_TIME")
"""What neither the engine nor a job may do, even as root."""


class Scope(StrEnum):
    """Whose service it is."""

    USER = "user"
    """One of the user's own systemd."""
    SYSTEM = "system"
    """One of the machine."""


@dataclass(frozen=True, slots=True)
class UpCommand:
    """The options of `up` for a service."""

    options: tuple[str, ...]
    """The options without the secret ones."""
    secrets: dict[str, str]
    """The values of the secret options, by the variable that has the same meaning."""
    data: Path
    """The data directory; an absolute path."""


@dataclass(frozen=True, slots=True)
class ServiceUnit:
    """A service that runs one engine."""

    scope: Scope
    folder: Path
    """The folder in which `lamplighter up` runs."""
    data: Path
    """The engine's data directory."""
    command: tuple[str, ...]
    variables_file: Path
    """The file with variables of the engine, among them its secrets."""
    account: str = ""
    """The account that runs a service of the machine."""


def render_unit(unit: ServiceUnit) -> str:
    """Return the text of a unit."""
    is_system = unit.scope is Scope.SYSTEM
    sections = {
        "Unit": _unit_lines(unit, is_system=is_system),
        "Service": _service_lines(unit, is_system=is_system),
        "Install": [f"WantedBy={'multi-user.target' if is_system else 'default.target'}"],
        OWN_SECTION: [f"Folder={unit.folder}", f"Data={unit.data}", f"Variables={unit.variables_file}"],
    }
    blocks = ("\n".join([f"[{name}]", *lines]) for name, lines in sections.items())
    return f"{MARK}\n" + "\n\n".join(blocks) + "\n"


def _unit_lines(unit: ServiceUnit, *, is_system: bool) -> Iterator[str]:
    yield f"Description=lamplighter: the jobs of {_escape_specifiers(str(unit.folder))}"
    if is_system:
        yield "Wants=network-online.target"
    yield f"After={'network-online.target time-sync.target ' if is_system else ''}docker.service"
    yield f"RequiresMountsFor={_quote(str(unit.folder))} {_quote(str(unit.data))}"
    yield "StartLimitIntervalSec=0"


def _service_lines(unit: ServiceUnit, *, is_system: bool) -> Iterator[str]:
    yield "Type=notify"
    if is_system:
        yield f"User={unit.account}"
    yield f"WorkingDirectory={_escape_specifiers(str(unit.folder))}"
    yield f"EnvironmentFile=-{_escape_specifiers(str(unit.variables_file))}"
    yield f"ExecStart={' '.join(_quote(word).replace('$', '$$') for word in unit.command)}"
    yield "SyslogIdentifier=lamplighter"
    yield "KillMode=process"
    yield "Delegate=yes"
    yield f"DelegateSubgroup={ENGINE_CGROUP}"
    yield "Restart=always"
    yield "RestartSec=5"
    yield "RestartPreventExitStatus=2"
    yield "TimeoutStartSec=infinity"
    yield "TimeoutStopSec=30"
    yield "WatchdogSec=2min"
    yield f"LimitNOFILE=1024:{MAX_OPEN_FILES}"
    yield "TasksMax=infinity"
    yield "OOMPolicy=continue"
    if is_system:
        yield "OOMScoreAdjust=-500"
        yield f"CapabilityBoundingSet=~{' '.join(DROPPED_CAPABILITIES)}"


def read_own_section(text: str) -> dict[str, str] | None:
    """Return the settings of this program's section of a unit; None for a unit that this program did not write."""
    if not text.startswith(MARK):
        return None
    found = re.search(rf"^\[{OWN_SECTION}\]\n((?:\w+=.*\n)+)", text, re.MULTILINE)
    return dict(line.split("=", 1) for line in found[1].splitlines()) if found else None


def changed_settings(before: str, after: str) -> list[str]:
    """Return the names of the settings that differ between two texts of a unit."""
    old, new = _settings(before), _settings(after)
    return [name for name in {**old, **new} if old.get(name) != new.get(name) and name not in ("Data", "Variables")]


def _settings(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def _escape_specifiers(text: str) -> str:
    return text.replace("%", "%%")


def _quote(word: str) -> str:
    """Quote a word of a command line or of a list, if it needs that."""
    escaped = _escape_specifiers(word)
    if re.fullmatch(r"[\w@%+=:,./$-]+", escaped, re.ASCII):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
