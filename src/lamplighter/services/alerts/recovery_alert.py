"""Compose the alert for a job that works again: a run succeeded after runs that failed, timed out or did not start.

Guarantees that the facts decide: the executions, their outputs and the slots of the job's schedules, as they are
stored. A run that was reported as late and succeeded causes an alert, too. So does a run that succeeded after failed
attempts, for the channels that were alerted about these attempts.
"""

from dataclasses import replace

from lamplighter.base.aws.arn import build
from lamplighter.base.json_text import Json
from lamplighter.runs.failures.repetition import first_name_of_slot
from lamplighter.runs.history.durations import format_duration
from lamplighter.runs.jobs.skipped_runs import runs_that_caused_skip
from lamplighter.runs.local_times import UTC_NAME
from lamplighter.runs.recovery import (
    EndedRun,
    Failures,
    attempt_words,
    failures_before,
    late_words,
    recovery_words,
    to_ended_run,
)
from lamplighter.services.alerts.alert_text import Alert
from lamplighter.services.alerts.attempt_alert import project_of_machine
from lamplighter.services.alerts.queries import PAGE_SIZE, AlertQueries
from lamplighter.services.alerts.run_alert import run_times

DROPPED, LATE_SLOT_MILLISECONDS = ("FAILED", "MISSED"), 60_000
"""The outcomes of slots that started no run, and the lateness of a slot that runs in the place of missed ones."""
FEW_RUNS = 50
"""The number of latest runs that are read first."""
MAX_STOPPED_RUNS = 10
"""The most stopped runs since the last success whose attempts are examined."""


def compose_recovery_alert(queries: AlertQueries, annotation: Json, channel: str, event: Json) -> Alert | None:
    """Compose the alert for a run that succeeded, or return None if the job worked before."""
    detail = event["detail"]
    run, machine = detail["executionArn"], detail["stateMachineArn"].rpartition(":")[2]
    described = queries.describe_run(run)
    if described is None or described["status"] != "SUCCEEDED" or _is_skipped(described):
        return None
    own = to_ended_run(described)
    project, times = project_of_machine(machine, annotation["Job"]), run_times(annotation, described)
    failures, others = _failed_runs(queries, detail["stateMachineArn"], own)
    failures = _with_missed_slots(queries, annotation, failures, own, machine, project)
    if failures.firsts or failures.missed:
        words = recovery_words(failures, annotation.get("Zone", UTC_NAME))
    elif _was_late(annotation, own):
        words = late_words(format_duration((own.ended - own.began) / 1000))
    elif channel in annotation.get("Retried", []) and _attempts_failed(queries, own, others, failures.last_success):
        words = attempt_words(len(queries.read_story(run).container_attempts))
    else:
        return None
    return Alert(f"{annotation['Job']} {words}", project, times=times, run=run)


def _failed_runs(queries: AlertQueries, machine: str, own: EndedRun) -> tuple[Failures, list[EndedRun]]:
    """Return the failures before a run, and the runs that tell.

    Most jobs succeeded not long ago, so the latest runs usually suffice.
    """
    failures, ended = Failures(), list[EndedRun]()
    for most in (FEW_RUNS, PAGE_SIZE):
        listed = queries.list_runs(machine, most)
        ended = [to_ended_run(each) for each in listed if "stopDate" in each]
        failures = failures_before(own, ended, lambda arn: _is_skipped(queries.describe_run(arn) or {}))
        if failures.last_success or len(listed) < most:
            break
    return failures, ended


def _is_skipped(described: Json) -> bool:
    return runs_that_caused_skip(described.get("output")) is not None


def _attempts_failed(queries: AlertQueries, own: EndedRun, others: list[EndedRun], since: int) -> bool:
    """Return whether attempts failed in a run that succeeded, or in a run that was stopped since the last success."""
    stopped = [each for each in others if each.status == "ABORTED" and since < each.ended <= own.ended]
    runs = [own.arn, *(each.arn for each in stopped[:MAX_STOPPED_RUNS])]
    return any(each.failed for run in runs for each in queries.read_story(run).container_attempts)


def _was_late(annotation: Json, own: EndedRun) -> bool:
    return "Late" in annotation and not own.redriven and own.ended - own.began > annotation["Late"] * 1000


def _with_missed_slots(
    queries: AlertQueries, annotation: Json, failures: Failures, own: EndedRun, machine: str, project: str
) -> Failures:
    """Add the slots without a run between the last success and the end of this run."""
    missed, first = failures.missed, failures.since
    firsts = set(failures.firsts)
    for schedule in queries.schedules(machine, project):
        arn = build("scheduler", queries.caller.region, queries.caller.account, f"schedule/{project}/{schedule}")
        slots = queries.slots(schedule, project)
        for at, slot in enumerate(slots):
            time = round(slot["Slot"] * 1000)
            if slot["Outcome"] not in DROPPED or not failures.last_success < time < own.ended:
                continue
            if slot["Outcome"] == "MISSED" and annotation.get("Missed", "last") == "last" and _replaced(slots, at):
                continue
            missed += slot["Count"]
            firsts.discard(first_name_of_slot(f"{arn}@{time}"))  # it was run again, and failed
            first = time if first is None else min(first, time)
    return replace(failures, firsts=frozenset(firsts), missed=missed, since=first)


def _replaced(slots: list[Json], at: int) -> bool:
    """Return whether the next slot after a missed one ran late, in its place; the latest slot comes first."""
    following = slots[at - 1] if at else {}
    fired, due = following.get("Fired"), following.get("Due")
    return fired is not None and (fired - due) * 1000 > LATE_SLOT_MILLISECONDS


def compose_start_alert(_queries: AlertQueries, annotation: Json, _channel: str, event: Json) -> Alert | None:
    """Compose the alert for a job whose runs begin again, after the alarm for runs that do not start."""
    machine = event["detail"]["alarmName"].removesuffix("-did-not-start")
    job = annotation["Job"]
    return Alert(f"{job} starts again: a run has begun", project_of_machine(machine, job), machine=machine)
