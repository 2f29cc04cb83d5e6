"""Delete stacks, roll back updates, and delete the leftovers of updates.

Guarantees the reverse of the order in which resources are created. If a resource cannot be deleted, the others are
deleted nevertheless. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html.
"""

from dataclasses import replace

from lamplighter.services.cloudformation.deploy.nested_stacks import NestedStacks
from lamplighter.services.cloudformation.deploy.resource_handler import (
    RETRY_TURN_ERRORS,
    ResourceHandler,
    undo_on_error,
)
from lamplighter.services.cloudformation.resource_types.registry import NESTED_STACK, no_effect_note, resource_type_of
from lamplighter.services.cloudformation.stacks.stack_events import MAX_RESOURCES_PER_TURN, StackEvents
from lamplighter.services.cloudformation.tables import exports, stack_resources, stacks
from lamplighter.services.cloudformation.tables.exports import Export
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.store.db import Tx

DELETED_STATUSES = ("DELETE_COMPLETE", "DELETE_SKIPPED")
MAX_DISCARDED_PER_TURN = 50
"""The most resources that one turn settles: about 10 ms."""
RETAIN_POLICIES = ("Retain", "RetainExceptOnCreate")


class ResourceRemover:
    """The passes that delete resources or restore them."""

    def __init__(self, handler: ResourceHandler, event_log: StackEvents, nested: NestedStacks) -> None:
        self._handler = handler
        self._event_log = event_log
        self._nested = nested

    # --- deleting -----------------------------------------------------------------------------------------------------

    def delete_step(self, tx: Tx, stack: Stack, inputs: ExternalInputs) -> None:
        """Delete the next resources, the last created first, or finish; for the passes DELETE and ROLLBACK."""
        if stack.status == "DELETE_IN_PROGRESS" and self._fail_if_exports_used(tx, stack):
            return
        outline = stack_resources.outlines_of(tx, stack.id)
        waiting = [each for each in outline if each.status == "DELETE_IN_PROGRESS"][:1]
        remaining = [
            each
            for each in reversed(outline)
            if each.status not in DELETED_STATUSES and each.pass_number != stack.pass_number
        ][:MAX_RESOURCES_PER_TURN]
        if waiting:
            self._check_nested(tx, stack, *stack_resources.get_several(tx, stack.id, waiting))
        elif remaining:
            if all(
                self._delete(tx, stack, row, inputs) for row in stack_resources.get_several(tx, stack.id, remaining)
            ):
                self._event_log.schedule_step(tx, stack)
        elif not self._delete_leftover(tx, stack, inputs):
            self._finish_deletion(tx, stack, [each.logical for each in outline if each.status == "DELETE_FAILED"])

    def _fail_if_exports_used(self, tx: Tx, stack: Stack) -> bool:
        for export in exports.exports_of(tx, stack.id):
            users = exports.importers(tx, (stack.account, stack.region), export.name, "", 10)
            if users:
                named = " and ".join(user.split("/")[1] for user in users)
                why = f"Export {export.name} cannot be deleted as it is in use by {named}"
                self._event_log.end_operation(tx, stack, "DELETE_FAILED", why)
                return True
        return False

    def _delete(self, tx: Tx, stack: Stack, row: StackResource, inputs: ExternalInputs) -> bool:
        """Delete one resource; return False if the pass must wait for it."""
        if self._is_retained(stack, row):
            self._event_log.set_resource_status(tx, stack, row, "DELETE_SKIPPED")
            return True
        begun = self._event_log.set_resource_status(tx, stack, row, "DELETE_IN_PROGRESS")
        try:
            with undo_on_error(tx):
                if row.type == NESTED_STACK and row.physical is not None and self._nested.delete(tx, row):
                    return False
                self._call_delete(tx, stack, row, inputs)
        except RETRY_TURN_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong is the resource's failure, and told
            # A stack that is deleted by force leaves behind resources that cannot be deleted.
            failed = "DELETE_SKIPPED" if stack.body.get("forced") else "DELETE_FAILED"
            self._event_log.set_resource_status(tx, stack, begun, failed, self._handler.reason(error))
        else:
            self._event_log.set_resource_status(tx, stack, begun, "DELETE_COMPLETE", no_effect_note(begun))
        return True

    def _call_delete(self, tx: Tx, stack: Stack, row: StackResource, inputs: ExternalInputs) -> None:
        if row.physical is not None and row.type != NESTED_STACK:
            kind, body = resource_type_of(row.type), row.body
            request = self._handler.request_for(stack, kind, row, body["properties"], body["metadata"], body["tags"])
            self._handler.delete(tx, kind, request, inputs)

    def _is_retained(self, stack: Stack, row: StackResource) -> bool:
        policy = row.body.get("deletion")
        if policy == "RetainExceptOnCreate" or (policy == "Retain" and stack.body.get("discard")):
            return stack.status != "ROLLBACK_IN_PROGRESS" and not stack.body.get("unmade")
        return policy == "Retain" or row.logical in stack.body["retain"]

    def _check_nested(self, tx: Tx, stack: Stack, row: StackResource) -> None:
        """Record how the deletion of a nested stack ended; do nothing while it continues."""
        outcome = self._nested.outcome(tx, row)
        if outcome is not None:
            status = "DELETE_COMPLETE" if outcome.failure is None else "DELETE_FAILED"
            self._event_log.set_resource_status(tx, stack, row, status, outcome.failure)
            self._event_log.schedule_step(tx, stack)

    def _finish_deletion(self, tx: Tx, stack: Stack, failed: list[str]) -> None:
        operation = "ROLLBACK" if stack.status.startswith("ROLLBACK") else "DELETE"
        if failed:
            why = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
            self._event_log.end_operation(tx, stack, f"{operation}_FAILED", why)
        else:
            self._event_log.end_operation(tx, stack, f"{operation}_COMPLETE")

    # --- cleaning up --------------------------------------------------------------------------------------------------

    def clean_up_step(self, tx: Tx, stack: Stack, inputs: ExternalInputs) -> None:
        """Delete the next leftover of an update, or finish the clean-up."""
        if stack.previous is not None:
            settled = self._discard_previous_states(tx, stack)
            if settled is None:
                self._event_log.schedule_step(tx, stack)
                return
            stack = settled
        if any(self._nested.is_under_way(tx, row) for row in self._children(tx, stack)):
            return
        if not self._delete_leftover(tx, stack, inputs):
            self._event_log.end_operation(tx, stack, stack.status.removesuffix("_CLEANUP_IN_PROGRESS"))

    def _children(self, tx: Tx, stack: Stack) -> list[StackResource]:
        nested = [each for each in stack_resources.outlines_of(tx, stack.id) if each.type == NESTED_STACK]
        return [row for row in stack_resources.get_several(tx, stack.id, nested) if row.physical is not None]

    def _discard_previous_states(self, tx: Tx, stack: Stack) -> Stack | None:
        """Delete the records of the state before a successful update; return None if another turn is necessary."""
        rows = stack_resources.resources_to_clean_up(tx, stack.id, stack.pass_number - 1, MAX_DISCARDED_PER_TURN)
        for row in rows:
            body = {name: value for name, value in row.body.items() if name != "before"}
            if row.pass_number < stack.pass_number - 1:
                stack_resources.add_leftover(tx, replace(row, body=body))
                stack_resources.delete(tx, stack.id, row.logical)
            else:
                stack_resources.put(tx, replace(row, body=body))
        if len(rows) == MAX_DISCARDED_PER_TURN:
            return None
        for row in self._children(tx, stack):
            self._nested.start_cleanup(tx, row)
        settled = replace(stack, previous=None)
        stacks.put(tx, settled)
        return settled

    def _delete_leftover(self, tx: Tx, stack: Stack, inputs: ExternalInputs) -> bool:
        """Delete one leftover and return whether there was one; one that cannot be deleted stays, as on AWS."""
        found = stack_resources.last_leftover(tx, stack.id)
        if found is None:
            return False
        row = StackResource(stack.id, found.logical, found.physical, found.type, "", None, 0, 0, 0, found.body)
        policy = found.body.get("replacement" if found.body.get("replaced") else "deletion")
        if found.body.get("going"):
            outcome = self._nested.outcome(tx, replace(row, status="DELETE_IN_PROGRESS"))
            if outcome is None:
                return True
            self._add_event(
                tx, stack, row, "DELETE_COMPLETE" if outcome.failure is None else "DELETE_FAILED", outcome.failure
            )
        elif policy in RETAIN_POLICIES and not (found.body.get("unwanted") and _is_deleted_by_rollback(stack, policy)):
            self._add_event(tx, stack, row, "DELETE_SKIPPED")
        elif self._delete_leftover_resource(tx, stack, row, inputs):
            stack_resources.drop_leftover(tx, found.id)
            stack_resources.add_leftover(tx, replace(row, body={**row.body, "going": True}))
            return True
        stack_resources.drop_leftover(tx, found.id)
        self._event_log.schedule_step(tx, stack)
        return True

    def _delete_leftover_resource(self, tx: Tx, stack: Stack, row: StackResource, inputs: ExternalInputs) -> bool:
        """Delete the resource of a leftover; return whether the pass must wait for it."""
        self._add_event(tx, stack, row, "DELETE_IN_PROGRESS")
        try:
            with undo_on_error(tx):
                if row.type == NESTED_STACK and row.physical is not None and self._nested.delete(tx, row):
                    return True
                self._call_delete(tx, stack, row, inputs)
        except RETRY_TURN_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong is the resource's failure, and told
            self._add_event(tx, stack, row, "DELETE_FAILED", self._handler.reason(error))
        else:
            self._add_event(tx, stack, row, "DELETE_COMPLETE", no_effect_note(row))
        return False

    def _add_event(self, tx: Tx, stack: Stack, row: StackResource, status: str, reason: str | None = None) -> None:
        self._event_log.add_resource_event(tx, stack, replace(row, status=status, reason=reason))

    # --- rolling back an update ---------------------------------------------------------------------------------------

    def roll_back_step(self, tx: Tx, stack: Stack, inputs: ExternalInputs) -> None:
        """Restore the next resources that the update changed, the last one first, or finish the rollback."""
        outline = stack_resources.outlines_of(tx, stack.id)
        waiting = [each for each in outline if each.is_under_way and each.pass_number == stack.pass_number][:1]
        if waiting:
            self._check_nested_rollback(tx, stack, *stack_resources.get_several(tx, stack.id, waiting))
            return
        changed = stack_resources.updated_resources(tx, stack.id, stack.pass_number, MAX_RESOURCES_PER_TURN)
        if changed:
            if all(self._restore_resource(tx, stack, row, inputs) for row in changed):
                self._event_log.schedule_step(tx, stack)
            return
        self._restore_exports(tx, stack)
        body = stack.body | {"skip": [], "outputs": stack.body.get("outputs_before", stack.body["outputs"])}
        restored = replace(stack, plan=stack.previous, previous=None, body=body)
        self._event_log.begin_pass(tx, restored, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")

    def _restore_exports(self, tx: Tx, stack: Stack) -> None:
        """Restore the exports from before the update, if the update had already finished for this stack."""
        if "outputs_before" not in stack.body:
            return
        owner = (stack.account, stack.region)
        for export in exports.exports_of(tx, stack.id):
            exports.delete(tx, owner, export.name)
        for output in stack.body["outputs_before"]:
            if "ExportName" in output:
                exports.put(tx, owner, Export(output["ExportName"], stack.id, output["OutputValue"]))

    def _restore_resource(self, tx: Tx, stack: Stack, row: StackResource, inputs: ExternalInputs) -> bool:
        """Restore one resource; return False if the pass must wait for it, or if the rollback failed."""
        before = row.body["before"]
        if before is None:
            kept = {name: value for name, value in row.body.items() if name != "before"}
            stack_resources.add_leftover(tx, replace(row, body={**kept, "unwanted": True}))
            stack_resources.delete(tx, stack.id, row.logical)
            return True
        old = replace(row, physical=before["physical"], body=before["body"])
        if row.logical in stack.body.get("skip", []):
            self._event_log.set_resource_status(tx, stack, old, "UPDATE_COMPLETE")
            return True
        begun = self._event_log.set_resource_status(tx, stack, row, "UPDATE_IN_PROGRESS")
        try:
            with undo_on_error(tx):
                if row.type == NESTED_STACK and self._nested.roll_back(tx, row):
                    return False
                restored = self._call_restore(tx, stack, row, old, inputs)
        except RETRY_TURN_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong is the resource's failure, and told
            self._fail_rollback(tx, stack, begun, self._handler.reason(error))
            return False
        self._event_log.set_resource_status(tx, stack, restored, "UPDATE_COMPLETE", no_effect_note(restored))
        return True

    def _call_restore(
        self, tx: Tx, stack: Stack, row: StackResource, old: StackResource, inputs: ExternalInputs
    ) -> StackResource:
        """Restore a resource and return it in its state before the update."""
        if old.type == NESTED_STACK:
            return old
        if old.physical != row.physical:
            new = {name: value for name, value in row.body.items() if name not in ("before", "replacement", "deletion")}
            stack_resources.drop_leftover_of(tx, stack.id, row.logical, old.physical)
            stack_resources.add_leftover(tx, replace(row, body=new))
            return old
        kind, body = resource_type_of(old.type), old.body
        request = self._handler.request_for(stack, kind, row, body["properties"], body["metadata"], body["tags"])
        made = self._handler.update(tx, kind, request, inputs)
        return replace(old, body={**body, "attributes": dict(made.attributes)})

    def _check_nested_rollback(self, tx: Tx, stack: Stack, row: StackResource) -> None:
        outcome = self._nested.outcome(tx, row, rolling_back=True)
        if outcome is None:
            return
        if outcome.failure is not None:
            self._fail_rollback(tx, stack, row, outcome.failure)
            return
        before = row.body["before"]
        restored = replace(row, physical=before["physical"], body={**before["body"], "attributes": outcome.attributes})
        self._event_log.set_resource_status(tx, stack, restored, "UPDATE_COMPLETE")
        self._event_log.schedule_step(tx, stack)

    def _fail_rollback(self, tx: Tx, stack: Stack, row: StackResource, why: str) -> None:
        self._event_log.set_resource_status(tx, stack, row, "UPDATE_FAILED", why)
        stack_reason = f"The following resource(s) failed to update: [{row.logical}]. "
        self._event_log.end_operation(tx, stack, "UPDATE_ROLLBACK_FAILED", stack_reason)


def _is_deleted_by_rollback(stack: Stack, policy: str) -> bool:
    """Return whether a rollback deletes a new resource that its policy would retain."""
    return policy == "RetainExceptOnCreate" or stack.body.get("discard", False)
