"""Stacks that are resources of stacks: made, changed and deleted as any other, and waited for.

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
from lamplighter.services.cloudformation.stacks.start_operation import STEADY, OperationStarter
from lamplighter.services.cloudformation.tables import stacks
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.services.cloudformation.templates.plan_stack import StackPlanner
from lamplighter.store.db import Tx

LONGEST = 128
DEEPEST = 10
"""How many stacks may be one inside the other: more is a template that contains itself."""


@dataclass(frozen=True, slots=True)
class NestedOutcome:
    """How an operation on a stack in a stack ended."""

    failure: str | None = None
    attributes: dict[str, Json] = field(default_factory=dict)


class NestedStacks:
    """Stacks in stacks."""

    def __init__(self, world: World, planner: StackPlanner, starter: OperationStarter, event_log: StackEvents) -> None:
        self._world = world
        self._planner = planner
        self._starter = starter
        self._event_log = event_log

    def create(self, tx: Tx, stack: Stack, row: StackResource, material: ExternalInputs) -> str:
        """Begin to make one; its id."""
        if _depth(tx, stack) >= DEEPEST:
            raise ResourceFailed(f"Stacks are nested more than {DEEPEST} deep")
        caller = Caller(stack.account, stack.region)
        plan = self._planner.plan(tx, caller, self._params(stack, row), None, material)
        name = physical_name(self._world.random, stack.name, row.logical, LONGEST)
        options = {"timeout": row.body["properties"].get("TimeoutInMinutes")}
        return self._starter.create(tx, self._starter.new(tx, caller, name, plan, options, stack)).id

    def update(self, tx: Tx, stack: Stack, row: StackResource, material: ExternalInputs) -> bool:
        """Begin to change one; False where there is nothing to change."""
        child = self._child(tx, row)
        if child.status not in STEADY:
            raise ResourceFailed(f"Stack:{child.id} is in {child.status} state and can not be updated.")
        caller = Caller(stack.account, stack.region)
        plan = self._planner.plan(tx, caller, self._params(stack, row), child.plan, material)
        if plan.equals(tx, child.plan) and "_FAILED" not in child.status:
            return False
        self._starter.update(tx, child, self._starter.keep(tx, child, plan), {"held": True})
        return True

    def roll_back(self, tx: Tx, row: StackResource) -> bool:
        """Begin to take back what was changed; False where nothing was."""
        child = self._child(tx, row)
        if child.status != CLEANUP:
            return False
        self._event_log.begin_pass(tx, child, "UPDATE_ROLLBACK_IN_PROGRESS")
        return True

    def clean(self, tx: Tx, row: StackResource) -> None:
        """Have what its update left cleared away, now that its parent's is done."""
        child = self._child(tx, row)
        if child.status == CLEANUP and child.body["held"]:
            released = replace(child, body=child.body | {"held": False})
            stacks.put(tx, released)
            self._event_log.schedule_step(tx, released)

    def is_going(self, tx: Tx, row: StackResource) -> bool:
        """Whether something is under way."""
        return is_in_progress(self._child(tx, row).status)

    def delete(self, tx: Tx, row: StackResource) -> bool:
        """Begin to delete one; False where it is gone."""
        child = self._child(tx, row)
        if child.deleted is not None:
            return False
        self._starter.delete(tx, child, {})
        return True

    def outcome(self, tx: Tx, row: StackResource, *, back: bool = False) -> NestedOutcome | None:
        """How its operation ended; None while it goes on. `back`: it is to be what it was."""
        child, verb = self._child(tx, row), row.status.partition("_")[0]
        wanted = {
            "CREATE": "CREATE_COMPLETE",
            "UPDATE": "UPDATE_ROLLBACK_COMPLETE" if back else CLEANUP,
            "DELETE": "DELETE_COMPLETE",
        }
        if is_in_progress(child.status) and child.status != wanted[verb]:
            return None
        if child.status != wanted[verb]:
            said = {"CREATE": "created", "UPDATE": "updated", "DELETE": "deleted"}[verb]
            return NestedOutcome(
                f"Embedded stack {child.id} was not successfully {said}: {child.reason or child.status}"
            )
        return NestedOutcome(None, self.attributes(child))

    def attributes(self, child: Stack) -> dict[str, Json]:
        """What Fn::GetAtt gives: the outputs."""
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
