"""Where an execution is: frames are the truth, and this is all of it.

A frame is one path of control. `Parallel` and `Map` are parents of frames; a frame is gone when its path has ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lamplighter.base.json_text import Json

NOTHING: Mapping[str, Json] = {}


class Phase(StrEnum):
    """What a frame is about to do, or waits for."""

    READY = "ready"
    """To enter its state."""
    WAITING = "waiting"
    """For its timer (Wait)."""
    WORKING = "working"
    """For the world (Task)."""
    RETRYING = "retrying"
    """For the timer of a retry."""
    AGAIN = "again"
    """To try its state again, now."""
    STARTING = "starting"
    """To start further children (Parallel)."""
    FANNED = "fanned"
    """For its children (Parallel, Map)."""
    GATHERED = "gathered"
    """To go on: its children are done."""


@dataclass(frozen=True, slots=True)
class FanOut:
    """How far a Parallel or Map has come."""

    total: int
    started: int
    done: int
    limit: int
    """How many children may run at once."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One path of control."""

    id: int
    parent: int
    """0: the execution itself."""
    index: int
    """Which branch or item of its parent."""
    block: int
    state: str
    phase: Phase
    input: Json
    """The state's input, as it came."""
    text: str
    """The same as JSON text: as its author wrote it, until something is made of it."""
    variables: Mapping[str, Json]
    previous: int
    """The id of the event that came before on this path."""
    entered: int = 0
    """The id of the event that entered the state."""
    entered_at: int = 0
    """Milliseconds since the epoch."""
    retries: tuple[int, ...] = ()
    """How often each retrier of the state was used during this visit."""
    number: int = 0
    """The work, wait or retry that it waits for."""
    submitted: bool = False
    timeout: int = 0
    """The number of the timer that ends the work."""
    heartbeat: int = 0
    """The number of the timer that misses a heartbeat."""
    beat: int = 0
    """Seconds between heartbeats."""
    token: str | None = None
    fan: FanOut | None = None
    items: Sequence[Json] | None = None
    """What a Map goes through: its children's inputs come from here."""
    map_run: str | None = None
    """The ARN of the Map Run that a distributed Map waits for, or that failed it."""
    map_redrives: int = 0
    """How often that was redriven."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a state machine, as far as it has come."""

    arn: str
    name: str
    role: str
    machine: str
    """The state machine's ARN."""
    machine_name: str
    input: Json
    text: str
    """The input as it was given."""
    start: int
    """Milliseconds since the epoch."""
    status: str = "RUNNING"
    counter: int = 0
    """The last number given to a piece of work or a timer; it never goes back."""
    event: int = 0
    """The id of the last event of the history."""
    frame: int = 0
    """The id of the last frame."""
    timer: int = 0
    """The number of the timer that ends the execution."""
    redrives: int = 0
    block: int = 0
    """Where it begins: a child of a distributed Map runs the Map's processor."""
    frames: Mapping[int, Frame] = field(default_factory=dict)
    results: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    """By parent frame and index, what its children came to, as JSON text."""

    @property
    def child(self) -> bool:
        """Whether it runs for a Map Run; then its machine is named machine/label."""
        return "/" in self.machine

    @property
    def express(self) -> bool:
        """Whether it is of the kind that leaves no history."""
        return self.arn.split(":", 6)[5] == "express"

    @property
    def region(self) -> str:
        """Where it runs."""
        return self.arn.split(":", 4)[3]
