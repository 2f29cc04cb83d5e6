"""Count how many of the last slots of schedules were missed, late or failed. Only an engine keeps slots."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.data.jobs.job_runs import RECENT_DAYS
from lamplighter.console.data.jobs.job_schedules import JobSchedule
from lamplighter.console.page import Page

LATE_SECONDS = 60
"""Seconds after which a slot counts as late: AWS's schedules are accurate to the minute."""


@dataclass(frozen=True, slots=True)
class SlotCounts:
    """Counts over the slots of the last days, up to the latest hundred of each schedule."""

    period: str
    """Which slots are counted: "in 30 days", or "of the latest 100"."""
    total: int
    missed: int
    late: int
    failed: int


async def read_slot_counts(page: Page, schedules: Sequence[JobSchedule]) -> SlotCounts | None:
    """Count the slots of these schedules by outcome. None if no slots are kept."""
    pages = await asyncio.gather(*(_read_slots(page, each.arn) for each in schedules if each.kind == "schedule"))
    kept = [found for found in pages if found is not None]
    if not kept:
        return None
    since = page.console.world.now() / 1000 - RECENT_DAYS * 86_400
    recent = [slot for found in kept for slot in found["Slots"] if slot["Slot"] >= since]
    is_cut = any("Before" in found and found["Slots"][-1]["Slot"] >= since for found in kept)
    return count_slots(recent, f"of the latest {len(recent)}" if is_cut else f"in {RECENT_DAYS} days")


async def read_latest_slots(page: Page, schedules: Sequence[JobSchedule], limit: int = 12) -> Sequence[Json]:
    """Return the latest slots of these schedules together, each with the name of its `Schedule`."""
    pages = [(each.name, await _read_slots(page, each.arn)) for each in schedules if each.kind == "schedule"]
    found = [slot | {"Schedule": name} for name, kept in pages if kept is not None for slot in kept["Slots"]]
    return sorted(found, key=lambda slot: -float(slot["Slot"]))[:limit]


async def _read_slots(page: Page, arn: str) -> Json:
    try:
        _, group, name = arn.split("/")
        return await page.at(arn).call_internal("scheduler", "ListSlots", GroupName=group, Name=name)
    except AwsError:
        return None


def count_slots(slots: Sequence[Json], period: str) -> SlotCounts:
    """Count slots from ListSlots by outcome."""
    missed = sum(each.get("Count", 1) for each in slots if each["Outcome"] == "MISSED")
    failed = sum(each["Outcome"] == "FAILED" for each in slots)
    return SlotCounts(period, len(slots), missed, sum(map(is_late, slots)), failed)


def is_late(slot: Json) -> bool:
    """Return whether a slot started later than AWS promises."""
    return bool(slot.get("Fired")) and slot["Fired"] - slot["Due"] > LATE_SECONDS
