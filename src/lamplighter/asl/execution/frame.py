"""Define the state of an execution: its frames and counters.

A frame is one path of control. `Parallel` and `Map` are parents of frames. A frame is removed when its path has ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lamplighter.base.json_text import Json

NO_VARIABLES: Mapping[str, Json] = {}


class Phase(StrEnum):
    """The next action of a frame, or the event that it waits for."""

    READY = "ready"
    """The frame is about to enter its state."""
    WAITING = "waiting"
    """The frame waits for the timer of a Wait state."""
    WORKING = "working"
    """The frame waits for the end of its work (a task or a Map Run)."""
    RETRYING = "retrying"
    """The frame waits for the timer of a retry."""
    RETRY_NOW = "again"
    """The frame is about to try its state again."""
    STARTING_CHILDREN = "starting"
    """The frame is about to start further children (Parallel)."""
    WAITING_FOR_CHILDREN = "fanned"
    """The frame waits for its children (Parallel, Map)."""
    CHILDREN_ENDED = "gathered"
    """The frame's children have ended; it is about to gather their results."""


@dataclass(frozen=True, slots=True)
class ChildProgress:
    """The progress of a Parallel or Map."""

    total: int
    started: int
    done: int
    limit: int
    """The most children that run concurrently."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One path of control within an execution."""

    id: int
    parent: int
    """The parent's id; 0 for a path of the execution itself."""
    index: int
    """The index of the branch or item within the parent."""
    block: int
    state: str
    phase: Phase
    input: Json
    """The state's input."""
    text: str
    """The input as JSON text, in its author's spelling until a state makes a new document from it."""
    variables: Mapping[str, Json]
    previous: int
    """The id of the previous event on this path."""
    entered: int = 0
    """The id of the event that entered the state; 0 before that."""
    entered_at: int = 0
    """Milliseconds since the epoch."""
    retries: tuple[int, ...] = ()
    """The number of times that this visit of the state has used each retrier."""
    number: int = 0
    """The number of the work or timer that the frame waits for."""
    submitted: bool = False
    timeout: int = 0
    """The number of the timer that ends the work."""
    heartbeat: int = 0
    """The number of the timer that fires if a heartbeat is missing."""
    beat: int = 0
    """HeartbeatSeconds: the most seconds between two heartbeats."""
    token: str | None = None
    fan: ChildProgress | None = None
    items: Sequence[Json] | None = None
    """The items of a Map, from which its children's inputs are made."""
    map_run: str | None = None
    """The ARN of the Map Run that a distributed Map waits for, or whose failure failed it."""
    map_redrives: int = 0
    """The number of redrives of the Map Run."""


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution of a state machine in its present state."""

    arn: str
    name: str
    role: str
    machine: str
    """The state machine's ARN."""
    machine_name: str
    input: Json
    text: str
    """The input as JSON text, as the caller wrote it."""
    start: int
    """Milliseconds since the epoch."""
    status: str = "RUNNING"
    counter: int = 0
    """The last number given to work or a timer; it never decreases."""
    event: int = 0
    """The id of the last event of the history."""
    frame: int = 0
    """The id of the last frame."""
    timer: int = 0
    """The number of the timer that ends the execution."""
    redrives: int = 0
    failed_attempts: int = 0
    """The number of attempts of tasks that failed; AWS does not count them."""
    block: int = 0
    """The number of the first block: a child of a distributed Map runs the Map's processor."""
    frames: Mapping[int, Frame] = field(default_factory=dict)
    results: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    """The outputs of children as JSON text, by parent frame and index."""

    @property
    def child(self) -> bool:
        """True for a child execution of a Map Run; its machine's ARN then ends with machine/label."""
        return "/" in self.machine

    @property
    def express(self) -> bool:
        """True for an express execution, which has no history."""
        return self.arn.split(":", 6)[5] == "express"

    @property
    def region(self) -> str:
        """The region in the execution's ARN."""
        return self.arn.split(":", 4)[3]
