"""The whole vocabulary between the machine and the world: what it may be told, what it may ask for.

Work and timers are named by (frame, number): the frame's identity and a number from a counter of the execution that
never goes back. So an answer to work that was cancelled meets no frame that still waits for this number, and is
absorbed, however late or often it comes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lamplighter.asl.definition.model import Resource
from lamplighter.base.json_text import Json


@dataclass(frozen=True, slots=True)
class Started:
    """The execution begins."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """Go on with what the last step left ready."""


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """A worker has taken the work up (activities)."""

    frame: int
    number: int
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class TaskSubmitted:
    """The call was answered; the work itself goes on (.sync, .waitForTaskToken)."""

    frame: int
    number: int
    output: Json


@dataclass(frozen=True, slots=True)
class TaskSucceeded:
    """The work is done."""

    frame: int
    number: int
    output: Json


@dataclass(frozen=True, slots=True)
class TaskFailed:
    """The work failed."""

    frame: int
    number: int
    error: str | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The work is alive."""

    frame: int
    number: int


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer that was set is due."""

    frame: int
    number: int


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Somebody wants the execution to end now."""

    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Redriven:
    """The execution, restored to where it failed, is to go on from there."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The execution can't go on for a reason outside of its definition, such as damaged storage."""

    cause: str


@dataclass(frozen=True, slots=True)
class MapRunEnded:
    """The child executions of a distributed Map are done, or have failed it."""

    frame: int
    number: int
    output: str | None
    """JSON text: the list of what they came to; None where the run failed."""
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
class StartTask:
    """Have this done in the world, once."""

    frame: int
    number: int
    resource: Resource
    parameters: Json
    token: str | None
    """The task token, where the work is to be answered with one."""
    role: str | None
    """The role to assume (the state's Credentials), else the machine's own."""


@dataclass(frozen=True, slots=True)
class CancelTask:
    """Nobody waits for this any more: stop it if you can."""

    frame: int
    number: int
    resource: Resource


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """Where a Map Run has its items from, where these are not in the frame."""

    action: str
    """getObject or listObjectsV2, of S3."""
    parameters: Json
    config: Mapping[str, Json]
    """ReaderConfig."""
    steps: tuple[str | int, ...]
    """What leads to the items in a document."""


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """What a Map Run makes of its results."""

    parameters: Json
    """Bucket and Prefix of S3; None where the results are the state's result."""
    transformation: Literal["NONE", "COMPACT", "FLATTEN"]
    lines: bool
    """JSON Lines rather than an array."""


COMPACT = WriterSettings(None, "COMPACT", lines=False)
"""What is done where the definition says nothing."""


@dataclass(frozen=True, slots=True)
class StartMapRun:
    """Run a block once for each item (or batch of items) of a frame, each as an execution of its own."""

    frame: int
    number: int
    arn: str
    """The Map Run's."""
    label: str
    block: int
    total: int
    """How many items there are; 0 where they are still to be read."""
    concurrency: int
    """0 leaves it to the world."""
    tolerated_count: int | None
    tolerated_percentage: float | None
    express: bool
    reading: ReaderSettings | None
    writing: WriterSettings


@dataclass(frozen=True, slots=True)
class RedriveMapRun:
    """Go on with a Map Run that failed: run again what did not succeed, and what was not begun."""

    frame: int
    number: int
    arn: str


@dataclass(frozen=True, slots=True)
class CancelMapRun:
    """Nobody waits for these executions any more."""

    frame: int
    number: int


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Say so when it is due."""

    frame: int
    number: int
    due: int
    """Milliseconds since the epoch."""
    elapsed: bool
    """It measures a length of time, on the steady clock, rather than naming an instant of the wall clock."""


@dataclass(frozen=True, slots=True)
class ClearTimer:
    """Never mind."""

    frame: int
    number: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The execution has ended; no frame and no timer of it is left."""

    status: str
    output: str | None
    """JSON text; only with SUCCEEDED."""
    error: str | None
    cause: str | None


Command: TypeAlias = (
    StartTask | CancelTask | StartMapRun | RedriveMapRun | CancelMapRun | SetTimer | ClearTimer | Finish
)
