"""Name a run, a Map Run or a job for people: in headings, in the title of the browser's tab, and by an icon.

A run is named by its job and its scheduled time, or else by its start: runs of one night have UUIDs for names.
"""

from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.console.view.clock import Clock
from lamplighter.runs.jobs.job_machine import scheduled_time
from lamplighter.runs.jobs.job_names import JobNames
from lamplighter.runs.jobs.skipped_runs import SKIPPED, runs_that_caused_skip
from lamplighter.runs.local_times import parse_iso_milliseconds
from lamplighter.runs.run import WAITING, is_running, status_words

ICONS = {
    WAITING: "lamp-running.svg", "RUNNING": "lamp-running.svg", "PENDING_REDRIVE": "lamp-running.svg",
    "SUCCEEDED": "lamp-succeeded.svg",
    "FAILED": "lamp-failed.svg", "TIMED_OUT": "lamp-failed.svg", "ABORTED": "lamp-stopped.svg",
}  # fmt: skip
NO_STATUS_ICON = "lamp.svg"


@dataclass(frozen=True, slots=True)
class RunTitle:
    """The names of a run."""

    name: str
    """The run's own name, which is unique in its job."""
    job: str
    heading: str
    """nightly-import, run of Thu 28 Nov 02:30"""
    moment: str
    """run of Thu 28 Nov 02:30"""
    scheduled: float | None
    """The scheduled time in seconds since the epoch; None for a run without one."""
    status: str
    """The status of Step Functions, or SKIPPED."""
    running: bool

    @property
    def tab(self) -> str:
        """The title of the browser's tab: failed: nightly-import, run of Thu 28 Nov 02:30."""
        return tab_title(self.status, self.heading)

    @property
    def icon(self) -> str:
        """The file of the tab's icon."""
        return status_icon(self.status)


def name_run(about: Json, clock: Clock, names: JobNames) -> RunTitle:
    """Name a run that DescribeExecution describes."""
    machine, _, label = about["stateMachineArn"].partition("/")
    job = names.of(machine)
    scheduled = parse_iso_milliseconds(found) if (found := scheduled_time(about.get("input"))) else None
    seconds = None if scheduled is None else scheduled / 1000
    time = clock.brief(about["startDate"] if seconds is None else seconds)
    moment = f"item of {label}, {time}" if label else f"run of {time}"
    status = about["status"] if runs_that_caused_skip(about.get("output")) is None else SKIPPED
    heading = f"{job}, {moment}"
    return RunTitle(about["name"], job, heading, moment, seconds, status, is_running(about["status"]))


def tab_title(status: str, name: str) -> str:
    """Return the title of a tab from a status and a name."""
    return f"{status_words(status)}: {name} · lamplighter"


def status_icon(status: str) -> str:
    """Return the file of the icon that shows a status."""
    return ICONS.get(status, NO_STATUS_ICON)
