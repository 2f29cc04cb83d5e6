"""Delete stacks, roll back updates, and delete the leftovers of updates.

Guarantees the reverse of the order in which resources are created. If a resource cannot be deleted, the others are
deleted nevertheless. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html.
"""

from dataclasses import replace

from lamplighter.services.cloudformation.deploy import nested_stacks, stack_exports
from lamplighter.services.cloudformation.deploy.nested_stacks import NestedOutcome
from lamplighter.services.cloudformation.deploy.resource_handler import attempt, delete_resource, update_resource
from lamplighter.services.cloudformation.deploy.stack_turn import StackTurn
from lamplighter.services.cloudformation.resource_types.registry import NESTED_STACK, no_effect_note
from lamplighter.services.cloudformation.stacks.stack_events import MAX_RESOURCES_PER_TURN
from lamplighter.services.cloudformation.tables import exports, stack_resources, stacks
from lamplighter.services.cloudformation.tables.stack_resources import RETAIN_POLICIES, StackResource
from lamplighter.services.cloudformation.tables.stacks import Stack

MAX_DISCARDED_PER_TURN = 50
"""The most resources that one turn settles: about 10 ms."""


# --- deleting ---------------------------------------------------------------------------------------------------------


def delete_step(turn: StackTurn) -> None:
    """Delete the next resources, the last created first, or finish; for the passes DELETE and ROLLBACK."""
    tx, stack = turn.tx, turn.stack
    if stack.status == "DELETE_IN_PROGRESS" and _fail_if_exports_used(turn):
        return
    waiting = stack_resources.first_with_status(tx, stack.id, "DELETE_IN_PROGRESS")
    if waiting is not None:
        _check_nested(turn, waiting)
    elif remaining := stack_resources.resources_to_delete(tx, stack.id, stack.pass_number, MAX_RESOURCES_PER_TURN):
        if all(_delete(turn, row) for row in remaining):
            turn.schedule_step()
    elif not _delete_leftover(turn):
        operation = "ROLLBACK" if stack.status.startswith("ROLLBACK") else "DELETE"
        outline = stack_resources.outlines_of(tx, stack.id)
        failed = ", ".join(each.logical for each in outline if each.status == "DELETE_FAILED")
        why = f"The following resource(s) failed to delete: [{failed}]. " if failed else None
        turn.end_operation(f"{operation}_{'FAILED' if failed else 'COMPLETE'}", why)


def _fail_if_exports_used(turn: StackTurn) -> bool:
    for export in exports.exports_of(turn.tx, turn.stack.id):
        users = stack_exports.importing_stacks(turn, export.name)
        if users:
            turn.end_operation("DELETE_FAILED", stack_exports.deletion_error(export.name, users))
            return True
    return False


def _delete(turn: StackTurn, row: StackResource) -> bool:
    """Delete one resource; return False if the pass must wait for it."""
    if _is_retained(turn.stack, row):
        turn.set_status(row, "DELETE_SKIPPED")
        return True
    # Nothing begins for a resource that was never made.
    begun = row if row.physical is None else turn.set_status(row, "DELETE_IN_PROGRESS")
    with attempt(turn) as failures:
        if _begin_deletion(turn, row):
            return False
    if failures:
        # A stack that is deleted by force leaves behind resources that cannot be deleted.
        turn.set_status(begun, "DELETE_SKIPPED" if turn.stack.body.get("forced") else "DELETE_FAILED", failures[0])
    else:
        turn.set_status(begun, "DELETE_COMPLETE", no_effect_note(begun))
    return True


def _begin_deletion(turn: StackTurn, row: StackResource) -> bool:
    """Delete a resource, or begin to delete a nested stack; return whether the pass must wait for the latter."""
    if row.physical is None:
        return False
    if row.type == NESTED_STACK:
        return nested_stacks.delete_nested(turn, row)
    delete_resource(turn, row)
    return False


def _is_retained(stack: Stack, row: StackResource) -> bool:
    policy = row.body.get("deletion")
    if policy == "RetainExceptOnCreate" or (policy == "Retain" and stack.body.get("discard")):
        return stack.status != "ROLLBACK_IN_PROGRESS" and not stack.body.get("unmade")
    return policy == "Retain" or row.logical in stack.body["retain"]


def _check_nested(turn: StackTurn, row: StackResource) -> None:
    """Record how the deletion of a nested stack ended; do nothing while it continues."""
    outcome = nested_stacks.nested_outcome(turn, row)
    if outcome is not None:
        turn.set_status(row, _deletion_status(outcome), outcome.failure)
        turn.schedule_step()


def _deletion_status(outcome: NestedOutcome) -> str:
    return "DELETE_COMPLETE" if outcome.failure is None else "DELETE_FAILED"


# --- cleaning up ------------------------------------------------------------------------------------------------------


def clean_up_step(turn: StackTurn) -> None:
    """Delete the next leftover of an update, or finish the clean-up."""
    if turn.stack.previous is not None:
        if not _discard_previous_states(turn):
            turn.schedule_step()
            return
        turn = replace(turn, stack=replace(turn.stack, previous=None))
        stacks.put(turn.tx, turn.stack)
    if any(nested_stacks.is_nested_under_way(turn, row) for row in _children(turn)):
        return
    if not _delete_leftover(turn):
        turn.end_operation(turn.stack.status.removesuffix("_CLEANUP_IN_PROGRESS"))


def _children(turn: StackTurn) -> list[StackResource]:
    nested = stack_resources.outlines_of_types(turn.tx, turn.stack.id, NESTED_STACK.__eq__)
    return [row for row in stack_resources.get_several(turn.tx, turn.stack.id, nested) if row.physical is not None]


def _discard_previous_states(turn: StackTurn) -> bool:
    """Delete the records of the state before a successful update; return False if another turn is necessary."""
    tx, stack = turn.tx, turn.stack
    rows = stack_resources.resources_to_clean_up(tx, stack.id, stack.pass_number - 1, MAX_DISCARDED_PER_TURN)
    for row in rows:
        settled = replace(row, body={name: value for name, value in row.body.items() if name != "before"})
        if row.pass_number < stack.pass_number - 1:
            stack_resources.add_leftover(tx, settled)
            stack_resources.delete(tx, stack.id, row.logical)
        else:
            stack_resources.put(tx, settled)
    if len(rows) == MAX_DISCARDED_PER_TURN:
        return False
    for row in _children(turn):
        nested_stacks.clean_up_nested(turn, row)
    return True


def _delete_leftover(turn: StackTurn) -> bool:
    """Delete one leftover and return whether there was one; one that cannot be deleted stays, as on AWS."""
    tx, stack = turn.tx, turn.stack
    found = stack_resources.last_leftover(tx, stack.id)
    if found is None:
        return False
    row = StackResource(stack.id, found.logical, found.physical, found.type, "", None, 0, 0, 0, found.body)
    policy = found.body.get("replacement" if found.body.get("replaced") else "deletion")
    if found.body.get("going"):
        outcome = nested_stacks.nested_outcome(turn, replace(row, status="DELETE_IN_PROGRESS"))
        if outcome is None:
            return True
        turn.add_event(row, _deletion_status(outcome), outcome.failure)
    elif policy in RETAIN_POLICIES and not (found.body.get("unwanted") and _is_deleted_by_rollback(stack, policy)):
        turn.add_event(row, "DELETE_SKIPPED")
    elif _delete_leftover_resource(turn, row):
        stack_resources.drop_leftover(tx, found.id)
        stack_resources.add_leftover(tx, replace(row, body={**row.body, "going": True}))
        return True
    stack_resources.drop_leftover(tx, found.id)
    turn.schedule_step()
    return True


def _delete_leftover_resource(turn: StackTurn, row: StackResource) -> bool:
    """Delete the resource of a leftover; return whether the pass must wait for it."""
    if row.physical is not None:
        turn.add_event(row, "DELETE_IN_PROGRESS")
    with attempt(turn) as failures:
        if _begin_deletion(turn, row):
            return True
    if failures:
        turn.add_event(row, "DELETE_FAILED", failures[0])
    else:
        turn.add_event(row, "DELETE_COMPLETE", no_effect_note(row))
    return False


def _is_deleted_by_rollback(stack: Stack, policy: str) -> bool:
    """Return whether a rollback deletes a new resource that its policy would retain."""
    return policy == "RetainExceptOnCreate" or stack.body.get("discard", False)


# --- rolling back an update -------------------------------------------------------------------------------------------


def roll_back_step(turn: StackTurn) -> None:
    """Restore the next resources that the update changed, the last one first, or finish the rollback."""
    tx, stack = turn.tx, turn.stack
    waiting = stack_resources.first_with_status(tx, stack.id, "*_IN_PROGRESS", stack.pass_number)
    if waiting is not None:
        _check_nested_rollback(turn, waiting)
        return
    changed = stack_resources.updated_resources(tx, stack.id, stack.pass_number, MAX_RESOURCES_PER_TURN)
    if changed:
        if all(_restore_resource(turn, row) for row in changed):
            turn.schedule_step()
        return
    stack_exports.restore_exports(turn)
    body = stack.body | {"skip": [], "outputs": stack.body.get("outputs_before", stack.body["outputs"])}
    restored = replace(stack, plan=stack.previous, previous=None, body=body)
    turn.parts.event_log.begin_pass(tx, restored, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")


def _restore_resource(turn: StackTurn, row: StackResource) -> bool:
    """Restore one resource; return False if the pass must wait for it, or if the rollback failed."""
    before = row.body["before"]
    if before is None:
        kept = {name: value for name, value in row.body.items() if name != "before"}
        stack_resources.add_leftover(turn.tx, replace(row, body={**kept, "unwanted": True}))
        stack_resources.delete(turn.tx, turn.stack.id, row.logical)
        return True
    old = replace(row, physical=before["physical"], body=before["body"])
    if row.logical in turn.stack.body.get("skip", []):
        turn.set_status(old, "UPDATE_COMPLETE")
        return True
    begun = turn.set_status(row, "UPDATE_IN_PROGRESS")
    with attempt(turn) as failures:
        if row.type == NESTED_STACK and nested_stacks.roll_back_nested(turn, row):
            return False
        restored = _restore(turn, row, old)
    if failures:
        _fail_rollback(turn, begun, failures[0])
        return False
    turn.set_status(restored, "UPDATE_COMPLETE", no_effect_note(restored))
    return True


def _restore(turn: StackTurn, row: StackResource, old: StackResource) -> StackResource:
    """Restore a resource and return it in its state before the update."""
    if old.type == NESTED_STACK:
        return old
    if old.physical != row.physical:
        new = {name: value for name, value in row.body.items() if name not in ("before", "replacement", "deletion")}
        stack_resources.drop_leftover_of(turn.tx, turn.stack.id, row.logical, old.physical)
        stack_resources.add_leftover(turn.tx, replace(row, body=new))
        return old
    made = update_resource(turn, row, old.body)
    return replace(old, body={**old.body, "attributes": made.body["attributes"]})


def _check_nested_rollback(turn: StackTurn, row: StackResource) -> None:
    outcome = nested_stacks.nested_outcome(turn, row, rolling_back=True)
    if outcome is None:
        return
    if outcome.failure is not None:
        _fail_rollback(turn, row, outcome.failure)
        return
    before = row.body["before"]
    restored = replace(row, physical=before["physical"], body={**before["body"], "attributes": outcome.attributes})
    turn.set_status(restored, "UPDATE_COMPLETE")
    turn.schedule_step()


def _fail_rollback(turn: StackTurn, row: StackResource, why: str) -> None:
    turn.set_status(row, "UPDATE_FAILED", why)
    turn.end_operation("UPDATE_ROLLBACK_FAILED", f"The following resource(s) failed to update: [{row.logical}]. ")
