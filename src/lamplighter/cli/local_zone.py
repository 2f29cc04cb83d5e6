"""Find the time zone in which a command shows and reads times: that of all schedules, or else this machine's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from lamplighter.base.world import set_local_zone
from lamplighter.jobs.file.model import Project
from lamplighter.lang.schedule.time_zones import UnknownZone, find_zone


def local_zone() -> ZoneInfo:
    """Return the time zone of the variable TZ, or else of /etc/localtime; UTC if its name is not known."""
    file = Path("/etc/localtime").resolve()
    name = os.environ.get("TZ", "").removeprefix(":") or str(file).rpartition("zoneinfo/")[2]
    try:
        return find_zone(name)
    except UnknownZone:
        return find_zone("UTC")


@contextmanager
def zone_of_schedules(project: Project | None) -> Iterator[None]:
    """Make the zone of a project's schedules the process's local zone within the block, if all of them have the same.

    So a run has the same time here as in mails and in the console.
    """
    jobs = () if project is None else project.jobs.values()
    zones = {each.timezone for each in jobs if each.schedule}
    before = os.environ.get("TZ")
    set_local_zone(zones.pop() if len(zones) == 1 else before)
    try:
        yield
    finally:
        set_local_zone(before)
