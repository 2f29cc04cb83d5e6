"""Which schedules begin a job, and when next: EventBridge Scheduler's and EventBridge's rules.

Promises to find a schedule that starts a state machine directly, by its universal target, and a rule that targets it.
AWS lists schedules by nothing but their name: of more than `MOST`, only those that are called after the job are found.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.console.page import Page
from lamplighter.runs.schedules import names_target_in_input, started_arn
from lamplighter.runs.schedules import schedule_timetable as scheduled
from lamplighter.runs.upcoming_times import upcoming_times

PAGE, MOST = 100, 1000
UPDATED = (
    "Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "EndDate", "Description",
    "KmsKeyArn", "Target", "FlexibleTimeWindow", "ActionAfterCompletion",
)  # fmt: skip
"""What UpdateSchedule must say again, since it sets to nothing what it does not say."""


@dataclass(frozen=True, slots=True)
class JobSchedule:
    """One schedule or rule of a job."""

    arn: str
    kind: str
    """schedule or rule"""
    name: str
    expression: str
    zone: str
    enabled: bool
    next: float | None
    """Seconds since the epoch; None where there is none, or nobody can tell."""


async def list_schedules(page: Page) -> Sequence[Json] | None:
    """The first schedules of a place, as ListSchedules has them; None where the credentials do not let them be seen."""
    found: list[Json] = []
    token: dict[str, str] = {}
    while len(found) < MOST:
        answer = await page.call_if_allowed("scheduler", "ListSchedules", MaxResults=PAGE, **token)
        if answer is None:
            return None
        found += answer["Schedules"]
        if not answer.get("NextToken"):
            break
        token = {"NextToken": answer["NextToken"]}
    return found


async def job_targets(page: Page, machine: str) -> tuple[Sequence[Json], Sequence[Json]]:
    """What begins a state machine: the targets of schedules, and those of rules."""
    found = [each["Target"] for each in await _mine(page, machine, await list_schedules(page))]
    listed = await asyncio.gather(*(_targets(page, name) for name in await _rules(page, machine)))
    return found, [each for targets in listed for each in targets if each["Arn"] == machine]


async def _rules(page: Page, machine: str) -> Sequence[str]:
    """The names of the rules that target a state machine."""
    named = await page.call_if_allowed("events", "ListRuleNamesByTarget", TargetArn=machine)
    names: Sequence[str] = named["RuleNames"] if named else ()
    return names


async def _targets(page: Page, rule: str) -> Sequence[Json]:
    found = await page.call_if_allowed("events", "ListTargetsByRule", Rule=rule)
    listed: Sequence[Json] = found["Targets"] if found else ()
    return listed


async def job_schedules(page: Page, machine: str, known: Sequence[Json] | None) -> Sequence[JobSchedule]:
    """What begins a state machine, the next first; `known` as `schedules` found them."""
    now = page.console.world.now()
    found = [from_schedule(each, now) for each in await _mine(page, machine, known)]
    names = await _rules(page, machine)
    rules = await asyncio.gather(*(page.call_if_allowed("events", "DescribeRule", Name=name) for name in names))
    found += [from_rule(each, now) for each in rules if each and each.get("ScheduleExpression")]
    return sorted(found, key=lambda entry: (not entry.enabled, entry.next is None, entry.next or 0, entry.name))


async def _mine(page: Page, machine: str, known: Sequence[Json] | None) -> Sequence[Json]:
    known = known or ()
    mine = [each for each in known if _may_begin(each, machine)]
    if len(known) >= MOST:
        named = await page.call("scheduler", "ListSchedules", NamePrefix=machine.rpartition(":")[2], MaxResults=PAGE)
        mine = list({each["Arn"]: each for each in [*mine, *named["Schedules"]] if _may_begin(each, machine)}.values())
    whole = await asyncio.gather(*(_schedule(page, each) for each in mine))
    return [each for each in whole if each and started_arn(each["Target"]) == machine]


async def _schedule(page: Page, summary: Json) -> Json:
    return await page.call_if_allowed("scheduler", "GetSchedule", Name=summary["Name"], GroupName=summary["GroupName"])


async def set_enabled(page: Page, arn: str, kind: str, *, on: bool) -> None:
    """Resume or pause a schedule or rule."""
    name = arn.rpartition("/")[2]
    if kind == "rule":
        await page.call("events", "EnableRule" if on else "DisableRule", Name=name)
        return
    found = await page.call("scheduler", "GetSchedule", Name=name, GroupName=arn.split("/")[1])
    again = {field: found[field] for field in UPDATED if found.get(field) is not None}
    await page.call("scheduler", "UpdateSchedule", **again, State="ENABLED" if on else "DISABLED")


def _may_begin(summary: Json, machine: str) -> bool:
    return names_target_in_input(summary["Target"]) or started_arn(summary["Target"]) == machine


def from_schedule(schedule: Json, now: int) -> JobSchedule:
    """A schedule as GetSchedule has it; `now` in milliseconds since the epoch."""
    zone, enabled = schedule.get("ScheduleExpressionTimezone") or "UTC", schedule.get("State") != "DISABLED"
    upcoming = next_times(schedule, now, 1) if enabled else ()
    return JobSchedule(
        schedule["Arn"], "schedule", schedule["Name"], schedule["ScheduleExpression"], zone, enabled,
        upcoming[0] if upcoming else None,
    )  # fmt: skip


def next_times(schedule: Mapping[str, Json], now: int, most: int) -> Sequence[float]:
    """When a schedule is due next, within its dates, in seconds since the epoch."""
    try:
        coming = (each.instant / 1000 for each in upcoming_times([scheduled(schedule)], now) if not each.skipped)
        return list(islice(coming, most))
    except LamplighterError:
        return ()


def from_rule(rule: Json, now: int) -> JobSchedule:
    """A rule as DescribeRule has it. From when a rate counts, only EventBridge knows."""
    enabled, expression = rule.get("State") != "DISABLED", rule["ScheduleExpression"]
    due: float | None = None
    if enabled and not expression.startswith("rate"):
        upcoming = next_times({"ScheduleExpression": expression}, now, 1)
        due = upcoming[0] if upcoming else None
    return JobSchedule(rule["Arn"], "rule", rule["Name"], expression, "UTC", enabled, due)
