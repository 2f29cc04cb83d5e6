"""Create, update and delete nested stacks (stacks that are resources of other stacks), and wait for them.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html.
"""

from dataclasses import dataclass, field, replace

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.lang.template.functions import value_as_text
from lamplighter.services.cloudformation.deploy.physical_names import physical_name
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.stacks.stack_events import CLEANUP, StackEvents, is_in_progress
from lamplighter.services.cloudformation.stacks.start_operation import UPDATABLE_STATUSES, OperationStarter
from lamplighter.services.cloudformation.tables import stacks
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.services.cloudformation.templates.plan_stack import StackPlanner
from lamplighter.store.db import Tx

MAX_NAME_LENGTH = 128
MAX_LEVELS = 10
"""The most levels of nested stacks; a template with more contains itself."""


@dataclass(frozen=True, slots=True)
class NestedOutcome:
    """How an operation on a nested stack ended: the failure, if any, and the stack's attributes."""

    failure: str | None = None
    attributes: dict[str, Json] = field(default_factory=dict)


class NestedStacks:
    """The operations on nested stacks that their parents start."""

    def __init__(self, world: World, planner: StackPlanner, starter: OperationStarter, event_log: StackEvents) -> None:
        self._world = world
        self._planner = planner
        self._starter = starter
        self._event_log = event_log

    def create(self, tx: Tx, stack: Stack, row: StackResource, inputs: ExternalInputs) -> str:
        """Begin to create a nested stack and return its id."""
        if _depth(tx, stack) >= MAX_LEVELS:
            raise ResourceFailed(f"Stacks are nested more than {MAX_LEVELS} levels deep")
        caller = Caller(stack.account, stack.region)
        plan = self._planner.plan(tx, caller, self._params(stack, row), None, inputs)
        name = physical_name(self._world.random, stack.name, row.logical, MAX_NAME_LENGTH)
        options = {"timeout": row.body["properties"].get("TimeoutInMinutes")}
        return self._starter.create(tx, self._starter.new(tx, caller, name, plan, options, stack)).id

    def update(self, tx: Tx, stack: Stack, row: StackResource, inputs: ExternalInputs) -> bool:
        """Begin to update a nested stack; return False if nothing changes."""
        child = self._child(tx, row)
        if child.status not in UPDATABLE_STATUSES:
            raise ResourceFailed(f"Stack:{child.id} is in {child.status} state and can not be updated.")
        caller = Caller(stack.account, stack.region)
        plan = self._planner.plan(tx, caller, self._params(stack, row), child.plan, inputs)
        if plan.equals(tx, child.plan) and "_FAILED" not in child.status:
            return False
        self._starter.update(tx, child, self._starter.store_plan(tx, child, plan), {"held": True})
        return True

    def roll_back(self, tx: Tx, row: StackResource) -> bool:
        """Begin to roll back the update of a nested stack; return False if it was not updated."""
        child = self._child(tx, row)
        if child.status != CLEANUP:
            return False
        self._event_log.begin_pass(tx, child, "UPDATE_ROLLBACK_IN_PROGRESS")
        return True

    def start_cleanup(self, tx: Tx, row: StackResource) -> None:
        """Let a nested stack clean up after its update, now that its parent's update is done."""
        child = self._child(tx, row)
        if child.status == CLEANUP and child.body["held"]:
            released = replace(child, body=child.body | {"held": False})
            stacks.put(tx, released)
            self._event_log.schedule_step(tx, released)

    def is_under_way(self, tx: Tx, row: StackResource) -> bool:
        """Return whether an operation on the nested stack is in progress."""
        return is_in_progress(self._child(tx, row).status)

    def delete(self, tx: Tx, row: StackResource) -> bool:
        """Begin to delete a nested stack; return False if it is already deleted."""
        child = self._child(tx, row)
        if child.deleted is not None:
            return False
        self._starter.delete(tx, child, {})
        return True

    def outcome(self, tx: Tx, row: StackResource, *, rolling_back: bool = False) -> NestedOutcome | None:
        """Return how the operation on a nested stack ended, or None while it continues.

        `rolling_back` states that the operation is a rollback to the state before the update.
        """
        child, verb = self._child(tx, row), row.status.partition("_")[0]
        expected = {
            "CREATE": "CREATE_COMPLETE",
            "UPDATE": "UPDATE_ROLLBACK_COMPLETE" if rolling_back else CLEANUP,
            "DELETE": "DELETE_COMPLETE",
        }
        if is_in_progress(child.status) and child.status != expected[verb]:
            return None
        if child.status != expected[verb]:
            participle = {"CREATE": "created", "UPDATE": "updated", "DELETE": "deleted"}[verb]
            return NestedOutcome(
                f"Embedded stack {child.id} was not successfully {participle}: {child.reason or child.status}"
            )
        return NestedOutcome(None, self.attributes(child))

    def attributes(self, child: Stack) -> dict[str, Json]:
        """Return the attributes for Fn::GetAtt: the outputs of the nested stack."""
        return {f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in child.body["outputs"]}

    def _child(self, tx: Tx, row: StackResource) -> Stack:
        child = stacks.get(tx, row.physical or "")
        if child is None:
            raise ResourceFailed(f"Stack with id {row.physical} does not exist")
        return child

    def _params(self, stack: Stack, row: StackResource) -> Json:
        properties = row.body["properties"]
        given = properties.get("Parameters", {})
        listed = [
            {
                "ParameterKey": key,
                "ParameterValue": ",".join(map(value_as_text, value))
                if isinstance(value, list)
                else value_as_text(value),
            }
            for key, value in given.items()
        ]
        return {
            "TemplateURL": properties.get("TemplateURL", ""),
            "Parameters": listed,
            "Tags": row.body["tags"],
            "Capabilities": stack.plan["capabilities"],
            "NotificationARNs": properties.get("NotificationARNs", []),
            "RoleARN": stack.plan["role"],
        }


def _depth(tx: Tx, stack: Stack) -> int:
    depth, parent = 1, stack.parent
    while parent is not None:
        above = stacks.get(tx, parent)
        depth, parent = depth + 1, above.parent if above is not None else None
    return depth
