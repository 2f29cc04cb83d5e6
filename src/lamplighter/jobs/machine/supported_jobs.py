"""Decide which jobs need which supporting machine (`supporting_machines.py`)."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from lamplighter.jobs.file.channels import PATTERNS, Pattern
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.lint.alarm_window import alarm_window
from lamplighter.jobs.machine.alert_states import has_late_alert
from lamplighter.jobs.machine.platform import Platform
from lamplighter.runs.jobs import job_machine

ALERT_PATTERNS: dict[str, Pattern] = {
    job_machine.LATE_RUNS: "late",
    job_machine.START_RUN: "did-not-start",
    job_machine.SLOT_CHECK: "did-not-start",
    job_machine.ATTEMPT_CHECK: "attempt-failed",
    job_machine.RECOVERY_CHECK: "recovered",
}
"""For most machines, the pattern whose channels receive its alerts and those about its own failures."""


def starts_by_name(job: Job) -> bool:
    """Return whether START_RUN starts a job's runs; a schedule role of the user can start only the job itself."""
    return bool(job.schedule) and job.roles.schedule is None


def needs_slot_check(job: Job) -> bool:
    """Return whether SLOT_CHECK checks each slot of a job, because no alarm can wait long enough for its runs."""
    return _reports_missing_starts(job) and alarm_window(job) is None


def needs_start_alarm(job: Job) -> bool:
    """Return whether an alarm watches that a job's runs start."""
    return _reports_missing_starts(job) and alarm_window(job) is not None


def _reports_missing_starts(job: Job) -> bool:
    return bool(job.schedule and job.enabled and job.notify.did_not_start)


def needs_failure_check(job: Job) -> bool:
    """Return whether a job's runs send their own alerts, and something else has to alert if they could not."""
    return bool(job.notify.caught) and not job.notify.run_failed


def failure_channels(job: Job) -> tuple[str, ...]:
    """Return the channels that are alerted about a job's failed runs by something else than the run."""
    return job.notify.run_failed or job.notify.caught


def needs_attempt_alert(job: Job) -> bool:
    """Return whether some channel is alerted about a job's failed attempts."""
    return job.workflow is None and bool(job.notify.attempt_failed)


def needs_recovery_check(job: Job) -> bool:
    """Return whether RECOVERY_CHECK receives the successful runs of a job."""
    return bool(job.notify.recovered)


def has_alerts(job: Job) -> bool:
    """Return whether some channel receives alerts about a job."""
    return any(job.notify.channels_of(each) for each in PATTERNS)


_NEEDS: Mapping[str, Callable[[Job], bool]] = {
    job_machine.LATE_RUNS: has_late_alert,
    job_machine.START_RUN: starts_by_name,
    job_machine.SLOT_CHECK: needs_slot_check,
    job_machine.FAILURE_CHECK: lambda job: bool(failure_channels(job)) or needs_start_alarm(job),
    job_machine.ATTEMPT_CHECK: needs_attempt_alert,
    job_machine.RECOVERY_CHECK: needs_recovery_check,
    job_machine.ALERT_CHECK: has_alerts,
}
ENGINE_MACHINES = (job_machine.LATE_RUNS, job_machine.SLOT_CHECK)
"""The machines that this engine needs, too. Its Scheduler delivers a slot once and names the run after it, and its
alerts know which alerts a run has sent itself, and how the runs before it ended."""


def supported_jobs(project: Project, platform: Platform) -> Mapping[str, Sequence[str]]:
    """Return the jobs that each machine serves, without machines that serve no job."""
    found = {
        machine: [name for name, job in project.jobs.items() if needs(job)]
        for machine, needs in _NEEDS.items()
        if platform == "aws" or machine in ENGINE_MACHINES
    }
    return {machine: jobs for machine, jobs in found.items() if jobs}


def alert_channels(project: Project, machine: str, jobs: Sequence[str]) -> list[str]:
    """Return the channels that receive a machine's alerts about the jobs that it serves."""
    if machine == job_machine.ALERT_CHECK:
        return [name for name, channel in project.channels.items() if channel.works_on_aws]
    told = (_machine_channels(project.jobs[name], machine) for name in jobs)
    return list(dict.fromkeys(channel for channels in told for channel in channels))


def _machine_channels(job: Job, machine: str) -> Iterator[str]:
    """Yield the channels to which a machine sends alerts about a job."""
    match machine:
        case job_machine.FAILURE_CHECK:
            yield from failure_channels(job)
            yield from job.notify.did_not_start if needs_start_alarm(job) else ()
        case _:
            yield from job.notify.channels_of(ALERT_PATTERNS[machine])
