"""Which jobs need one of the machines that only serve jobs (`supporting_machines.py`)."""

from lamplighter.jobs.file.channels import Pattern
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.lint.alarm_window import alarm_window
from lamplighter.jobs.machine.alert_states import has_late_alert
from lamplighter.runs import job_machine

TELLS: dict[str, Pattern] = {
    job_machine.WATCH: "late",
    job_machine.START: "did-not-start",
    job_machine.SLOTS: "did-not-start",
    job_machine.FAILURES: "caught",
}
"""Whose channels hear of what a machine has to tell, and of the machine's own failures."""


def starts_by_name(job: Job) -> bool:
    """Whether the schedules of a job start its runs through START; a role of one's own may start the job only."""
    return bool(job.schedule) and job.roles.schedule is None


def needs_slot_check(job: Job) -> bool:
    """Whether SLOTS looks after each slot of a job, because no alarm can wait for its runs."""
    return bool(job.schedule and job.enabled and job.notify.did_not_start) and alarm_window(job) is None


def needs_failure_check(job: Job) -> bool:
    """Whether FAILURES is told of the failed runs of a job."""
    return bool(job.notify.caught) and not job.notify.run_failed


_NEEDS = {
    job_machine.WATCH: has_late_alert,
    job_machine.START: starts_by_name,
    job_machine.SLOTS: needs_slot_check,
    job_machine.FAILURES: needs_failure_check,
}


def supported_jobs(project: Project) -> dict[str, list[str]]:
    """By machine, the jobs that it serves; none that serves nobody."""
    found = {machine: [name for name, job in project.jobs.items() if needs(job)] for machine, needs in _NEEDS.items()}
    return {machine: jobs for machine, jobs in found.items() if jobs}


def alert_channels(project: Project, machine: str) -> list[str]:
    """Who hears of what a machine has to tell."""
    jobs = [project.jobs[name] for name in supported_jobs(project).get(machine, ())]
    return list(dict.fromkeys(channel for job in jobs for channel in job.notify.channels_of(TELLS[machine])))
