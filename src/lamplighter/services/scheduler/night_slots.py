"""List which slots of all schedules were missed since a time, which schedules are due until a time, and their zones.

The bus has the operations ListNightSlots and ListScheduleZones for it. AWS's models do not have them, so requests of
AWS's APIs cannot call them.
"""

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.scheduler import arns
from lamplighter.services.scheduler.schedules import describe_schedule
from lamplighter.services.scheduler.tables import schedules, slots
from lamplighter.store.db import Reader

MAX_MISSED, MAX_DUE, PAGE_SIZE = 5_000, 10_000, 1_000
"""The most rows of missed slots and of schedules in an answer, and in a page of one."""


def list_night_slots(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListNightSlots: return the slots that were `Missed` since `Since`, and the schedules that are `Due` before
    `Until`; times are in milliseconds.

    A missed slot has its schedule, what the schedule starts, and the reason. A due schedule is described as GetSchedule
    describes it, with `Next`, its next slot, and `Starts`.
    """
    low = arns.schedule_arn_prefix(caller, "")
    high = arns.end_of_prefix(low)
    missed = [
        {
            "Schedule": schedule,
            "Starts": starts,
            "Slot": slot.slot,
            "Until": slot.until,
            "Count": slot.count,
            "Outcome": slot.outcome,
            "Detail": slot.detail,
        }
        for schedule, starts, slot in slots.missed_since(reader, low, high, params["Since"], MAX_MISSED)
    ]
    due = [
        describe_schedule(schedule) | {"Next": following, "Starts": schedule.starts}
        for schedule, following in schedules.due_before(reader, low, high, params["Until"], MAX_DUE)
        if schedule.body is not None
    ]
    return {"Missed": missed, "Due": due}


def describe_schedules(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle DescribeSchedules: return a page of the `Schedules` of a place.

    Each is described as GetSchedule describes it, with `Starts`.
    """
    low = arns.schedule_arn_prefix(caller, "")
    found = schedules.page(reader, low, arns.end_of_prefix(low), params.get("NextToken", ""), PAGE_SIZE)
    described = [describe_schedule(each) | {"Starts": each.starts} for each in found if each.body is not None]
    return {"Schedules": described} | ({"NextToken": found[-1].arn} if len(found) == PAGE_SIZE else {})


def list_schedule_zones(reader: Reader, caller: Caller, _params: Json) -> Json:
    """Handle ListScheduleZones: return the time zones of all schedules of a place, `Zones`."""
    low = arns.schedule_arn_prefix(caller, "")
    return {"Zones": schedules.zones(reader, low, arns.end_of_prefix(low))}
