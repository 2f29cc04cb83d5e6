"""Say how to keep an engine running on a machine without systemd."""

import shlex
from collections.abc import Sequence
from pathlib import Path


def advice(folder: Path, command: Sequence[str]) -> str:
    """Return what to do: a line for cron, and where the other ways are described."""
    line = f"cd {shlex.quote(str(folder))} && while :; do {shlex.join(command)} >>lamplighter.log 2>&1; sleep 5; done"
    escaped = line.replace("%", "\\%")  # cron would take it for the end of the line
    return (
        "systemd does not run on this machine, so there is no service to install. Instead:\n"
        f"- with cron, add this line with `crontab -e`:\n    @reboot {escaped}\n"
        "- with another init system, let it run the same command; docs/manual/service.md has an init script\n"
        "- in a container, let `up` be its command, with `restart: unless-stopped`\n"
        "`lamplighter service install --print` prints the unit for another machine."
    )
