"""Time zones by their IANA names, and what the hands of a clock there mean.

Promises AWS's rule for the two nights on which clocks are set: a local time that does not exist is nothing, and one
that exists twice means its first. See https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from lamplighter.base.errors import LamplighterError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_EPOCH = EPOCH.replace(tzinfo=None)
_NO_ZONES = ("localtime", "posixrules", "posix/", "right/")
"""What lies among the zones of a system's database and is none of IANA's."""


class UnknownZone(LamplighterError):
    """There is no time zone of this name."""


def find_zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name; raises UnknownZone."""
    if name.startswith(_NO_ZONES):
        raise UnknownZone(name)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UnknownZone(name) from None


def to_local(instant: int, where: ZoneInfo) -> datetime:
    """What a clock there shows at an instant in milliseconds since the epoch."""
    return (EPOCH + timedelta(milliseconds=instant)).astimezone(where).replace(tzinfo=None, fold=0)


def to_instant(shown: datetime, where: ZoneInfo) -> int | None:
    """When a clock there shows this, in milliseconds since the epoch; None where it never does."""
    before, after = (where.utcoffset(shown.replace(tzinfo=where, fold=fold)) for fold in (0, 1))
    assert before is not None
    assert after is not None
    # PEP 495: in a gap the offsets are those before and after it, and the clock has been set forward.
    return None if before < after else (shown - _PLAIN_EPOCH - before) // timedelta(milliseconds=1)
