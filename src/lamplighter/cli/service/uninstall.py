"""Stop and remove a service; the data and the jobs that run stay."""

from collections.abc import Callable
from contextlib import suppress

from lamplighter.cli.service.systemd import InstalledUnit, Systemd, SystemdError


def uninstall(systemd: Systemd, unit: InstalledUnit, say: Callable[[str], None]) -> None:
    """Stop, disable and remove a service. Raises `SystemdError`; then the unit is still there."""
    tasks = systemd.show(unit.name).get("StatusText", "").partition(" ")[0]
    systemd.control("disable", "--now", unit.name)
    unit.file.unlink()
    unit.variables_file.unlink(missing_ok=True)
    with suppress(OSError):
        unit.variables_file.parent.rmdir()  # if no other service has a file there
    systemd.control("daemon-reload")
    with suppress(SystemdError):  # there is nothing to reset, unless it had failed
        systemd.control("reset-failed", unit.name)
    say(f"{unit.name} is stopped and removed, with {unit.variables_file}; the data stay in {unit.data}")
    if tasks.isdigit() and int(tasks):
        count = f"{tasks} task{'' if tasks == '1' else 's'}"
        say(f"{count} may still run: the next engine in {unit.folder} takes them over")
