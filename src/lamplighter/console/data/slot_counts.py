"""The slots of schedules, which only an engine keeps: how many of the last ones were missed, late or failed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.data.job_schedules import JobSchedule
from lamplighter.console.page import Page

LATE = 60
"""Seconds after which a slot counts as late: AWS promises its schedules to the minute."""


@dataclass(frozen=True, slots=True)
class SlotCounts:
    """Of the slots on record, the latest hundred of each schedule."""

    seen: int
    missed: int
    late: int
    failed: int


async def read_slot_counts(page: Page, entries: Sequence[JobSchedule]) -> SlotCounts | None:
    """What became of the slots of some schedules; None where nobody keeps them."""
    pages = await asyncio.gather(*(_slots(page, each.arn) for each in entries if each.kind == "schedule"))
    kept = [found for found in pages if found is not None]
    if not kept:
        return None
    return count_slots([slot for found in kept for slot in found["Slots"]])


async def latest_slots(page: Page, entries: Sequence[JobSchedule], most: int = 12) -> Sequence[Json]:
    """The latest slots of all of some schedules, each with the `Schedule` that it is of."""
    pages = [(each.name, await _slots(page, each.arn)) for each in entries if each.kind == "schedule"]
    found = [slot | {"Schedule": name} for name, kept in pages if kept is not None for slot in kept["Slots"]]
    return sorted(found, key=lambda slot: -float(slot["Slot"]))[:most]


async def _slots(page: Page, arn: str) -> Json:
    try:
        return await page.console.port.slots(arn)
    except AwsError:
        return None


def count_slots(slots: Sequence[Json]) -> SlotCounts:
    """What became of slots, as ListSlots has them."""
    missed = sum(each.get("Count", 1) for each in slots if each["Outcome"] == "MISSED")
    return SlotCounts(len(slots), missed, sum(map(is_late, slots)), sum(each["Outcome"] == "FAILED" for each in slots))


def is_late(slot: Json) -> bool:
    """Whether a slot began later than AWS promises."""
    return bool(slot.get("Fired")) and slot["Fired"] - slot["Due"] > LATE
