"""Which jobs need one of the machines that only serve jobs (`supporting.py`)."""

from lamplighter.jobs import names
from lamplighter.jobs.channels import Pattern
from lamplighter.jobs.model import Job, Project
from lamplighter.jobs.telling import is_watched
from lamplighter.jobs.waiting import waits_for

TELLS: dict[str, Pattern] = {
    names.WATCH: "late",
    names.START: "did-not-start",
    names.SLOTS: "did-not-start",
    names.FAILURES: "caught",
}
"""Whose channels hear of what a machine has to tell, and of the machine's own failures."""


def is_named(job: Job) -> bool:
    """Whether the schedules of a job start its runs through START; a role of one's own may start the job only."""
    return bool(job.schedule) and job.roles.schedule is None


def is_looked_after(job: Job) -> bool:
    """Whether SLOTS looks after each slot of a job, because no alarm can wait for its runs."""
    return bool(job.schedule and job.enabled and job.notify.did_not_start) and waits_for(job) is None


def is_asked(job: Job) -> bool:
    """Whether FAILURES is told of the failed runs of a job."""
    return bool(job.notify.caught) and not job.notify.run_failed


_NEEDS = {names.WATCH: is_watched, names.START: is_named, names.SLOTS: is_looked_after, names.FAILURES: is_asked}


def served(project: Project) -> dict[str, list[str]]:
    """By machine, the jobs that it serves; none that serves nobody."""
    found = {machine: [name for name, job in project.jobs.items() if needs(job)] for machine, needs in _NEEDS.items()}
    return {machine: jobs for machine, jobs in found.items() if jobs}


def channels(project: Project, machine: str) -> list[str]:
    """Who hears of what a machine has to tell."""
    jobs = [project.jobs[name] for name in served(project).get(machine, ())]
    return list(dict.fromkeys(channel for job in jobs for channel in job.notify.of(TELLS[machine])))
