"""Find the time zone of this machine."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo

from lamplighter.lang.schedule.time_zones import UnknownZone, find_zone


def local_zone() -> ZoneInfo:
    """Return the time zone of the variable TZ, or else of /etc/localtime; UTC if its name is not known."""
    file = Path("/etc/localtime").resolve()
    name = os.environ.get("TZ", "").removeprefix(":") or str(file).rpartition("zoneinfo/")[2]
    try:
        return find_zone(name)
    except UnknownZone:
        return find_zone("UTC")
