"""Read an ECS task that no state machine started as a run of its job: how it ended, why, and what started it. Pure.

Reads the task as DescribeTasks describes it, from boto3 or from the wire. A task whose containers ended well is a
success, also if another container was killed then; one that StopTask stopped is neither success nor failure. See
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lamplighter.base.json_text import Json
from lamplighter.runs.failures.failure_words import cause_words
from lamplighter.runs.failures.repetition import is_repetition
from lamplighter.runs.history.story import to_milliseconds
from lamplighter.runs.history.waiting import WAITING, cluster_of_task, waiting_reason
from lamplighter.runs.run import END_WORDS
from lamplighter.runs.tasks.ecs_tasks import KILLED_EXIT_CODES, container_exits, stop_reason
from lamplighter.runs.tasks.scheduled_tasks import family_of_definition

STOPPED_BY_REQUEST = "UserInitiated"
"""The stop code of a task that StopTask stopped."""
COMMAND_PREFIX, CONSOLE_PREFIX = "lamplighter-run/", "lamplighter-console/"
"""How `startedBy` begins if a person starts a task as its schedule would; the name of the schedule follows."""
SCHEDULE_PREFIX, RULE_PREFIX = "chronos-schedule/", "events-rule/"
"""How `startedBy` begins if a schedule or a rule starts a task."""
STARTER_WORDS: Mapping[str, str] = {
    SCHEDULE_PREFIX: "schedule {}",
    RULE_PREFIX: "rule {}",
    COMMAND_PREFIX: "by hand, as {} would",
    CONSOLE_PREFIX: "by hand in the console, as {} would",
}
NO_SUCH_CLUSTER = ("ClusterNotFoundException", "InvalidParameterException")
"""The error codes of ListTasks for a cluster that does not exist here. The second one is for a name or an ARN that no
cluster of the account can have: "Identifier is for 210987654321. Your accountId is 123456789012"."""
MAX_STARTED_BY = 128
"""The most characters of `startedBy`."""


@dataclass(frozen=True, slots=True)
class TaskRun:
    """A task as a run for people. Times are milliseconds since the epoch."""

    arn: str
    family: str
    status: str
    """RUNNING, SUCCEEDED, FAILED, or ABORTED if a person stopped it."""
    began: int
    """When its containers started, or when it was created if they did not start yet, or never."""
    ended: int | None = None
    exit_codes: Mapping[str, int] = field(default_factory=dict)
    """By container."""
    failure: str = ""
    """Why it failed or was stopped, in words: "exit code 3"; empty for other tasks."""
    waits: str | None = None
    """Why it has not started: "waits for 512 MiB of memory (…)"."""
    started_by: str = ""
    """What started it, as RunTask was told: "chronos-schedule/nightly"."""

    @property
    def name(self) -> str:
        """The task's id."""
        return self.arn.rpartition("/")[2]

    @property
    def cluster(self) -> str:
        """The name of the task's cluster."""
        return cluster_of_task(self.arn)

    @property
    def key(self) -> tuple[str, str]:
        """The family and the name of the cluster, as `TaskFamily.key`."""
        return self.family, self.cluster

    @property
    def took(self) -> int | None:
        """Milliseconds for which it ran; None while it is under way."""
        return None if self.ended is None else max(0, self.ended - self.began)

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self.ended is None

    @property
    def words(self) -> str:
        """How it ended, or that it is under way: "failed", "stopped", "running", "waiting"."""
        return WAITING if self.waits else END_WORDS[self.status]

    @property
    def scheduled(self) -> bool:
        """Whether a schedule or a rule started it, or a person in their place.

        A task of a schedule with a universal target does not state what started it.
        """
        return self.started_by.startswith(tuple(STARTER_WORDS))

    @property
    def starter(self) -> str:
        """What started it, in words: "schedule nightly"; empty if the task does not state it."""
        prefix = self._starter_prefix
        return STARTER_WORDS[prefix].format(self.starter_name) if prefix else self.started_by

    @property
    def starter_name(self) -> str:
        """The name of the schedule or rule that started it, or in whose place a person did; empty if unknown."""
        prefix = self._starter_prefix
        return self.started_by.removeprefix(prefix).partition("/")[0] if prefix else ""

    @property
    def repetition(self) -> str:
        """The name by which it repeats another task or a missed slot; its own name if it repeats none."""
        given = self.started_by.removeprefix(self._starter_prefix).partition("/")[2]
        return given if is_repetition(given) else self.name

    @property
    def by_hand(self) -> bool:
        """Whether a person started it in the place of a schedule or a rule."""
        return self.started_by.startswith((COMMAND_PREFIX, CONSOLE_PREFIX))

    @property
    def _starter_prefix(self) -> str:
        return next((each for each in STARTER_WORDS if self.started_by.startswith(each)), "")


def to_task_run(task: Json) -> TaskRun:
    """Convert a task as DescribeTasks describes it."""
    # ECS learns of an end late if no engine ran then, but it knows when the containers ended.
    stopped = task.get("stoppedAt") and (task.get("executionStoppedAt") or task["stoppedAt"])
    ended = to_milliseconds(stopped) if stopped else None
    status = "RUNNING" if ended is None else end_status(task)
    began = task.get("startedAt") or task["createdAt"]
    return TaskRun(
        task["taskArn"],
        family_of_definition(task["taskDefinitionArn"]),
        status,
        to_milliseconds(began),
        ended,
        {each["name"]: each["exitCode"] for each in task["containers"] if each.get("exitCode") is not None},
        _failure(task, status),
        waiting_reason(task),
        task.get("startedBy") or "",
    )


def started_by_person(prefix: str, starter: str, start: str) -> str:
    """Return the `startedBy` of a task that a person starts as a schedule or a rule with this name would.

    It ends with the name of the start if that repeats another one.
    """
    repeats = f"/{start}" if is_repetition(start) else ""
    return f"{prefix}{starter}"[: MAX_STARTED_BY - len(repeats)] + repeats


def end_status(task: Json) -> str:
    """Return how a stopped task ended: SUCCEEDED, FAILED, or ABORTED if a person stopped it."""
    if task.get("stopCode") == STOPPED_BY_REQUEST:
        return "ABORTED"
    codes = [each.get("exitCode") for each in task["containers"]]
    return "SUCCEEDED" if 0 in codes and all(code in (0, *KILLED_EXIT_CODES) for code in codes) else "FAILED"


def _failure(task: Json, status: str) -> str:
    if status == "ABORTED":
        return str(task.get("stoppedReason") or "")
    if status != "FAILED":
        return ""
    return cause_words(None, stop_reason(task), container_exits(task))
