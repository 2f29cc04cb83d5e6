"""Define the compiled form of a definition; its paths and expressions are closures.

See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.retrier import Retrier
from lamplighter.base.json_text import Json

Template: TypeAlias = Callable[[Scope], Json]
"""A function that computes a value from the scope of a state."""
Rule: TypeAlias = Callable[[Scope], bool]
"""A function that returns whether a condition of a Choice holds."""

Pattern: TypeAlias = Literal["", "sync", "sync:2", "waitForTaskToken"]


@dataclass(frozen=True, slots=True)
class Resource:
    """The Resource of a Task: what it calls, and how."""

    text: str
    kind: Literal["integration", "sdk", "activity", "lambda"]
    service: str
    """The service (`ecs`); for an AWS SDK integration the SDK's name of the service (`sfn`)."""
    action: str
    """The action, such as `runTask`."""
    pattern: Pattern

    @property
    def type(self) -> str:
        """The service's name in the history."""
        return f"aws-sdk:{self.service}" if self.kind == "sdk" else self.service

    @property
    def name(self) -> str:
        """The action's name in the history."""
        return f"{self.action}.{self.pattern}" if self.pattern else self.action


@dataclass(frozen=True, slots=True)
class Catcher:
    """A rule that names the next state after certain errors."""

    errors: tuple[str, ...]
    next: str
    output: Callable[[Scope, Json], Json]
    """A function that makes the next state's input from the scope and from {Error, Cause}."""
    assign: Template | None


@dataclass(frozen=True, slots=True)
class State:
    """The fields that all states have."""

    name: str
    next: str | None
    """The next state, or None if the state ends its block."""
    jsonata: bool
    assign: Template | None
    """A template for the variables that the state assigns; it is evaluated on the state's result."""


@dataclass(frozen=True, slots=True)
class Pass(State):
    """A state whose output is its input, or a value made from it."""

    result: Template
    output: Callable[[Scope, Json], Json]


@dataclass(frozen=True, slots=True)
class Succeed(State):
    """A state that ends its block."""

    output: Template


@dataclass(frozen=True, slots=True)
class Fail(State):
    """A state that ends its block with an error."""

    error: Template
    cause: Template


@dataclass(frozen=True, slots=True)
class Wait(State):
    """A state that waits for a length of time or until an instant."""

    effective_input: Template
    """The effective input: "that selection [InputPath] is used by the state"."""
    compute_end: Callable[[Scope, int], tuple[int, bool]]
    """A function of scope and present time that returns the end in milliseconds, and True for a length of time."""
    output: Template


@dataclass(frozen=True, slots=True)
class Choice(State):
    """A state that selects the next state by rules."""

    effective_input: Template
    """The input of the rules: InputPath is applied before them, OutputPath after them."""
    rules: tuple[tuple[Rule, str, Template | None, Template | None], ...]
    """For each rule: its condition, the next state, the Assign template, and the Output template (JSONata)."""
    default: str | None
    output: Template


@dataclass(frozen=True, slots=True)
class RetryableState(State):
    """The common fields of Task, Parallel and Map: arguments, a result, and rules for errors."""

    arguments: Template
    output: Callable[[Scope, Json], Json]
    retriers: tuple[Retrier, ...]
    catchers: tuple[Catcher, ...]


@dataclass(frozen=True, slots=True)
class Task(RetryableState):
    """A state that calls a service, an activity or a Lambda function."""

    resource: Resource
    added_parameters: Mapping[str, Json]
    """The parameters that the integration adds (StartedBy)."""
    timeout: Template | None
    """A template for the most seconds that the work may take."""
    heartbeat: Template | None
    """A template for the most seconds between two heartbeats."""
    role: Template | None


@dataclass(frozen=True, slots=True)
class Parallel(RetryableState):
    """A state that runs all its branches."""

    branches: tuple[int, ...]
    """The numbers of the branches' blocks."""


@dataclass(frozen=True, slots=True)
class Batcher:
    """An ItemBatcher: how many items form the input of one child execution."""

    items: Template | None
    """The most items in a batch."""
    bytes: Template | None
    """The most bytes in a batch."""
    input: Template | None
    """The BatchInput, which each batch contains besides its items."""


@dataclass(frozen=True, slots=True)
class ItemReader:
    """The data set from which a distributed Map reads its items."""

    action: str
    """`getObject` or `listObjectsV2`, of S3."""
    arguments: Template
    config: Mapping[str, Json]
    """The ReaderConfig, without MaxItems."""
    max_items: Template | None
    """The most items to read."""


@dataclass(frozen=True, slots=True)
class ResultWriter:
    """The place and the form of a distributed Map's results."""

    arguments: Template | None
    """Bucket and Prefix for S3's putObject; None if the results become the state's result."""
    transformation: Literal["NONE", "COMPACT", "FLATTEN"]
    lines: bool
    """True for JSON Lines, False for an array."""


@dataclass(frozen=True, slots=True)
class DistributedMap:
    """The additional fields of a Map that runs its items as child executions."""

    express: bool
    label: str | None
    tolerated_count: Template | None
    tolerated_percentage: Template | None
    batcher: Batcher | None
    reader: ItemReader | None
    writer: ResultWriter | None


@dataclass(frozen=True, slots=True)
class Map(RetryableState):
    """A state that runs its processor once for each item."""

    processor: int
    """The number of the processor's block."""
    items: Template
    """A template for the list of items, which is evaluated on the state's effective input."""
    selector: Template | None
    concurrency: Template
    """The most items that run concurrently; 0 leaves the number to the engine."""
    distributed: DistributedMap | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A group of states with one start: the machine itself, a branch, or a processor."""

    number: int
    start: str
    states: Mapping[str, State]


@dataclass(frozen=True, slots=True)
class Definition:
    """A complete state machine."""

    blocks: tuple[Block, ...]
    """The machine itself is block 0."""
    timeout: int | None = None
    """The most seconds that an execution may take."""
    comment: str | None = None
    states: Mapping[str, State] = field(default_factory=dict)
    """The states of all blocks by name: names are unique in a machine."""
    resources: Mapping[str, Resource] = field(default_factory=dict)
    """The resources of the Task states, by the state's name."""
    long_states: Container[str] = ()
    """Names of the long states. They may not be compiled yet, so a step that must not block does not enter them."""
    compiled_short_states: Mapping[str, State] = field(default_factory=dict)
    """The compiled states that are not long, by name. `StepBuilder.state` searches here first: this is cheapest."""
