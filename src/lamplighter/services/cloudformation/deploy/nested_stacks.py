"""Create, update and delete nested stacks (stacks that are resources of other stacks), and wait for them.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html.
"""

from dataclasses import dataclass, field, replace

from lamplighter.base.json_text import Json
from lamplighter.lang.template.functions import value_as_text
from lamplighter.services.cloudformation.deploy.physical_names import physical_name
from lamplighter.services.cloudformation.deploy.stack_turn import StackTurn
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.stacks.stack_caller import acting_for, with_role
from lamplighter.services.cloudformation.stacks.stack_events import CLEANUP, REVIEW_IN_PROGRESS, is_in_progress
from lamplighter.services.cloudformation.stacks.start_operation import UPDATABLE_STATUSES
from lamplighter.services.cloudformation.tables import stacks
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.tables.stacks import SERVICE, Stack
from lamplighter.services.cloudformation.templates.plan_stack import plan_stack
from lamplighter.services.cloudformation.templates.stack_plan import StackPlan
from lamplighter.store.db import Tx

MAX_NAME_LENGTH = 128
MAX_LEVELS = 10
"""The most levels of nested stacks; a template with more contains itself."""


@dataclass(frozen=True, slots=True)
class NestedOutcome:
    """How an operation on a nested stack ended: the failure, if any, and the stack's outputs for Fn::GetAtt."""

    failure: str | None = None
    attributes: dict[str, Json] = field(default_factory=dict)


def create_nested(turn: StackTurn, row: StackResource) -> str:
    """Begin to create a nested stack and return its id."""
    if _depth(turn.tx, turn.stack) >= MAX_LEVELS:
        raise ResourceFailed(f"Stacks are nested more than {MAX_LEVELS} levels deep")
    stack, starter = turn.stack, turn.parts.starter
    plan = _plan(turn, row.body, None)
    name = physical_name(turn.parts.world.random, stack.name, row.logical, MAX_NAME_LENGTH)
    _check_access(turn, "CreateStack", name)
    options = {"timeout": row.body["properties"].get("TimeoutInMinutes"), **_inherited_options(stack)}
    prepared = stacks.get(turn.tx, stack.body.get("nested_stacks", {}).get(row.logical, ""))
    if prepared is not None and prepared.status == REVIEW_IN_PROGRESS:
        stored, now = starter.store_plan(turn.tx, prepared, plan), turn.parts.world.now()
        child = replace(prepared, plan=stored, updated=now, body=prepared.body | options)
        child = with_role(acting_for(child, turn.caller), {"RoleARN": stack.plan["role"]})
    else:
        child = starter.new(turn.tx, turn.caller, name, plan, options, stack)
    return starter.create(turn.tx, child).id


def update_nested(turn: StackTurn, row: StackResource, body: Json) -> bool:
    """Begin to update a nested stack to the state of `body`; return False if nothing changes."""
    child = _child(turn.tx, row)
    if child.status not in UPDATABLE_STATUSES:
        raise ResourceFailed(f"Stack:{child.id} is in {child.status} state and can not be updated.")
    child = acting_for(child, turn.caller)
    plan = _plan(turn, body, child.plan)
    if plan.equals(turn.tx, child.plan) and "_FAILED" not in child.status:
        return False
    _check_access(turn, "UpdateStack", child.name)
    starter, options = turn.parts.starter, {"held": True, **_inherited_options(turn.stack)}
    starter.update(turn.tx, child, starter.store_plan(turn.tx, child, plan), options)
    return True


def _inherited_options(stack: Stack) -> Json:
    """Return the options of a stack's operation that apply to its nested stacks, too."""
    return {"import_existing": stack.body.get("import_existing", False)}


def roll_back_nested(turn: StackTurn, row: StackResource) -> bool:
    """Begin to roll back the update of a nested stack; return False if it was not updated."""
    child = _child(turn.tx, row)
    if child.status != CLEANUP:
        return False
    turn.parts.event_log.begin_pass(turn.tx, child, "UPDATE_ROLLBACK_IN_PROGRESS")
    return True


def clean_up_nested(turn: StackTurn, row: StackResource) -> None:
    """Let a nested stack clean up after its update, now that its parent's update is done."""
    child = _child(turn.tx, row)
    if child.status == CLEANUP and child.body["held"]:
        released = replace(child, body=child.body | {"held": False})
        stacks.put(turn.tx, released)
        turn.parts.event_log.schedule_step(turn.tx, released)


def is_nested_under_way(turn: StackTurn, row: StackResource) -> bool:
    """Return whether an operation on the nested stack is in progress."""
    return is_in_progress(_child(turn.tx, row).status)


def delete_nested(turn: StackTurn, row: StackResource) -> bool:
    """Begin to delete a nested stack; return False if it is already deleted."""
    child = _child(turn.tx, row)
    if child.deleted is not None:
        return False
    _check_access(turn, "DeleteStack", child.name)
    acting = with_role(acting_for(child, turn.caller), {"RoleARN": turn.stack.plan["role"]})
    turn.parts.starter.delete(turn.tx, acting, {})
    return True


def nested_outcome(turn: StackTurn, row: StackResource, *, rolling_back: bool = False) -> NestedOutcome | None:
    """Return how the operation on a nested stack ended, or None while it continues.

    `rolling_back` states that the operation is a rollback to the state before the update.
    """
    child = _child(turn.tx, row)
    expected, participle = {
        "CREATE": ("CREATE_COMPLETE", "created"),
        "UPDATE": ("UPDATE_ROLLBACK_COMPLETE" if rolling_back else CLEANUP, "updated"),
        "DELETE": ("DELETE_COMPLETE", "deleted"),
    }[row.status.partition("_")[0]]
    if child.status == expected:
        outputs = {f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in child.body["outputs"]}
        return NestedOutcome(None, outputs)
    if is_in_progress(child.status):
        return None
    return NestedOutcome(f"Embedded stack {child.id} was not successfully {participle}: {child.reason or child.status}")


def _check_access(turn: StackTurn, operation: str, child: str) -> None:
    """Raise AccessDenied if those for whom the stack's calls are made may not change the nested stack."""
    turn.parts.bus.check_access(turn.tx, turn.caller, SERVICE, operation, {"StackName": child})


def _child(tx: Tx, row: StackResource) -> Stack:
    child = stacks.get(tx, row.physical or "")
    if child is None:
        raise ResourceFailed(f"Stack with id {row.physical} does not exist")
    return child


def _plan(turn: StackTurn, body: Json, old: Json) -> StackPlan:
    """Return the plan of a nested stack with the properties and tags of `body`."""
    return plan_stack(turn.tx, turn.caller, nested_request(turn.stack.plan, body), old, turn.inputs)


def nested_request(plan: Json, body: Json) -> Json:
    """Return the request that a nested stack is, from the plan of its parent and its own properties and tags."""
    properties = body["properties"]
    texts = {
        key: ",".join(map(value_as_text, value)) if isinstance(value, list) else value_as_text(value)
        for key, value in properties.get("Parameters", {}).items()
    }
    return {
        "TemplateURL": properties.get("TemplateURL", ""),
        "Parameters": [{"ParameterKey": key, "ParameterValue": text} for key, text in texts.items()],
        "Tags": body["tags"],
        "Capabilities": plan["capabilities"],
        "NotificationARNs": properties.get("NotificationARNs", []),
        "RoleARN": plan["role"],
    }


def _depth(tx: Tx, stack: Stack) -> int:
    depth, parent = 1, stack.parent
    while parent is not None:
        above = stacks.get(tx, parent)
        depth, parent = depth + 1, above.parent if above is not None else None
    return depth
