"""Show all times of a page in one form and in the time zone that the visitor chose.

A visitor chooses the zone of the schedules, the browser's own zone ("mine"), UTC or any other IANA zone. If the
schedules have several zones, a visitor who has chosen nothing gets the browser's zone from a script, and UTC without
it: so a run has the same time on all pages. The choice comes from the page's URL (`?zone=…`), or else from a cookie, so
that pages without scripts and streams show the same times. Guarantees that a time is unambiguous: if clocks are set
back and show it twice, it has its offset. A page names its zone once, in the header. An invalid choice counts as none.
See https://www.iana.org/time-zones.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from lamplighter.lang.schedule import time_zones
from lamplighter.lang.schedule.time_zones import UnknownZone

ZONE_COOKIE, ZONE_QUERY = "lamplighter-zone", "zone"
"""The cookie and the query parameter with the visitor's choice."""
SCHEDULE, UTC_NAME, MINE_PREFIX = "schedule", "UTC", "mine:"
"""The choices: the zone of the schedules, UTC, and the beginning of the browser's own zone (`mine:Asia/Seoul`)."""


@dataclass(frozen=True, slots=True)
class ZoneChoice:
    """What a visitor chose."""

    zone: str = ""
    """An IANA name. Empty for the zone of the schedules."""
    is_mine: bool = False
    """Whether it is the browser's own zone."""

    @property
    def text(self) -> str:
        """The choice as cookies and URLs have it."""
        return f"{MINE_PREFIX if self.is_mine else ''}{self.zone}" or SCHEDULE


def parse_choice(text: str) -> ZoneChoice:
    """Parse a choice of a cookie, a URL or a form. Raises UnknownZone."""
    if text == SCHEDULE:
        return ZoneChoice()
    name = text.removeprefix(MINE_PREFIX)
    return ZoneChoice(time_zones.find_zone(name).key, is_mine=name != text)


@dataclass(frozen=True, slots=True)
class Clock:
    """The way in which one page shows times."""

    now: float
    """The time of the request, in seconds since the epoch."""
    choice: ZoneChoice = ZoneChoice()
    schedule_zone: str = ""
    """The zone of all schedules; empty if they have several, or if it is not known."""
    unknown: str = ""
    """A zone in the URL that does not exist."""

    @property
    def zone(self) -> str:
        """The zone of the page."""
        return self.choice.zone or _known_zone(self.schedule_zone or UTC_NAME)

    def instant(self, seconds: float) -> str:
        """Format an instant: Thu 01 Jan 03:00:07, with the year if it is not this one."""
        local = _local(seconds, self.zone)
        return f"{self._date(local)} {local:%H:%M:%S}{repeated_offset(local)}"

    def brief(self, seconds: float) -> str:
        """Format an instant without its seconds: Thu 01 Jan 03:00."""
        local = _local(seconds, self.zone)
        return f"{self._date(local)} {local:%H:%M}{repeated_offset(local)}"

    def time_of_day(self, seconds: float) -> str:
        """Format the time of an instant to the millisecond: 03:00:07.250."""
        local = _local(seconds, self.zone)
        return f"{local:%H:%M:%S}.{local.microsecond // 1000:03}{repeated_offset(local)}"

    def local(self, seconds: float) -> datetime:
        """Return an instant as clocks in the zone of the page show it."""
        return _local(seconds, self.zone).replace(tzinfo=None)

    def _date(self, local: datetime) -> str:
        this_year = datetime.fromtimestamp(self.now, local.tzinfo).year
        return f"{local:%a %d %b}" if local.year == this_year else f"{local:%a %d %b %Y}"


def choose_clock(now: float, asked: str | None, remembered: str | None, schedule_zone: str) -> Clock:
    """Return the clock of a page from the choices in its URL and in the cookie; `now` is in seconds since the epoch."""
    try:
        kept = parse_choice(remembered or SCHEDULE)
    except UnknownZone:
        kept = ZoneChoice()
    try:
        return Clock(now, parse_choice(asked) if asked else kept, schedule_zone)
    except UnknownZone:
        return Clock(now, kept, schedule_zone, unknown=asked or "")


def repeated_offset(local: datetime) -> str:
    """Return the offset of a local time that clocks show twice, such as " +02:00"; an empty text for others."""
    repeated = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    offset = f"{local:%z}"
    return f" {offset[:3]}:{offset[3:5]}" if repeated else ""


def _local(seconds: float, zone: str) -> datetime:
    return datetime.fromtimestamp(seconds, time_zones.find_zone(zone))


def _known_zone(name: str) -> str:
    """Return the name of a zone, or UTC if this machine does not know it, as it may be with a schedule of AWS."""
    try:
        return time_zones.find_zone(name).key
    except UnknownZone:
        return UTC_NAME


def format_utc(seconds: float) -> str:
    """Format an instant for a tooltip: 2026-01-01 18:00:00 UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def format_iso(seconds: float) -> str:
    """Format an instant for HTML's <time> element."""
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat(timespec='milliseconds')}".replace("+00:00", "Z")
