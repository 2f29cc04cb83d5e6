"""Read all runs of a night: from the engine with a few calls, from AWS with one call for each state machine.

AWS does not say what started an execution, how many of its attempts failed or which slots were missed, and has no place
for acknowledgements. `NightRead.complete` says whether the answers contain these.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.console.data.jobs.scheduled_tasks import task_runs_since
from lamplighter.console.data.machine_tags import read_tags
from lamplighter.console.data.runs import skipped_runs
from lamplighter.console.data.runs.waiting_runs import find_waiting_runs
from lamplighter.runs.failures.repetition import is_repetition
from lamplighter.runs.history.story import to_milliseconds
from lamplighter.runs.jobs.job_names import key_name, read_names
from lamplighter.runs.local_times import parse_iso_milliseconds
from lamplighter.runs.night.classify import Acknowledgement
from lamplighter.runs.night.night_run import MISSED, NightJob, NightRun
from lamplighter.runs.run_trigger import BY_HAND, Trigger, read_trigger
from lamplighter.runs.tasks.task_run import TaskRun

LONGEST_RUN_MILLISECONDS = 24 * 3_600_000
"""On AWS, runs that started longer before the night are found only if they are among the latest of their job."""
NO_ENGINE = "no engine ran at that time"
"""Why slots were missed for which the engine stored no reason."""
LISTED_PER_MACHINE, MAX_PAGES = 100, 10


@dataclass(frozen=True, slots=True)
class NightRead:
    """The runs of a night, not judged yet."""

    runs: Sequence[NightRun]
    jobs: Mapping[str, NightJob]
    acknowledgements: Mapping[str, Acknowledgement]
    complete: bool
    """Whether an engine answered, which knows triggers, failed attempts, missed slots and acknowledgements."""
    truncated: bool
    """Whether there are runs or jobs that were not read."""


async def read_night(calls: Calls, since: int) -> NightRead:
    """Return the runs that run or that ended since a time in milliseconds."""
    answer = await calls.call_internal("states", "ListNightRuns", Since=since)
    tasks = [_task_run(each) for each in await task_runs_since(calls, since - LONGEST_RUN_MILLISECONDS)]
    recent = [each for each in tasks if each.ended is None or each.ended >= since]
    if answer is None:
        return await _read_on_aws(calls, since, recent)
    return await _read_from_engine(calls, since, answer, recent)


async def _read_from_engine(calls: Calls, since: int, answer: Json, tasks: Sequence[NightRun]) -> NightRead:
    slots, marks, waiting = await asyncio.gather(
        calls.call_internal("scheduler", "ListNightSlots", Since=since, Until=0),
        calls.call_internal("alerts", "ListAcknowledgements", Since=since),
        find_waiting_runs(calls),
    )
    by_hand_first = sorted(tasks, key=lambda run: run.trigger.kind == "schedule")
    by_schedule = {each.starter: each.job for each in by_hand_first if each.trigger.kind in ("schedule", "hand")}
    missed = [_missed_run(each, by_schedule) for each in (slots or {}).get("Missed", ())]
    rows = await asyncio.to_thread(_read_rows, answer["Rows"], answer.get("People", {}), waiting or frozenset())
    runs = [*rows, *tasks, *missed]
    tags, late = answer["Machines"], answer["Late"]
    keys = {each.job for each in runs}
    names = read_names(tags)
    jobs = {key: NightJob(key, key_name(key), tags.get(key, {}), late.get(key), names.of(key)) for key in keys}
    acknowledgements = {
        each["subject"]: Acknowledgement(each["who"], each["note"], each["time"])
        for each in (marks or {}).get("Acknowledgements", ())
    }
    return NightRead(
        _without_supporting(runs, jobs), jobs, acknowledgements, complete=True, truncated=answer["Truncated"]
    )


def _read_rows(rows: Sequence[Json], people: Mapping[str, str], waiting: frozenset[str]) -> list[NightRun]:
    """Convert the rows of ListNightRuns; in a thread, because there may be ten thousand.

    `people` has who started executions, by ARN. `waiting` has the ARNs of executions that wait, besides those that wait
    until earlier ones have ended.
    """
    triggers: dict[tuple[str | None, str], Trigger] = {}
    found = []
    for arn, machine, status, start, stop, idle, redrives, failed, origin, scheduled, queued in rows:
        starter = origin, people.get(arn, "")
        if starter not in triggers:
            triggers[starter] = read_trigger(*starter)
        slot = None if scheduled is None else parse_iso_milliseconds(scheduled)
        trigger, waits = triggers[starter], queued or (stop is None and arn in waiting)
        found.append(NightRun(arn, machine, status, start, stop, idle, redrives, failed, trigger, slot, waits))
    return found


def _task_run(run: TaskRun) -> NightRun:
    """Convert a task that no state machine started."""
    kind, _, name = run.starter.partition(" ")
    trigger = Trigger(kind, name) if kind in ("schedule", "rule") else BY_HAND
    reason = run.failure or run.waits or ""
    job = f"{run.cluster}/{run.family}"
    return NightRun(
        run.arn, job, run.status, run.began, run.ended, trigger=trigger, queued=bool(run.waits), reason=reason,
        repetition=run.repetition, starter=run.starter_name,
    )  # fmt: skip


def _missed_run(slot: Json, tasks: Mapping[str, str]) -> NightRun:
    """Convert missed slots; `tasks` has the jobs of schedules that start tasks, by the schedule's name."""
    trigger = read_trigger(slot["Schedule"])
    starts = slot["Starts"] if ":stateMachine:" in slot["Starts"] else tasks.get(trigger.name, slot["Schedule"])
    return NightRun(
        f"{slot['Schedule']}@{slot['Slot']}", starts, MISSED, slot["Slot"], slot["Until"],
        trigger=trigger, scheduled=slot["Slot"], count=slot["Count"], reason=slot["Detail"] or NO_ENGINE,
    )  # fmt: skip


def _without_supporting(runs: Sequence[NightRun], jobs: Mapping[str, NightJob]) -> Sequence[NightRun]:
    """Leave out the runs of supporting machines that did not fail, and that nobody started: nobody misses them."""
    return [each for each in runs if each.failed or is_repetition(each.name) or not jobs[each.job].supporting]


async def _read_on_aws(calls: Calls, since: int, tasks: Sequence[NightRun]) -> NightRead:
    listed = await calls.call("states", "ListStateMachines", maxResults=calls.port.max_calls)
    machines = [each for each in listed["stateMachines"] if each["type"] != "EXPRESS"]
    found = await asyncio.gather(*(_read_machine(calls, each["stateMachineArn"], since) for each in machines))
    executions = [run for runs in found for run in runs or ()]
    keys = sorted({each.job for each in executions})
    tags = await asyncio.gather(*(read_tags(calls, key) for key in keys))
    jobs = {key: NightJob(key, key_name(key), each) for key, each in zip(keys, tags, strict=True)}
    jobs |= {each.job: NightJob(each.job, key_name(each.job), {}) for each in tasks}
    runs = [*executions, *tasks]
    truncated = bool(listed.get("nextToken")) or None in found
    return NightRead(_without_supporting(runs, jobs), jobs, {}, complete=False, truncated=truncated)


async def _read_machine(calls: Calls, machine: str, since: int) -> list[NightRun] | None:
    """Return the runs of a state machine since a time; None if they cannot be read, for example for AWS's limits."""
    found: list[Json] = []
    params: Json = {"stateMachineArn": machine, "maxResults": LISTED_PER_MACHINE}
    for _ in range(MAX_PAGES):
        answer = await calls.call_or_none("states", "ListExecutions", **params)
        if answer is None:
            return None
        found += answer["executions"]
        if not answer.get("nextToken") or to_milliseconds(found[-1]["startDate"]) < since - LONGEST_RUN_MILLISECONDS:
            break
        params |= {"nextToken": answer["nextToken"]}
    fitting = [each for each in found if each.get("stopDate") is None or to_milliseconds(each["stopDate"]) >= since]
    marked = await skipped_runs.mark_if_skipped(calls, machine, fitting)
    return [_read_listed(each) for each in marked]


def _read_listed(listed: Json) -> NightRun:
    """Convert an execution of ListExecutions."""
    stop = listed.get("stopDate")
    return NightRun(
        listed["executionArn"], listed["stateMachineArn"], listed["status"], to_milliseconds(listed["startDate"]),
        None if stop is None else to_milliseconds(stop), redrives=listed.get("redriveCount", 0),
    )  # fmt: skip
