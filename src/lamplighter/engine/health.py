"""Check whether an engine is healthy: named conditions, each with a reason that a person can act on.

A condition that stops the engine's work makes its health `unavailable`, which is HTTP 503. A condition that affects
only a part of the work makes it `degraded`, with HTTP 200. To report something more, write a function that returns a
`Condition` or None, add it to `CHECKS`, and say in `ADVICE` what to do.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from lamplighter import __version__
from lamplighter.base.count_text import format_count
from lamplighter.base.json_text import Json
from lamplighter.delivery.tables import lost_alerts
from lamplighter.engine.engine import Engine
from lamplighter.engine.metrics_page import unreadable_rows
from lamplighter.runs.local_times import format_utc_minute
from lamplighter.services.ecs.tables import outages, waiting_tasks
from lamplighter.services.scheduler.missed_slots import MAX_LATENESS
from lamplighter.services.scheduler.tables import slots
from lamplighter.services.sns.tables import deliveries
from lamplighter.store import file_faults
from lamplighter.store.backups import restores
from lamplighter.store.file_faults import FaultKind

INTERNAL_ERROR_SHOWN_MILLISECONDS = 24 * 3600 * 1000
"""The milliseconds after the last internal error for which the health reports internal errors."""
RESTORED_SHOWN_MILLISECONDS = 24 * 3600 * 1000
"""The milliseconds for which the health reports a restore."""
MAX_NAMED_ROWS = 3
"""The most damaged rows that a reason names."""
_EXAMINE = "`lamplighter check` examines the database."
ADVICE: Mapping[str, str] = {
    "data-directory": "Make room on the disk, or bring the files back. The engine goes on by itself.",
    "database-damaged": f"Stop the engine and restore a backup (`lamplighter restore FILE --force`). {_EXAMINE}",
    "commits-lost": "Compare what ran just before with what the engine shows. The notice ends with the next start.",
    "tls-certificate": "The engine takes over a renewed file without a restart.",
    "internal-errors": "The log of `up` shows each one. It is a defect of lamplighter: please report it.",
    "clock": "Set the clock right. If it is right now, start the jobs until then with `lamplighter run JOB`.",
    "docker": "Start Docker, or restart it if it runs. The tasks go on then.",
    "queue": "`lamplighter ps` shows what each one waits for. Give the engine more room (`box:`), or start fewer jobs.",
    "file-not-applied": "`lamplighter lint` and the log of `up` name each fault. Until then, jobs run as last applied.",
    "channels": "The log of `up` names each one and what to do. Alerts to the other channels are sent.",
    "alerts": "The pages of the topics show each delivery with its error.",
    "restored": "Check what ran after the backup. This notice stays for a day.",
    "rules-damaged": _EXAMINE,
    "alarms-damaged": _EXAMINE,
    "schedules-damaged": _EXAMINE,
}
"""What a person can do, by the name of a condition."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A problem that the engine has now."""

    name: str
    """A short name for programs, in lower case with hyphens; it never changes."""
    reason: str
    """A description of the problem for people, in one sentence."""
    stops_work: bool
    """Whether the problem stops all work of the engine."""
    public_reason: str | None = None
    """The reason for callers who have not logged in, without names of jobs, rows and files; None: the same reason."""

    @property
    def advice(self) -> str:
        """What a person can do about the problem, in one or two sentences."""
        return ADVICE.get(self.name, "")


@dataclass(frozen=True, slots=True)
class Health:
    """The health of an engine."""

    conditions: tuple[Condition, ...]

    @property
    def available(self) -> bool:
        """Return whether the engine can do its work."""
        return not any(each.stops_work for each in self.conditions)

    @property
    def status(self) -> str:
        """Return `ok`, `degraded` or `unavailable`."""
        if not self.available:
            return "unavailable"
        return "degraded" if self.conditions else "ok"

    @property
    def by_severity(self) -> list[Condition]:
        """The conditions, the most serious one first."""
        return sorted(self.conditions, key=lambda each: not each.stops_work)

    def body(self, *, is_public: bool = False) -> Json:
        """Return the health as JSON; `reason` holds the most serious condition. A public body names no jobs."""
        body: Json = {"status": self.status, "version": __version__}
        if self.conditions:
            body["conditions"] = [
                {"name": each.name, "reason": (is_public and each.public_reason) or each.reason, "advice": each.advice}
                for each in self.by_severity
            ]
            body["reason"] = body["conditions"][0]["reason"]
        return body


Check = Callable[[Engine], Condition | None]


def check_data_directory(engine: Engine) -> Condition | None:
    """Report that the data directory cannot be written, or that the timers cannot be read from it."""
    write_problem = engine.store.find_file_problem() or engine.dispatcher.write_error
    reason = write_problem or engine.dispatcher.timer_error
    if not reason or engine.store.damage.text:
        return None
    what = f"the data directory cannot be {'written' if write_problem else 'read'}"
    return Condition("data-directory", f"{what}: {reason}", stops_work=True, public_reason=what)


def check_damage(engine: Engine) -> Condition | None:
    """Report that the database is damaged, until a check of all of it passes."""
    text, what = engine.store.damage.text, "the database is damaged"
    return Condition("database-damaged", f"{what}: {text}", stops_work=True, public_reason=what) if text else None


def check_wal(engine: Engine) -> Condition | None:
    """Report for as long as the engine runs that the last commits before its start may be lost."""
    problem, what = engine.store.damage.wal_problem, "what happened just before the start of this engine may be lost"
    return Condition("commits-lost", f"{what}: {problem}", stops_work=False, public_reason=what) if problem else None


def check_internal_errors(engine: Engine) -> Condition | None:
    """Report that callbacks of the engine failed: all other work goes on, but something may be missing."""
    errors = engine.store.internal_errors
    last = errors.last
    if last is None or engine.world.now() - last.time > INTERNAL_ERROR_SHOWN_MILLISECONDS:
        return None
    count, moment = format_count(errors.count, "internal error"), format_utc_minute(last.time)
    what = f"{count} since the start, the last one at {moment}"
    return Condition(
        "internal-errors", f"{what}: {last.place} failed: {last.text}", stops_work=False, public_reason=what
    )


def check_clock(engine: Engine) -> Condition | None:
    """Report that schedules stand still because the clock was set back: no slot fires twice."""
    last = slots.last_fired(engine.store.reader)
    if last <= engine.world.now() + MAX_LATENESS:
        return None
    until = format_utc_minute(last)
    reason = f"the clock was set back: schedules that ran until {until} start nothing before that time comes again"
    return Condition("clock", reason, stops_work=False)


def check_docker(engine: Engine) -> Condition | None:
    """Report that Docker does not answer and tasks wait for it."""
    outage = outages.current(engine.store.reader)
    if outage is None:
        return None
    count = len(outages.held_tasks(engine.store.reader))
    since = format_utc_minute(outage.since)
    tasks = f"{format_count(count, 'task is', 'tasks are')} waiting"
    return Condition("docker", f"Docker has not answered since {since}: {tasks}", stops_work=False)


def check_queue(engine: Engine) -> Condition | None:
    """Report that tasks have waited long for room on the machine."""
    queue = waiting_tasks.queue(engine.store.reader)
    waited = 0 if queue is None else engine.world.monotonic() - queue.since
    if queue is None or waited < waiting_tasks.STANDS_MILLISECONDS:
        return None
    tasks = format_count(queue.number, "task waits", "tasks wait")
    reason = f"{tasks} for room on this machine, the oldest for {waited // 60_000} minutes"
    return Condition("queue", reason, stops_work=False)


def check_alerts(engine: Engine) -> Condition | None:
    """Report alerts and messages that did not reach their recipients.

    Health is public, so the reason names no recipient.
    """
    reader = engine.store.reader
    lost = len(lost_alerts.alerts_since(reader, engine.world.now() - lost_alerts.SHOWN_MILLISECONDS))
    failing = deliveries.count_failing(reader)
    if not lost and not failing:
        return None
    parts = [
        f"{format_count(lost, 'alert')} could not be delivered in the last 3 days" if lost else "",
        f"{format_count(failing, 'message')} could not be delivered yet and will be retried" if failing else "",
    ]
    return Condition("alerts", f"{'; '.join(filter(None, parts))}: see `lamplighter doctor`", stops_work=False)


def check_file_applied(engine: Engine) -> Condition | None:
    """Report that a job file is not applied."""
    return _file_fault(engine, FaultKind.UNAPPLIED, "file-not-applied", "is not applied")


def check_channels(engine: Engine) -> Condition | None:
    """Report that channels or heartbeats of a job file cannot work, for example because a secret is missing."""
    return _file_fault(engine, FaultKind.CHANNELS, "channels", "has channels or heartbeats that reach nobody")


def _file_fault(engine: Engine, kind: FaultKind, name: str, effect: str) -> Condition | None:
    """Return the condition for the oldest fault of a kind."""
    found = file_faults.list_faults(engine.store.reader, kind)
    if not found:
        return None
    reason = f"{found[0].file} {effect}: {found[0].reason}"
    public = f"a job file {effect}: the log of `lamplighter up` says why"
    return Condition(name, reason, stops_work=False, public_reason=public)


def check_restored(engine: Engine) -> Condition | None:
    """Report for a day that the database was restored, and what that cost."""
    found = restores.latest_restore(engine.store.reader)
    if found is None or engine.world.now() - found.restored > RESTORED_SHOWN_MILLISECONDS:
        return None
    backup = format_utc_minute(found.backup)
    parts = [
        f"the database was restored from a backup of {backup}, and what happened after that is not in it",
        f"{format_count(len(found.lost_tasks), 'running task')} lost" if found.lost_tasks else "",
        f"{format_count(len(found.unknown_containers), 'container')} newer than the backup removed"
        if found.unknown_containers
        else "",
    ]
    return Condition("restored", "; ".join(filter(None, parts)), stops_work=False)


def check_rules(engine: Engine) -> Condition | None:
    """Report that rules, targets or archives of EventBridge cannot be read."""
    found = unreadable_rows.unreadable_rules(engine.store.reader)
    what = format_count(len(found), "rule, target or archive", "rules, targets or archives")
    return _damaged_rows(found, "rules-damaged", what, "receive no events")


def check_alarms(engine: Engine) -> Condition | None:
    """Report that alarms cannot be read."""
    found = unreadable_rows.unreadable_alarms(engine.store.reader)
    return _damaged_rows(found, "alarms-damaged", format_count(len(found), "alarm"), "send no notifications")


def check_schedules(engine: Engine) -> Condition | None:
    """Report that schedules cannot be read."""
    found = unreadable_rows.unreadable_schedules(engine.store.reader)
    return _damaged_rows(found, "schedules-damaged", format_count(len(found), "schedule"), "start nothing")


def _damaged_rows(found: list[str], name: str, what: str, effect: str) -> Condition | None:
    """Return the condition for rows that cannot be read."""
    if not found:
        return None
    examples = f" ({', '.join(found[:MAX_NAMED_ROWS])}{', …' if found[MAX_NAMED_ROWS:] else ''})"
    pronoun = "it" if len(found) == 1 else "them"
    problem, remedy = f"{what} cannot be read and will {effect}", f"create {pronoun} again or delete {pronoun}"
    return Condition(name, f"{problem}{examples}: {remedy}", stops_work=False, public_reason=f"{problem}: {remedy}")


def check_certificate(engine: Engine) -> Condition | None:
    """Report that the certificate of the TLS port has expired or expires soon, or that its renewal cannot be used."""
    find_problem = engine.config.certificate_problem
    reason = None if find_problem is None else find_problem(engine.world.now())
    if reason is None:
        return None
    # After the colon, a reason may name the files of the certificate.
    return Condition("tls-certificate", reason, stops_work=False, public_reason=reason.partition(": ")[0])


CHECKS: tuple[Check, ...] = (
    check_data_directory,
    check_wal,
    check_internal_errors,
    check_certificate,
    check_clock,
    check_docker,
    check_queue,
    check_file_applied,
    check_channels,
    check_alerts,
    check_restored,
    check_rules,
    check_alarms,
    check_schedules,
    check_damage,
)
"""All checks, in the order of the report. The one of damage is the last: the others read the database."""


def read_health(engine: Engine, checks: Iterable[Check] = CHECKS) -> Health:
    """Run the checks and return the engine's health."""
    found: list[Condition] = []
    for check in checks:
        with suppress(sqlite3.DatabaseError):  # it has been noted as damage
            found += filter(None, [check(engine)])
    return Health(tuple(found))
