"""Define one turn of an operation on a stack: the transaction, the stack, the inputs, and the engine's parts."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from lamplighter.base.aws.service_model import ServiceModel
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.services.cloudformation.stacks.stack_caller import stack_caller
from lamplighter.services.cloudformation.stacks.stack_events import StackEvents
from lamplighter.services.cloudformation.stacks.start_operation import OperationStarter
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.services.cloudformation.templates.parsed_templates import ParsedTemplates
from lamplighter.store.db import Tx


@dataclass(frozen=True, slots=True)
class EngineParts:
    """The parts of an engine that carry out stack operations."""

    bus: Bus
    world: World
    models: Callable[[str], ServiceModel]
    check: Callable[[str, str, Json], None]
    """A function that raises AWS's error if an operation's parameters are invalid."""
    starter: OperationStarter
    event_log: StackEvents
    parsed_templates: ParsedTemplates


@dataclass(frozen=True, slots=True)
class StackTurn:
    """One turn of an operation on a stack."""

    tx: Tx
    stack: Stack
    inputs: ExternalInputs
    parts: EngineParts

    @property
    def caller(self) -> Caller:
        """The caller for whom the calls of the operation are made."""
        return stack_caller(self.stack)

    def set_status(
        self, row: StackResource, status: str, reason: str | None = None, desired: Json = None
    ) -> StackResource:
        """Set the status of a resource, record the event with its or the desired properties, and return it."""
        return self.parts.event_log.set_resource_status(self.tx, self.stack, row, status, reason, desired)

    def add_progress_event(self, row: StackResource, reason: str | None = None) -> StackResource:
        """Record an event about a resource that this turn creates, and return it; the turn stores it in the end."""
        begun = replace(row, status="CREATE_IN_PROGRESS", reason=reason)
        self.parts.event_log.add_resource_event(self.tx, self.stack, begun)
        return begun

    def add_event(self, row: StackResource, status: str, reason: str | None = None) -> None:
        """Record an event about a resource that the stack does not have any more."""
        self.parts.event_log.add_leftover_event(self.tx, self.stack, replace(row, status=status, reason=reason))

    def schedule_step(self) -> None:
        """Queue the next step of the stack's operation."""
        self.parts.event_log.schedule_step(self.tx, self.stack)

    def begin_pass(self, status: str, reason: str | None = None) -> None:
        """Begin a new pass over the stack's resources."""
        self.parts.event_log.begin_pass(self.tx, self.stack, status, reason)

    def end_operation(self, status: str, reason: str | None = None) -> None:
        """Set the final status of the operation."""
        self.parts.event_log.end_operation(self.tx, self.stack, status, reason)
