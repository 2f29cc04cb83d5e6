"""Describe a run of a night before it is judged: of a state machine, of a scheduled task, or a missed slot."""

from dataclasses import dataclass
from enum import StrEnum

from lamplighter.runs.failures.repetition import first_name, first_name_of_slot, is_repetition
from lamplighter.runs.history import waiting
from lamplighter.runs.jobs.job_machine import JOB_TAG, PROJECT_TAG, is_supporting_machine
from lamplighter.runs.run import END_WORDS, FAILED_STATUSES, is_late, is_running
from lamplighter.runs.run_trigger import UNKNOWN_TRIGGER, Trigger

MISSED = "MISSED"
"""The status of slots for which no run started."""


class NightStatus(StrEnum):
    """How a run stands, in the order in which people want to see it: what needs a person comes first."""

    FAILED = "failed"
    MISSED = "missed"
    WAITING = waiting.WAITING
    RUNNING = "running"
    RECOVERED = "recovered"
    PASSED_OVER = "passed over"
    ACKNOWLEDGED = "acknowledged"
    STOPPED = "stopped"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to look at it."""
        return self in (NightStatus.FAILED, NightStatus.MISSED)


@dataclass(frozen=True, slots=True)
class NightRun:
    """A run, or slots that were missed together."""

    arn: str
    """The ARN of the execution or task; for missed slots, the schedule's ARN, `@` and the first slot."""
    job: str
    """The key of the job: the ARN of its state machine, or CLUSTER/FAMILY of a scheduled task."""
    status: str
    """AWS's status of the execution, SKIPPED, or MISSED."""
    began: int
    """Milliseconds since the epoch, as all times here; for missed slots, the first of them."""
    ended: int | None = None
    idle: int = 0
    """The milliseconds between the parts of a redriven run."""
    redrives: int = 0
    failed_attempts: int | None = None
    """The number of attempts that failed; None if it is not known."""
    trigger: Trigger = UNKNOWN_TRIGGER
    scheduled: int | None = None
    """The slot for which the run was started, if it is known."""
    queued: bool = False
    """Whether the run waits: until earlier runs of its job have ended, or a task of it for room."""
    count: int = 1
    """The number of missed slots."""
    reason: str = ""
    """Why no run started for a missed slot; why a task failed or waits."""
    repetition: str = ""
    """The name by which a task repeats another one (`runs/failures/repetition.py`); a run's name is enough."""
    starter: str = ""
    """The name of the schedule or rule that started a task, or in whose place a person did."""

    @property
    def name(self) -> str:
        """The run's name; for a missed slot, the name of the schedule."""
        if self.status == MISSED:
            return self.arn.rpartition("@")[0].rpartition("/")[2]
        return self.arn.rpartition("/" if ":task/" in self.arn else ":")[2]

    @property
    def first(self) -> str:
        """What the run and all its repetitions have in common."""
        return first_name_of_slot(self.arn) if self.status == MISSED else first_name(self.repetition or self.name)

    @property
    def own_slot(self) -> int | None:
        """The slot that the run itself was started for, not the one of a run that it repeats or that started it."""
        passed_on = self.trigger.kind in ("run", "rule") or is_repetition(self.repetition or self.name)
        return None if passed_on else self.scheduled

    @property
    def running(self) -> bool:
        """Whether the run is under way."""
        return is_running(self.status)

    @property
    def failed(self) -> bool:
        """Whether the run failed, or did not start."""
        return self.status == MISSED or self.status in FAILED_STATUSES

    @property
    def words(self) -> str:
        """How it ended: "failed", "timed out", "missed"."""
        return END_WORDS.get(self.status, self.status.lower())

    def took(self, now: int) -> int:
        """Return the milliseconds for which the run ran, so far if it is under way."""
        return max(0, (now if self.ended is None else self.ended) - self.began - self.idle)


@dataclass(frozen=True, slots=True)
class NightJob:
    """A job of the night."""

    key: str
    name: str
    tags: dict[str, str]
    late: int | None = None
    """The seconds after which a run is late."""
    shown: str = ""
    """The name for people, if it is not just that of the job file (`job_names.py`)."""

    def has_late(self, run: NightRun, now: int) -> bool:
        """Return whether a run of this job is or was late."""
        return run.status != MISSED and is_late(run.took(now) / 1000, self.late)

    @property
    def project(self) -> str:
        """The project, with its environment; empty if the job belongs to none."""
        return self.tags.get(PROJECT_TAG, "")

    @property
    def short_name(self) -> str:
        """The name for people, or else that in the job file, or that of the machine."""
        return self.shown or self.tags.get(JOB_TAG) or self.name

    @property
    def supporting(self) -> bool:
        """Whether it is a supporting machine, which nobody calls a job."""
        return is_supporting_machine(self.name)
