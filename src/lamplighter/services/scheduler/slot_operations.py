"""List a schedule's slots, and set what happens to missed ones: operations that AWS does not have.

The bus has them under the names SetMissed, SetAnnotation and ListSlots. HTTP requests cannot call them, because
AWS's models do not have them.
"""

from lamplighter.base.errors import ValidationError, require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.scheduler import arns
from lamplighter.services.scheduler.errors import ScheduleNotFound
from lamplighter.services.scheduler.missed_slots import LAST, MISSED_POLICIES
from lamplighter.services.scheduler.tables import schedules, slots
from lamplighter.services.scheduler.tables.slots import Slot
from lamplighter.store import timers
from lamplighter.store.db import Reader, Tx

PAGE = 100


def set_missed(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle SetMissed: set which slots run late if no engine ran at their time: all, last (the default), none.

    `Within` is the number of seconds in which they may still run; the default is the target's maximum event age. AWS
    has no such setting, because its Scheduler is always running.
    """
    missed, within = params.get("Missed", LAST), params.get("Within")
    if missed not in MISSED_POLICIES:
        raise ValidationError(f"Missed must be one of {', '.join(MISSED_POLICIES)}, not {missed}")
    if within is not None and (not isinstance(within, int) or isinstance(within, bool) or within < 1):
        raise ValidationError(f"Within must be a number of seconds, not {within}")
    if not schedules.set_missed(tx, arns.schedule_arn(caller, params), missed, within):
        raise ScheduleNotFound(params["Name"])


def set_annotation(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle SetAnnotation: store the job that the schedule starts, and the topics for dropped slots: {Job, Tell}.

    `Tell` has a topic for each channel: an ARN, or a name in the schedule's own account and region.
    """
    annotation = {"Job": params["Job"], "Tell": params.get("Tell") or {}}
    if not schedules.set_annotation(tx, arns.schedule_arn(caller, params), annotation):
        raise ScheduleNotFound(params["Name"])


def list_slots(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListSlots: return the latest slots first, and when the next one is, in seconds since the epoch."""
    found = schedules.get(reader, arns.schedule_arn(caller, params))
    schedule = require(found, lambda: ScheduleNotFound(params["Name"]))
    before = params.get("Before")
    page = slots.page(reader, schedule.id, None if before is None else round(before * 1000), PAGE + 1)
    answer: Json = {"Slots": [_shown(slot) for slot in page[:PAGE]]}
    next_due = timers.next_due(reader, arns.SERVICE, str(schedule.id))
    answer |= {} if next_due is None else {"Next": next_due / 1000}
    return answer if len(page) <= PAGE else answer | {"Before": page[PAGE - 1].slot / 1000}


def _shown(slot: Slot) -> Json:
    shown = {
        "Slot": slot.slot / 1000,
        "Until": slot.until / 1000,
        "Count": slot.count,
        "Due": slot.due / 1000,
        "Fired": None if slot.fired is None else slot.fired / 1000,
        "Outcome": slot.outcome,
        "Detail": slot.detail,
    }
    return {name: value for name, value in shown.items() if value is not None}
