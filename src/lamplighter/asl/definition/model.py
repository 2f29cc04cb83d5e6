"""A definition as the machine runs it: parsed once, its paths and expressions compiled to closures.

See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.base.json_text import Json

Template: TypeAlias = Callable[[Scope], Json]
"""A value that is worked out from what a state sees."""
Rule: TypeAlias = Callable[[Scope], bool]
"""A condition of a Choice."""

Pattern: TypeAlias = Literal["", "sync", "sync:2", "waitForTaskToken"]


@dataclass(frozen=True, slots=True)
class Resource:
    """What a Task calls."""

    text: str
    kind: Literal["integration", "sdk", "activity", "lambda"]
    service: str
    """ecs; for an AWS SDK integration the SDK's name of the service (sfn)."""
    action: str
    """runTask"""
    pattern: Pattern

    @property
    def type(self) -> str:
        """How the history names the service."""
        return f"aws-sdk:{self.service}" if self.kind == "sdk" else self.service

    @property
    def name(self) -> str:
        """How the history names the action."""
        return f"{self.action}.{self.pattern}" if self.pattern else self.action


@dataclass(frozen=True, slots=True)
class Retrier:
    """When and how to try again."""

    errors: tuple[str, ...]
    interval: float = 1
    """Seconds before the first retry."""
    attempts: int = 3
    backoff: float = 2.0
    max_delay: float | None = None
    jitter: bool = False

    def delay(self, used: int, chance: float) -> int:
        """Milliseconds to wait before retry number `used` + 1; full jitter picks from zero to the whole of it."""
        try:
            seconds = self.interval * self.backoff**used
        except OverflowError:
            seconds = float("inf")
        seconds = min(seconds, self.max_delay or MAX_SECONDS)
        return int(seconds * 1000 * (chance if self.jitter else 1))


MAX_SECONDS = 99_999_999
"""The longest that a state can wait or run: "If not specified, the default … is 99999999"."""


@dataclass(frozen=True, slots=True)
class Catcher:
    """Where to go on after an error."""

    errors: tuple[str, ...]
    next: str
    output: Callable[[Scope, Json], Json]
    """From what the state saw and its {Error, Cause}, the next state's input."""
    assign: Template | None


@dataclass(frozen=True, slots=True)
class Filters:
    """The stages of a JSONPath state's data flow, by their fields; the machine runs what `parse` composes of them."""

    input_path: Template
    parameters: Template | None
    result_selector: Template | None
    result_path: Callable[[Json, Json], Json]
    """From the state's input and its result, the two combined."""
    output_path: Template


@dataclass(frozen=True, slots=True)
class State:
    """What all states have."""

    name: str
    next: str | None
    """None where the state ends its block."""
    jsonata: bool
    filters: Filters | None
    """None in JSONata."""
    assign: Template | None
    """The variables it sets, worked out from its result."""


@dataclass(frozen=True, slots=True)
class Pass(State):
    """Hands on its input, or something made of it."""

    fixed: bool
    """Its result is given with the definition."""
    result: Template
    output: Callable[[Scope, Json], Json]


@dataclass(frozen=True, slots=True)
class Succeed(State):
    """Ends its block."""

    output: Template


@dataclass(frozen=True, slots=True)
class Fail(State):
    """Ends its block with an error."""

    error: Template
    cause: Template


@dataclass(frozen=True, slots=True)
class Wait(State):
    """Lets time pass."""

    effective: Template
    """What it looks at: "that selection [InputPath] is used by the state"."""
    until: Callable[[Scope, int], tuple[int, bool]]
    """From what it sees and now, when it ends and whether that is a length of time; milliseconds."""
    output: Template


@dataclass(frozen=True, slots=True)
class Choice(State):
    """Goes one way or the other."""

    effective: Template
    """What its rules look at: InputPath selects it; OutputPath comes after them."""
    rules: tuple[tuple[Rule, str, Template | None, Template | None], ...]
    """Condition, next state, variables to set, output (JSONata)."""
    default: str | None
    output: Template


@dataclass(frozen=True, slots=True)
class RetryableState(State):
    """What Task, Parallel and Map have: arguments, a result, and ways out of an error."""

    arguments: Template
    output: Callable[[Scope, Json], Json]
    retriers: tuple[Retrier, ...]
    catchers: tuple[Catcher, ...]


@dataclass(frozen=True, slots=True)
class Task(RetryableState):
    """Has something done in the world."""

    resource: Resource
    additions: Mapping[str, Json]
    """What the integration adds to the parameters (StartedBy)."""
    timeout: Template | None
    """Seconds."""
    heartbeat: Template | None
    """Seconds."""
    role: Template | None


@dataclass(frozen=True, slots=True)
class Parallel(RetryableState):
    """Runs each of its branches."""

    branches: tuple[int, ...]
    """Numbers of blocks."""


@dataclass(frozen=True, slots=True)
class Batcher:
    """How items are put together, several to a child execution."""

    items: Template | None
    """At most so many."""
    bytes: Template | None
    """At most so large together."""
    input: Template | None
    """What every batch is given besides."""


@dataclass(frozen=True, slots=True)
class ItemReader:
    """What the items are read from."""

    action: str
    """getObject or listObjectsV2, of S3."""
    arguments: Template
    config: Mapping[str, Json]
    """ReaderConfig, without MaxItems."""
    most: Template | None
    """How many items are read at most."""
    steps: tuple[str | int, ...]
    """The ItemsPath, which leads to them in what is read."""


@dataclass(frozen=True, slots=True)
class ResultWriter:
    """What becomes of the results."""

    arguments: Template | None
    """Of S3's putObject: Bucket and Prefix; None where the results are the state's result."""
    transformation: Literal["NONE", "COMPACT", "FLATTEN"]
    lines: bool
    """JSON Lines rather than an array."""


@dataclass(frozen=True, slots=True)
class DistributedMap:
    """What a Map that runs its items as executions of their own has besides."""

    express: bool
    label: str | None
    tolerated_count: Template | None
    tolerated_percentage: Template | None
    batcher: Batcher | None
    reader: ItemReader | None
    writer: ResultWriter | None


@dataclass(frozen=True, slots=True)
class Map(RetryableState):
    """Runs its processor once for each item."""

    processor: int
    """Number of the block."""
    items: Template
    """From the state's effective input to a list."""
    selector: Template | None
    concurrency: Template
    """At most this many at once; 0 leaves it to us."""
    distributed: DistributedMap | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """States with one way in: the machine itself, a branch, or a processor."""

    number: int
    start: str
    states: Mapping[str, State]


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole state machine."""

    blocks: tuple[Block, ...]
    """The machine itself is block 0."""
    timeout: int | None = None
    """Seconds that an execution may take."""
    comment: str | None = None
    states: Mapping[str, State] = field(default_factory=dict)
    """All states, of all blocks, by name: names are unique in a machine."""
    resources: Mapping[str, Resource] = field(default_factory=dict)
    """What its tasks call, by the task's name."""
    long: Container[str] = ()
    """States that nobody may enter who has no time: their text is long, and they are not compiled yet."""
    short: Mapping[str, State] = field(default_factory=dict)
    """States that are compiled and not long, by name; a state is looked for here first, since that costs least."""
