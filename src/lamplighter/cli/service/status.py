"""Show at a glance how a service and its engine are."""

import re
from collections.abc import Iterator

from lamplighter.cli.engine_address import read_address
from lamplighter.cli.engine_health import read_health
from lamplighter.cli.service.systemd import InstalledUnit, Systemd, lingers
from lamplighter.cli.service.unit_file import Scope

LOG_LINES = 10
RUNNING, NOT_RUNNING, NOT_INSTALLED = 0, 3, 4
"""Exit codes, as those of `systemctl status`."""


def describe_service(systemd: Systemd, unit: InstalledUnit, account: str) -> tuple[list[str], int]:
    """Return the lines that describe a service and its engine, and the exit code."""
    found = systemd.show(unit.name)
    is_running = found.get("ActiveState") == "active"
    lines = [
        f"{unit.name}: {_state(found)}",
        f"  unit     {unit.file}, {found.get('UnitFileState') or 'not enabled'}{_owner(systemd, unit)}",
        f"  folder   {unit.folder}, data in {unit.data}",
        *_engine_lines(unit, found, is_running=is_running),
    ]
    if systemd.scope is Scope.USER and not lingers(account):
        lines.append(
            f"  warning  it and its jobs stop when {account} logs out: `sudo loginctl enable-linger {account}`"
        )
    log = systemd.last_lines(unit.name, LOG_LINES)
    lines += ["  log", *(f"    {line}" for line in log)] if log else []
    return lines, RUNNING if is_running else NOT_RUNNING


def _state(found: dict[str, str]) -> str:
    state, since = found.get("ActiveState", "unknown"), found.get("StateChangeTimestamp", "")
    detail = found.get("SubState", "")
    text = "running" if state == "active" else state if detail in ("", state, "dead") else f"{state} ({detail})"
    process = f", process {found['MainPID']}" if found.get("MainPID", "0") != "0" else ""
    restarts = found.get("NRestarts", "0")
    again = f", restarted {restarts} time{'' if restarts == '1' else 's'} after failures" if restarts != "0" else ""
    result = f", result {found['Result']}" if found.get("Result", "success") != "success" else ""
    return f"{text}{f' since {since}' if since else ''}{process}{again}{result}"


def _owner(systemd: Systemd, unit: InstalledUnit) -> str:
    account = re.search(r"^User=(.*)$", unit.text, re.MULTILINE)
    return f", runs as {account[1]}" if account and systemd.scope is Scope.SYSTEM else ""


def _engine_lines(unit: InstalledUnit, found: dict[str, str], *, is_running: bool) -> Iterator[str]:
    if not is_running:
        return
    address = read_address(unit.data)
    health = read_health(address.local) if address else None
    if address is None or health is None:
        silent = f"; {address.local} does not answer here" if address else ""
        yield f"  engine   {found.get('StatusText') or 'its state is unknown'}{silent}"
        return
    tasks = found.get("StatusText", "").partition(";")[0]
    state = ", ".join(filter(None, (f"version {health['version']}", health["status"], tasks)))
    yield f"  engine   {address.public}/, {state}"
    for each in health.get("conditions", []):
        yield f"  problem  {each['name']}: {' '.join(each['reason'].split())}"
