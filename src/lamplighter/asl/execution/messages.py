"""Define all messages between the machine and its caller: the events that it accepts and the commands that it returns.

Work and timers are named by (frame, number): the frame's id and a number from a counter of the execution that never
decreases. If work was cancelled, no frame waits for its number any more; the machine ignores the answer, however late
or often it arrives.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lamplighter.asl.definition.model import Resource
from lamplighter.base.json_text import Json


@dataclass(frozen=True, slots=True)
class Started:
    """Event: the execution begins."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """Event: the frames that the last step left ready continue."""


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """Event: a worker has received the work of an activity."""

    frame: int
    number: int
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class TaskSubmitted:
    """Event: the call has returned, and the work continues (.sync, .waitForTaskToken)."""

    frame: int
    number: int
    output: Json


@dataclass(frozen=True, slots=True)
class TaskSucceeded:
    """Event: the work has succeeded."""

    frame: int
    number: int
    output: Json


@dataclass(frozen=True, slots=True)
class TaskFailed:
    """Event: the work has failed."""

    frame: int
    number: int
    error: str | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Event: the work has sent a heartbeat."""

    frame: int
    number: int


@dataclass(frozen=True, slots=True)
class TimerFired:
    """Event: a timer has fired."""

    frame: int
    number: int


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Event: the execution must end now, because a caller stops it."""

    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Redriven:
    """Event: the execution, restored to the point of its failure, continues from there."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Event: the execution cannot continue, for a reason outside its definition such as damaged storage."""

    cause: str
    error: str = "States.Runtime"


@dataclass(frozen=True, slots=True)
class MapRunEnded:
    """Event: a Map Run has ended."""

    frame: int
    number: int
    output: str | None
    """The state's result as JSON text; None if the Map Run failed."""
    error: str | None = None
    cause: str | None = None


Event: TypeAlias = (
    Started
    | Resumed
    | TaskStarted
    | TaskSubmitted
    | TaskSucceeded
    | TaskFailed
    | Heartbeat
    | TimerFired
    | StopRequested
    | Broken
    | MapRunEnded
    | Redriven
)


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """The answer to a call that was made within a step."""

    event: TaskSubmitted | TaskSucceeded | TaskFailed
    names: tuple[str, ...] = ()
    """The names under which the service knows the work, if the work continues (.sync)."""


@dataclass(frozen=True, slots=True)
class StartTask:
    """Command: start the work of a Task, once."""

    frame: int
    number: int
    resource: Resource
    parameters: Json
    token: str | None
    """The task token, or None if the work does not use one."""
    role: str | None
    """The role to assume (the state's Credentials); None for the machine's own role."""


@dataclass(frozen=True, slots=True)
class FollowTask:
    """Command: wait for the end of work that has been started within the step (.sync)."""

    frame: int
    number: int
    names: tuple[str, ...]
    """The names that the work has at its service."""


@dataclass(frozen=True, slots=True)
class CancelTask:
    """Command: stop work if possible, because no frame waits for it any more."""

    frame: int
    number: int
    resource: Resource


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """The data set from which a Map Run reads its items, if the frame does not contain them."""

    action: str
    """`getObject` or `listObjectsV2`, of S3."""
    parameters: Json
    config: Mapping[str, Json]
    """The ReaderConfig."""


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """The place and the form of a Map Run's results."""

    parameters: Json
    """Bucket and Prefix of S3; None if the results become the state's result."""
    transformation: Literal["NONE", "COMPACT", "FLATTEN"]
    lines: bool
    """True for JSON Lines, False for an array."""


COMPACT = WriterSettings(None, "COMPACT", lines=False)
"""The settings of a Map without a ResultWriter."""


@dataclass(frozen=True, slots=True)
class StartMapRun:
    """Command: run a block once for each item or batch of a frame, each as a child execution."""

    frame: int
    number: int
    arn: str
    """The ARN of the Map Run."""
    label: str
    block: int
    total: int
    """The number of items; 0 if they have not been read yet."""
    concurrency: int
    """The most concurrent children; 0 leaves the number to the engine."""
    tolerated_count: int | None
    tolerated_percentage: float | None
    express: bool
    reading: ReaderSettings | None
    writing: WriterSettings


@dataclass(frozen=True, slots=True)
class RedriveMapRun:
    """Command: redrive a failed Map Run, that is, run the children that did not succeed or did not start."""

    frame: int
    number: int
    arn: str


@dataclass(frozen=True, slots=True)
class CancelMapRun:
    """Command: stop the children of a Map Run, because no frame waits for them any more."""

    frame: int
    number: int


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Command: send `TimerFired` when the timer is due."""

    frame: int
    number: int
    due: int
    """Milliseconds since the epoch."""
    elapsed: bool
    """True for a length of time on the monotonic clock, False for an instant of the wall clock."""


@dataclass(frozen=True, slots=True)
class ClearTimer:
    """Command: delete a timer."""

    frame: int
    number: int


@dataclass(frozen=True, slots=True)
class Finish:
    """Command: record the end of the execution, which has no frames and timers any more."""

    status: str
    output: str | None
    """JSON text if the status is SUCCEEDED, otherwise None."""
    error: str | None
    cause: str | None


Command: TypeAlias = (
    StartTask | FollowTask | CancelTask | StartMapRun | RedriveMapRun | CancelMapRun | SetTimer | ClearTimer | Finish
)
