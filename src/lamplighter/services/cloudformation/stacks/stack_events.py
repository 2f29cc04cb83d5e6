"""Set the statuses of stacks and resources, and record an event for each change in the same transaction.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/eventbridge-events.html.
"""

import logging
from dataclasses import replace
from functools import partial

from lamplighter.base.json_text import Json
from lamplighter.base.world import World, format_iso_time
from lamplighter.bus import Bus, Caller, Event
from lamplighter.services.cloudformation.resource_types.registry import is_simulated
from lamplighter.services.cloudformation.stacks import retention
from lamplighter.services.cloudformation.stacks.shown_properties import shown_text
from lamplighter.services.cloudformation.tables import drifts, stack_events, stack_resources, stacks, templates
from lamplighter.services.cloudformation.tables.stack_resources import ResourceOutline, StackResource
from lamplighter.services.cloudformation.tables.stacks import SERVICE, Stack
from lamplighter.store import outbox, timers
from lamplighter.store.db import Reader, Tx

log = logging.getLogger("lamplighter.cloudformation")

CLEANUP = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
STACK = "AWS::CloudFormation::Stack"
ROLLBACK = "ROLLBACK"
REVIEW_IN_PROGRESS = "REVIEW_IN_PROGRESS"
"""The status of a stack that waits for its first change set."""
OPERATION_BY_STATUS = {
    "CREATE_IN_PROGRESS": "CREATE_STACK",
    "UPDATE_IN_PROGRESS": "UPDATE_STACK",
    "DELETE_IN_PROGRESS": "DELETE_STACK",
    "ROLLBACK_IN_PROGRESS": ROLLBACK,
    "UPDATE_ROLLBACK_IN_PROGRESS": ROLLBACK,
}
"""The operation that begins when a stack gets a status."""
MAX_RESOURCES_PER_TURN = 10
"""The most resources that one turn creates, updates or deletes: about 20 ms."""


def is_in_progress(status: str) -> bool:
    """Return whether an operation on a stack with this status is in progress."""
    return status.endswith("_IN_PROGRESS") and status != REVIEW_IN_PROGRESS


class StackEvents:
    """A writer of statuses and events of stacks and resources."""

    def __init__(self, bus: Bus, world: World) -> None:
        self._bus = bus
        self._world = world
        self._last_shown: tuple[Json, str] = (None, "")
        """Properties and their text: the events about a resource in one turn have the same."""
        self._last_time: tuple[str, int] = ("", 0)
        """A stack and the time of its last event, which is also kept if the transaction is undone."""

    def set_stack_status(self, tx: Tx, stack: Stack, status: str, reason: str | None = None) -> Stack:
        """Set the status of a stack, record the event, and return the changed stack."""
        changed = replace(stack, status=status, reason=reason)
        stacks.put(tx, changed)
        self._add_event(tx, changed, stack.name, stack.id, STACK, status, reason, None)
        return changed

    def begin_pass(
        self, tx: Tx, stack: Stack, status: str, reason: str | None = None, operation: str | None = None
    ) -> Stack:
        """Begin a new pass over a stack's resources and queue its first step.

        The pass also begins an operation, unless its status belongs to the operation in progress.
        """
        if "drift" in stack.body:
            # The operation changes what was compared.
            drifts.delete_drifts(tx, stack.id)
            stack = replace(stack, body={name: value for name, value in stack.body.items() if name != "drift"})
        kind = operation or OPERATION_BY_STATUS.get(status)
        if kind is not None:
            # A rollback belongs to the operation that it rolls back; any other operation starts afresh.
            causing = stack.body.get("operations", [])[:1] if kind == ROLLBACK else []
            begun_now = {"OperationType": kind, "OperationId": self._world.uuid()}
            stack = replace(stack, body=stack.body | {"operations": [begun_now, *causing]})
        begun = self.set_stack_status(tx, replace(stack, pass_number=stack.pass_number + 1), status, reason)
        self.schedule_step(tx, begun)
        return begun

    def begin_cleanup(self, tx: Tx, stack: Stack) -> None:
        """Begin the clean-up after an update. A nested stack waits with it until the parent's update is done."""
        if not stack.body["held"]:
            self.begin_pass(tx, stack, CLEANUP)
            return
        self.set_stack_status(tx, replace(stack, pass_number=stack.pass_number + 1), CLEANUP)
        outbox.put(tx, SERVICE, stack.parent or "", {})

    def end_operation(self, tx: Tx, stack: Stack, status: str, reason: str | None = None) -> Stack:
        """Set the final status of an operation and, for a nested stack, queue a step of the parent."""
        deleted_at = tx.now if status == "DELETE_COMPLETE" else None
        ended = self.set_stack_status(tx, replace(stack, deleted=deleted_at), status, reason)
        timers.delete_all(tx, SERVICE, stack.id)
        templates.drop_unused(tx, stack.id)
        if deleted_at is not None:
            retention.retain_deleted(tx, stack, deleted_at)
        if stack.parent is not None:
            outbox.put(tx, SERVICE, stack.parent, {})
        self._log_recorded_only(tx, ended)
        return ended

    def schedule_step(self, tx: Tx, stack: Stack) -> None:
        """Queue the next step of a stack's operation."""
        outbox.put(tx, SERVICE, stack.id, {})

    def set_resource_status(
        self, tx: Tx, stack: Stack, row: StackResource, status: str, reason: str | None = None, desired: Json = None
    ) -> StackResource:
        """Set the status of a resource, record the event, and return the changed resource.

        The event has the properties of the resource, or the `desired` ones.
        """
        changed = replace(row, status=status, reason=reason, updated=tx.now, pass_number=stack.pass_number)
        stack_resources.put(tx, changed)
        self.add_resource_event(tx, stack, changed, desired)
        return changed

    def add_resource_event(self, tx: Tx, stack: Stack, row: StackResource, desired: Json = None) -> None:
        """Record an event about a resource in its status, with the properties that it has or the `desired` ones."""
        properties = row.body.get("shown") or row.body.get("properties") if desired is None else desired
        self._add_event(tx, stack, row.logical, row.physical, row.type, row.status, row.reason, properties)

    def add_leftover_event(self, tx: Tx, stack: Stack, row: StackResource) -> None:
        """Record an event about a resource that the stack does not have any more; AWS shows no properties of it."""
        self._add_event(tx, stack, row.logical, row.physical, row.type, row.status, row.reason, None)

    def _add_event(
        self,
        tx: Tx,
        stack: Stack,
        logical: str,
        physical: str | None,
        kind: str,
        status: str,
        reason: str | None,
        properties: Json,
    ) -> None:
        # Each event is later than the one before, so that sorting by time keeps their order.
        last_stack, last = self._last_time
        last = last if last_stack == stack.id else stack_events.last_time(tx, stack.id)
        now = max(tx.now, last + 1)
        self._last_time = stack.id, now
        token, about_stack = stack.body.get("token"), kind == STACK and physical == stack.id
        key = f"{logical}-{status}-{format_iso_time(now)}"
        if properties is None:
            key = self._world.uuid() if about_stack else f"{logical}-{self._world.uuid()}"
        event = {
            "StackId": stack.id,
            "EventId": key,
            "StackName": stack.name,
            "LogicalResourceId": logical,
            "PhysicalResourceId": physical or "",
            "ResourceType": kind,
            "Timestamp": now / 1000,
            "ResourceStatus": status,
            **({"ResourceStatusReason": reason} if reason else {}),
            **({"ResourceProperties": self._shown_text(properties)} if properties is not None else {}),
            **({"ClientRequestToken": token} if token else {}),
            **next(iter(stack.body.get("operations", [])), {}),
        }
        stack_events.put(tx, stack.id, event)
        self._bus.publish(tx, f"aws.{SERVICE}", partial(_event, stack, event, now, about_stack=about_stack))

    def _shown_text(self, properties: Json) -> str:
        if properties is not self._last_shown[0]:
            self._last_shown = properties, shown_text(properties)
        return self._last_shown[1]

    def _log_recorded_only(self, tx: Tx, stack: Stack) -> None:
        """Log in one line which resources are only recorded."""
        if stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            recorded = [f"{row.logical} ({row.type})" for row in recorded_only(tx, stack.id)]
            if recorded:
                tx.after_commit.append(
                    lambda: log.warning("stack %s: not simulated: %s", stack.name, ", ".join(recorded))
                )


def recorded_only(reader: Reader, stack: str) -> list[ResourceOutline]:
    """Return the resources of a stack that are not simulated."""
    return stack_resources.outlines_of_types(reader, stack, lambda kind: not is_simulated(kind))


def _event(stack: Stack, event: Json, now: int, *, about_stack: bool) -> Event:
    details = {"status": event["ResourceStatus"], "status-reason": event.get("ResourceStatusReason", "")}
    token = {"client-request-token": event.get("ClientRequestToken", "")}
    detail = {"stack-id": stack.id, "status-details": details, **token}
    if not about_stack:
        detail |= {
            "logical-resource-id": event["LogicalResourceId"],
            "physical-resource-id": event["PhysicalResourceId"],
            "resource-type": event["ResourceType"],
        }
    return Event(
        caller=Caller(stack.account, stack.region),
        source=f"aws.{SERVICE}",
        detail_type=f"CloudFormation {'Stack' if about_stack else 'Resource'} Status Change",
        time=now,
        resources=(stack.id,),
        detail=detail,
    )
