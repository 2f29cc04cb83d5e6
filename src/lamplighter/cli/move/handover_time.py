"""Choose the time of a handover, and find the slots that neither side ran. Pure.

EventBridge Scheduler starts a slot within the minute that it names, and each date has to be clear of that. So a
handover is at the last second of a minute, if possible one in which no run is due. See
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule.html.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from lamplighter.base.json_text import Json
from lamplighter.base.world import format_iso_time
from lamplighter.jobs.stack.handover import NEVER, Handover, is_date
from lamplighter.runs.history.story import to_milliseconds
from lamplighter.runs.jobs.schedules import names_target_in_input, schedule_timetable
from lamplighter.runs.jobs.upcoming_times import Timetable, UpcomingTime, times_of

MINUTE = 60_000
MAX_MINUTES = 30
"""For how many minutes a handover waits for a minute without a slot."""
MAX_LATENESS = 24 * 60 * MINUTE
"""How late a slot may start: Scheduler, too, tries it for a day at most."""
Schedules = Mapping[str, Json]
"""The schedules of a project by name, as GetSchedule returns them."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A time of a schedule at which a run is due."""

    instant: int
    schedule: str


def to_date(instant: int) -> str:
    """Return a time as AWS writes it in schedules."""
    return f"{format_iso_time(instant)[:19]}Z"


def last_second(instant: int) -> int:
    """Return the last second of the minute that contains an instant."""
    return instant - instant % MINUTE + MINUTE - 1000


def choose_time(schedules: Schedules, earliest: int) -> int:
    """Return the time of a handover: the first last second of a minute in which no run is due or may still begin."""
    times = [last_second(earliest) + count * MINUTE for count in range(MAX_MINUTES)]
    timetables = [schedule_timetable(each) for each in schedules.values()]
    return next((at for at in times if all(_is_quiet(each, at) for each in timetables if each.enabled)), times[0])


def _is_quiet(timetable: Timetable, at: int) -> bool:
    found = next(_slots(timetable, at - (timetable.window + 1) * MINUTE), None)
    return found is None or found > at


def end_schedules(schedules: Schedules, at: int, before: Handover | None = None) -> Handover:
    """Return the handover of the side that is left; a schedule whose one time comes later has no date.

    `before`: the handover that it replaces. A schedule that this one disabled is not paused.
    """
    found = {name: _planned_timetable(name, each, before) for name, each in schedules.items()}
    dates = {name: to_date(at) if each.enabled else NEVER for name, each in found.items() if not _is_later(each, at)}
    starts = {name: to_date(each.start) for name, each in found.items() if each.start is not None}
    return Handover("ends", to_date(at), dates, starts)


def _planned_timetable(name: str, schedule: Json, before: Handover | None) -> Timetable:
    timetable = schedule_timetable(schedule)
    if before is None or before.role != "ends" or (before.dates or {}).get(name) == NEVER:
        return timetable
    is_disabled = before.schedule_properties(name, timetable.expression)["State"] == "DISABLED"
    return replace(timetable, enabled=timetable.enabled or is_disabled)


def _is_later(timetable: Timetable, at: int) -> bool:
    return timetable.enabled and _is_one_time(timetable) and next(_slots(timetable, at), None) is not None


def begin_schedules(left: Schedules, ends: Handover, at: int, now: int) -> Handover:
    """Return the handover of the side that the jobs move to, whose schedules begin at a time.

    `left`: the schedules of the other side, which end. A rate keeps its rhythm, and a paused schedule stays paused.
    """
    dates = {name: _begin_date(left[name], end, at) for name, end in (ends.dates or {}).items() if name in left}
    return Handover("begins", ends.at, dates, minutes=max(0, at - now) // MINUTE + 1)


def _begin_date(schedule: Json, end: str, at: int) -> str:
    timetable = _endless(schedule)
    if end == NEVER or _is_one_time(timetable):
        return timetable.expression
    return to_date(next(_slots(timetable, at), at) if timetable.expression.startswith("rate") else at)


def missed_slots(left: Schedules, right: Schedules, begins: Handover, now: int) -> list[Slot]:
    """Return the slots from the handover on that the new side's schedules do not start, in the order of their times.

    Those of more than a day ago are not among them, nor those of a job that the file disables. A schedule starts what
    comes after its date, and after it was changed. One whose one time passed while it was disabled "may immediately
    invoke its target": so such a slot is among them only if START_RUN starts it once.
    """
    found = list[Slot]()
    enabled = {name for name, each in right.items() if each["State"] != "DISABLED"}
    for name in left.keys() & enabled:
        date, timetable = (begins.dates or {}).get(name, begins.at), _endless(left[name])
        is_started = not is_date(date) or (_is_one_time(timetable) and not names_target_in_input(right[name]["Target"]))
        end = 0 if is_started else max(to_instant(date), to_milliseconds(right[name]["LastModificationDate"]))
        slots = _slots(timetable, max(to_instant(begins.at), now - MAX_LATENESS) - 1)
        found += [Slot(each, name) for each in takewhile(end.__gt__, slots)]
    return sorted(found)


def to_instant(date: str) -> int:
    """Return the time that `to_date` wrote."""
    return round(datetime.fromisoformat(date).timestamp() * 1000)


def _endless(schedule: Json) -> Timetable:
    return replace(schedule_timetable(schedule), end=None)


def _is_one_time(timetable: Timetable) -> bool:
    return timetable.expression.startswith("at")


def _slots(timetable: Timetable, after: int) -> Iterator[int]:
    return _instants(times_of(timetable, after))


def _instants(times: Iterable[UpcomingTime]) -> Iterator[int]:
    return (each.instant for each in times if not each.skipped)
