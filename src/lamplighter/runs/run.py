"""Describe a run as Step Functions lists or describes its execution: its status, its duration, its error. Pure.

See https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.runs.history.story import to_milliseconds
from lamplighter.runs.jobs.skipped_runs import SKIPPED, runs_that_caused_skip

REDRIVABLE = "REDRIVABLE"
IDLE = "idle"
"""The key that the console adds to a redriven execution for the seconds between its parts."""
FAILED_STATUSES = ("FAILED", "TIMED_OUT")
"""The statuses of runs that failed and were not stopped by a request."""
WAITING = "WAITING"
"""The console's status of a run that is under way and only waits: for its turn, for room, or for a worker."""
END_WORDS: Mapping[str, str] = {
    WAITING: "waiting", "RUNNING": "running", "SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timed out",
    "ABORTED": "stopped",
}  # fmt: skip
"""The words for how a run ended, by its status."""


@dataclass(frozen=True, slots=True)
class RunLimits:
    """How many seconds a run of a job usually takes, after how many it is late, and how many it may take at most."""

    usual: float | None = None
    late: int | None = None
    deadline: int | None = None


NO_LIMITS = RunLimits()


@dataclass(frozen=True, slots=True)
class Run:
    """A run, as Step Functions lists or describes its execution."""

    arn: str
    status: str
    """RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE."""
    began: int
    """Milliseconds since the epoch."""
    ended: int | None = None
    not_redrivable_reason: str | None = None
    """AWS's reason why the run cannot be redriven; None if it can be, or if only a list of runs was read."""
    skipped: bool = False
    """Whether the run was skipped because of another run of its job; known only if the run was described."""
    skipped_for: tuple[str, ...] = ()
    """The ARNs of the runs that were under way and because of which this run was skipped."""
    redrives: int = 0
    """The number of redrives."""
    idle: int = 0
    """Milliseconds between the parts of a redriven run, in which it did not run; 0 unless `with_details` read them."""
    error: str | None = None
    cause: str | None = None
    """The error and cause of a failed run; known only if the run was described."""

    @property
    def name(self) -> str:
        """The run's name."""
        return self.arn.split(":")[7]

    @property
    def machine(self) -> str:
        """The ARN of the run's state machine."""
        # In the ARN of a run that a Map started, the state machine's name is MACHINE/LABEL.
        return ":".join([*self.arn.split(":")[:5], "stateMachine", self.arn.split(":")[6].partition("/")[0]])

    @property
    def took(self) -> int | None:
        """Milliseconds for which the run ran: the sum of its parts; None while it is under way."""
        return None if self.ended is None else self.ended - self.began - self.idle

    @property
    def state(self) -> str:
        """The run's status for people, which is `SKIPPED` for a skipped run."""
        return SKIPPED if self.skipped else self.status

    @property
    def running(self) -> bool:
        """Whether the run is under way."""
        return is_running(self.status)


def to_run(answer: Json) -> Run:
    """Convert a run of the answer of DescribeExecution or ListExecutions."""
    ended = answer.get("stopDate")
    redrivable = answer.get("redriveStatus", REDRIVABLE).startswith(REDRIVABLE)
    not_redrivable_reason = None if redrivable else answer.get("redriveStatusReason")
    skipped_for = runs_that_caused_skip(answer.get("output"))
    return Run(
        answer["executionArn"],
        answer["status"],
        to_milliseconds(answer["startDate"]),
        None if ended is None else to_milliseconds(ended),
        not_redrivable_reason,
        skipped=skipped_for is not None,
        skipped_for=tuple(skipped_for or ()),
        redrives=answer.get("redriveCount", 0),
        error=answer.get("error"),
        cause=answer.get("cause"),
    )


def run_seconds(execution: Json, now: float) -> float | None:
    """Return how many seconds an execution of ListExecutions took, or has taken so far.

    None if that is not known, or if it only waits.
    """
    if execution["status"] == WAITING:
        return None
    idle = execution.get(IDLE) if execution.get("redriveCount") else 0
    if idle is None:
        return None
    return max(0.0, float(execution.get("stopDate") or now) - float(execution["startDate"]) - idle)


def is_late(seconds: float | None, late: float | None) -> bool:
    """Return whether a run that takes so many seconds is late; `late` are those after which an alert is sent."""
    return seconds is not None and late is not None and seconds > late


def is_running(status: str) -> bool:
    """Return whether a run with this status is under way."""
    return status in ("RUNNING", WAITING, "PENDING_REDRIVE")


def status_words(status: str) -> str:
    """Return a status for people: stopped, timed out, waiting."""
    return END_WORDS.get(status, status.lower().replace("_", " "))


def end_clause(status: str) -> str:
    """Return the words that follow "the run": failed, timed out, was stopped."""
    return ("was " if status == "ABORTED" else "") + END_WORDS.get(status, status)
