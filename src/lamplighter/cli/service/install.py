"""Install a service, or bring an installed one up to date, and wait until its engine serves.

Guarantees that the second call changes only what differs, that the jobs of a restarted engine go on, and that a
failure before the start leaves everything as it was. An engine that does not start remains installed: systemd tries
again, and the error says why it failed and what to do.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lamplighter import __version__
from lamplighter.base.errors import LamplighterError
from lamplighter.base.files import make_path, write_file
from lamplighter.base.world import real_world, sleep
from lamplighter.cli.engine_address import read_address
from lamplighter.cli.engine_health import read_health
from lamplighter.cli.service.status import LOG_LINES
from lamplighter.cli.service.systemd import Systemd, SystemdError
from lamplighter.cli.service.unit_file import Scope, ServiceUnit, changed_settings, render_unit
from lamplighter.cli.service.variables_file import changed_variables, set_variables
from lamplighter.store.lock import find_holder

UNIT_MODE = 0o644
START_SECONDS = 120.0
"""Seconds to wait until the engine serves; it continues to start after them."""
POLL_SECONDS = 0.25


class InstallFailed(LamplighterError):
    """A service could not be installed, or its engine does not serve."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A service to install."""

    systemd: Systemd
    name: str
    """The unit's name with `.service`."""
    unit: ServiceUnit
    variables: dict[str, str]
    """The variables that the engine gets."""

    @property
    def file(self) -> Path:
        """The file of the unit."""
        return self.systemd.units / self.name


def install(installation: Installation, say: Callable[[str], None], *, starts: bool) -> None:
    """Write the unit and start it; with `starts` false, only enable it. Raises `InstallFailed` or `SystemdError`."""
    systemd, name = installation.systemd, installation.name
    before = systemd.show(name)
    _check_folder(installation, before)
    changes = _write_files(installation)
    if changes:
        say(f"{name}: {', '.join(changes)}")
    is_active = before.get("ActiveState") == "active"
    if not starts:
        say(f"{name} is installed; start it with `{_control_text(systemd)} start {name}`")
    elif not changes and is_active and not _is_outdated(installation):
        say(f"{name} runs already, and nothing has changed")
    else:
        began = real_world().now() // 1000
        systemd.control("restart", "--no-block", name)
        _wait_until_serving(installation, before.get("MainPID", "0"), began)
        say(f"{name} {'was restarted; its jobs went on' if is_active else 'is started'}")
    if starts and (address := read_address(installation.unit.data)):
        say(f"the console is at {address.public}/")


def _check_folder(installation: Installation, before: dict[str, str]) -> None:
    """Raise `InstallFailed` if another service or another engine uses the folder or the name."""
    units = installation.systemd.find_units()
    for each in units:
        if each.name == installation.name and each.folder != installation.unit.folder:
            raise InstallFailed(f"{each.name} runs the engine of {each.folder}: choose another name with --name")
        if each.folder == installation.unit.folder and each.name != installation.name:
            raise InstallFailed(f"{each.name} runs the engine of this folder: use `--name`, or uninstall it first")
    if installation.file.exists() and not any(each.name == installation.name for each in units):
        raise InstallFailed(f"{installation.file} is not a unit of lamplighter: choose another name with --name")
    holder = find_holder(installation.unit.data)
    if holder is not None and holder != before.get("MainPID"):
        raise InstallFailed(
            f"an engine (process {holder}) runs on {installation.unit.data}: stop it first, for example with Ctrl-C or "
            f"`kill {holder}`; its jobs go on, and the service takes them over"
        )


def _write_files(installation: Installation) -> list[str]:
    """Write what differs, and let systemd read it; undo all if a step fails. Return what has changed."""
    variables_file, unit_file = installation.unit.variables_file, installation.file
    old_variables, old_unit = _read(variables_file), _read(unit_file)
    new_variables = set_variables(old_variables or "", installation.variables)
    new_unit = render_unit(installation.unit)
    try:
        if new_variables != old_variables:
            make_path(variables_file.parent)
            write_file(variables_file, new_variables.encode())
        if new_unit != old_unit:
            make_path(unit_file.parent)
            write_file(unit_file, new_unit.encode())
            unit_file.chmod(UNIT_MODE)
        installation.systemd.control("daemon-reload")
        installation.systemd.control("enable", installation.name)
    except (OSError, SystemdError) as error:
        _restore(variables_file, old_variables)
        _restore(unit_file, old_unit)
        with suppress(SystemdError):
            installation.systemd.control("daemon-reload")
        raise InstallFailed(f"nothing is installed or changed: {error}") from None
    return list(_describe_changes(installation, old_unit, (old_variables or "", new_variables)))


def _describe_changes(installation: Installation, old_unit: str | None, variables: tuple[str, str]) -> Iterator[str]:
    changed = changed_variables(*variables)
    if old_unit is None:
        account = installation.unit.account
        yield f"written to {installation.file}{f', to run as {account}' if account else ''}"
    elif names := changed_settings(old_unit, render_unit(installation.unit)):
        yield f"changed {', '.join(names)}"
    if changed:
        yield f"set {', '.join(changed)} in {installation.unit.variables_file}"


def _read(file: Path) -> str | None:
    try:
        return file.read_text()
    except FileNotFoundError:
        return None


def _restore(file: Path, text: str | None) -> None:
    with suppress(OSError):
        if text is None:
            file.unlink()
        else:
            mode = file.stat().st_mode
            write_file(file, text.encode())
            file.chmod(mode)


def _is_outdated(installation: Installation) -> bool:
    """Return whether the engine that runs has another version than this program."""
    address = read_address(installation.unit.data)
    found = read_health(address.local) if address else None
    return found is not None and found["version"] != __version__


def _wait_until_serving(installation: Installation, old_process: str, began: int) -> None:
    """Return when a new process of the service is ready. Raises `InstallFailed` with its log since `began`."""
    systemd, name = installation.systemd, installation.name
    started = int(systemd.show(name).get("NRestarts", "0") or "0")
    for _ in range(int(START_SECONDS / POLL_SECONDS)):
        found = systemd.show(name)
        has_new_process = found.get("MainPID") not in ("0", old_process)
        if found.get("ActiveState") == "active" and has_new_process:
            return
        has_failed = found.get("ActiveState") == "failed" or found.get("SubState", "").startswith("auto-restart")
        if has_failed or int(found.get("NRestarts", "0") or "0") > started:
            raise InstallFailed(_failure_text(installation, began))
        sleep(POLL_SECONDS)
    raise InstallFailed(
        f"{name} is installed, but does not serve after {START_SECONDS:.0f} s; it continues to start: "
        "see `lamplighter service status`"
    )


def _failure_text(installation: Installation, began: int) -> str:
    lines = installation.systemd.last_lines(installation.name, LOG_LINES, began)
    log = "".join(f"\n    {line}" for line in lines)
    return (
        f"{installation.name} is installed, but its engine does not start; systemd tries again every 5 s, so correct "
        f"this, or remove it with `lamplighter service uninstall`:{log or ' its log cannot be read here'}"
    )


def _control_text(systemd: Systemd) -> str:
    return "systemctl --user" if systemd.scope is Scope.USER else "sudo systemctl"
