"""Implement the operations that describe, list, execute and delete change sets.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html.
"""

from dataclasses import dataclass, replace
from functools import partial

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudformation.deploy.actual_state import adopt_actual_state
from lamplighter.services.cloudformation.deploy.stack_turn import EngineParts, StackTurn
from lamplighter.services.cloudformation.errors import ChangeSetNotFound, InvalidChangeSetStatus
from lamplighter.services.cloudformation.stacks import nested_change_sets
from lamplighter.services.cloudformation.stacks.change_details import without_values
from lamplighter.services.cloudformation.stacks.compute_changes import compare_stack
from lamplighter.services.cloudformation.stacks.describe_stacks import parameters_of_plan
from lamplighter.services.cloudformation.stacks.lookup import (
    PAGES,
    find_change_set,
    require_known_stack,
)
from lamplighter.services.cloudformation.stacks.stack_caller import acting_for
from lamplighter.services.cloudformation.stacks.stack_events import REVIEW_IN_PROGRESS, is_in_progress
from lamplighter.services.cloudformation.stacks.stack_operations import operation_options
from lamplighter.services.cloudformation.stacks.start_operation import check_updatable
from lamplighter.services.cloudformation.tables import change_sets as rows
from lamplighter.services.cloudformation.tables import stacks, templates
from lamplighter.services.cloudformation.tables.change_sets import ChangeSet
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.store.db import Reader, Tx

FAILED_ENDINGS = ("_FAILED", "ROLLBACK_COMPLETE")
"""The ends of the statuses of a stack whose operation failed."""
REVERT_DRIFT = "REVERT_DRIFT"
"""The mode of a drift-aware change set."""


@dataclass(frozen=True, slots=True)
class ChangeSets:
    """The operations on change sets that exist."""

    _parts: EngineParts

    def describe(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return a change set with a page of its changes (`DescribeChangeSet`)."""
        found = find_change_set(reader, caller, params)
        body, plan = found.body, found.body["plan"]
        stack = stacks.get(reader, found.stack)
        show = _show_whole if params.get("IncludePropertyValues") else without_values
        parameters = parameters_of_plan(plan)
        return {
            **_summary(found, stack),
            **_drift_members(body),
            "NotificationARNs": plan["notifications"],
            "RollbackConfiguration": body.get("wishes", {}).get("RollbackConfiguration", {}),
            "Capabilities": plan["capabilities"],
            **({"Parameters": parameters} if parameters else {}),
            **({"Tags": plan["tags"]} if plan["tags"] else {}),
            **PAGES.page_of_list("Changes", params, body["changes"], show),
        }

    def list(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """List the change sets of a stack (`ListChangeSets`)."""
        stack = require_known_stack(reader, caller, params["StackName"])
        read = partial(rows.page, reader, stack.id)
        return PAGES.page("Summaries", params, "", read, lambda each: _summary(each, stack), lambda each: each.name)

    def delete(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Delete a change set; do nothing if it does not exist (`DeleteChangeSet`)."""
        try:
            found = find_change_set(tx, caller, params)
        except ChangeSetNotFound:
            return
        if found.is_executed:
            raise InvalidChangeSetStatus(f"ChangeSet [{found.id}] cannot be deleted in its current execution status")
        if found.body.get("root"):
            raise InvalidChangeSetStatus(
                f"ChangeSet [{found.id}] is nested and cannot be deleted alone. Delete the root change set "
                f"[{found.body['root']}]."
            )
        nested_change_sets.delete_tree(tx, found, self._parts.starter)

    def execute(self, tx: Tx, caller: Caller, params: Json, inputs: ExternalInputs) -> None:
        """Begin the creation or update of a stack as its change set states (`ExecuteChangeSet`)."""
        found = find_change_set(tx, caller, params)
        stack = stacks.get(tx, found.stack)
        body = found.body
        if stack is None or body["execution"] != "AVAILABLE":
            raise InvalidChangeSetStatus(_why_not_executable(found))
        stack = acting_for(stack, caller)
        options = {
            "token": params.get("ClientRequestToken"),
            **operation_options({**body.get("wishes", {}), **params}),
            "on_failure": body["on_failure"],
            "change_set": found.id,
            "import_existing": body.get("import_existing", False),
            "nested_stacks": nested_change_sets.begin_execution(tx, found),
        }
        if body.get("imports"):
            self._parts.starter.import_resources(tx, stack, body["plan"], options | {"imports": body["imports"]})
        elif stack.status == REVIEW_IN_PROGRESS:
            updated = self._parts.world.now()
            created = replace(stack, plan=body["plan"], updated=updated, body=stack.body | options)
            self._parts.starter.create(tx, created)
        else:
            check_updatable(stack)
            self._update(StackTurn(tx, stack, inputs, self._parts), found, options)
        rows.set_executed(tx, found)
        templates.drop_unused(tx, stack.id)

    def _update(self, turn: StackTurn, found: ChangeSet, options: Json) -> None:
        tx, stack, plan = turn.tx, turn.stack, found.body["plan"]
        reverts = found.body.get("mode") == REVERT_DRIFT
        drifted = adopt_actual_state(turn) if reverts else frozenset()
        # Other operations on the stack may have made the changes impossible since the change set was created.
        parsed = self._parts.parsed_templates.get(tx, stack, plan, turn.inputs)
        comparison = compare_stack(tx, stack, None, plan, parsed, turn.inputs)
        untouched = [name for name in comparison.untouched if name not in drifted]
        self._parts.starter.update(tx, stack, plan, options, untouched)


def _why_not_executable(found: ChangeSet) -> str:
    status, execution = found.body["status"], found.body["execution"]
    if status != "CREATE_COMPLETE":
        return f"ChangeSet [{found.id}] cannot be executed in its current status of [{status}]"
    return f"ChangeSet [{found.id}] cannot be executed in its current execution status of [{execution}]"


def _drift_members(body: Json) -> Json:
    """Return what only the description of a drift-aware change set has."""
    return {"DeploymentMode": body["mode"], "StackDriftStatus": body["drift"]} if body.get("mode") else {}


def _execution_status(found: ChangeSet, stack: Stack | None) -> str:
    """Return the status of the execution, which is that of the stack's operation until another one begins."""
    status: str = found.body["execution"]
    if not found.is_executed or stack is None or stack.body["change_set"] != found.id:
        return status
    if is_in_progress(stack.status):
        return "EXECUTE_IN_PROGRESS"
    return "EXECUTE_FAILED" if stack.status.endswith(FAILED_ENDINGS) else status


def _show_whole(change: Json) -> Json:
    return change


def _summary(found: ChangeSet, stack: Stack | None) -> Json:
    body = found.body
    return {
        "ChangeSetName": found.given_name,
        "ChangeSetId": found.id,
        "StackId": found.stack,
        "StackName": stack.name if stack is not None else "",
        "CreationTime": body["created"] / 1000,
        "ExecutionStatus": _execution_status(found, stack),
        "Status": body["status"],
        "IncludeNestedStacks": body["nested"],
        **({"ParentChangeSetId": body["parent"], "RootChangeSetId": body["root"]} if body.get("root") else {}),
        **({"ImportExistingResources": True} if body.get("import_existing") else {}),
        **({"StatusReason": body["reason"]} if body["reason"] else {}),
        **({"OnStackFailure": body["on_failure"]} if body["on_failure"] != "ROLLBACK" else {}),
        **({"Description": body["description"]} if body["description"] else {}),
    }
