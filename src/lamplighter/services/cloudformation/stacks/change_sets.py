"""Implement the operations that create, describe, execute and delete change sets.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html.
"""

from dataclasses import dataclass, replace

from lamplighter.base import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudformation.errors import (
    AlreadyExists,
    ChangeSetNotFound,
    InvalidChangeSetStatus,
    NoUpdateNeeded,
    StackValidationError,
)
from lamplighter.services.cloudformation.stacks.change_details import without_values
from lamplighter.services.cloudformation.stacks.compute_changes import compare_stack
from lamplighter.services.cloudformation.stacks.describe_stacks import parameters_of_plan
from lamplighter.services.cloudformation.stacks.import_requests import as_imports, read_imports
from lamplighter.services.cloudformation.stacks.lookup import (
    PAGE,
    check_stack_name,
    find_change_set,
    find_stack,
    list_page,
    page_offset,
    require_known_stack,
)
from lamplighter.services.cloudformation.stacks.stack_caller import acting_for
from lamplighter.services.cloudformation.stacks.stack_events import is_in_progress
from lamplighter.services.cloudformation.stacks.stack_operations import operation_options
from lamplighter.services.cloudformation.stacks.start_operation import INITIATED, OperationStarter, check_updatable
from lamplighter.services.cloudformation.tables import change_sets as rows
from lamplighter.services.cloudformation.tables import stacks, templates
from lamplighter.services.cloudformation.tables.change_sets import ChangeSet
from lamplighter.services.cloudformation.tables.stacks import SERVICE, Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.services.cloudformation.templates.parsed_templates import ParsedTemplates
from lamplighter.services.cloudformation.templates.plan_stack import plan_stack
from lamplighter.services.cloudformation.templates.stack_plan import StackPlan
from lamplighter.store.db import Reader, Tx

REVIEW_IN_PROGRESS = "REVIEW_IN_PROGRESS"
FAILED_ENDINGS = ("_FAILED", "ROLLBACK_COMPLETE")
"""The ends of the statuses of a stack whose operation failed."""
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


@dataclass(frozen=True, slots=True)
class ChangeSets:
    """The operations on change sets."""

    _starter: OperationStarter
    _parsed_templates: ParsedTemplates

    def create(self, tx: Tx, caller: Caller, params: Json, inputs: ExternalInputs) -> Json:
        """Create a change set by comparing a stack with a new plan (`CreateChangeSet`)."""
        kind = params.get("ChangeSetType", "UPDATE")
        if params.get("DeploymentMode") == "REVERT_DRIFT":
            raise StackValidationError(
                "This engine has no drift-aware change sets. Detect the drift, and correct the resources that it names."
            )
        stack = acting_for(self._find_or_create_stack(tx, caller, params["StackName"], kind), caller)
        name, token = params["ChangeSetName"], params.get("ClientToken")
        existing = rows.by_name(tx, stack.id, name)
        if existing is not None:
            if token is not None and existing.body["token"] == token:
                return {"Id": existing.id, "StackId": stack.id}
            raise AlreadyExists(f"ChangeSet {existing.id} already exists")
        old = None if stack.status == REVIEW_IN_PROGRESS else stack.plan
        plan = plan_stack(tx, caller, params | {"StackName": stack.name}, old, inputs)
        before = None if old is None else self._parsed_templates.get(tx, stack, old, inputs)
        comparison = compare_stack(tx, stack, before, plan.body, plan.parsed, inputs, explain=True)
        imports = read_imports(params, plan.parsed) if kind == "IMPORT" else {}
        changes = as_imports(comparison.changes, imports) if kind == "IMPORT" else comparison.changes
        reason = None if comparison.differs else _reason_of_no_changes(tx, plan, old)
        key = arn.build(SERVICE, caller.region, caller.account, f"changeSet/{name}/{self._starter.world.uuid()}")
        body = {
            "plan": self._starter.store_plan(tx, stack, plan),
            "changes": changes,
            "imports": imports,
            "import_existing": params.get("ImportExistingResources", False),
            "type": kind,
            "created": self._starter.world.now(),
            "description": params.get("Description"),
            "token": token,
            "nested": params.get("IncludeNestedStacks", False),
            "on_failure": params.get("OnStackFailure", "ROLLBACK"),
            "wishes": {name: params[name] for name in ("RollbackConfiguration", "DeploymentConfig") if name in params},
            "status": "FAILED" if reason else "CREATE_COMPLETE",
            "reason": reason,
            "execution": "UNAVAILABLE" if reason else "AVAILABLE",
        }
        rows.put(tx, ChangeSet(key, stack.id, name, body))
        return {"Id": key, "StackId": stack.id}

    def _find_or_create_stack(self, tx: Tx, caller: Caller, name: str, kind: str) -> Stack:
        """Return the stack of a change set; for a change set that creates a stack, store a stack that waits for it."""
        found = find_stack(tx, caller, name)
        if kind == "UPDATE" or (kind == "IMPORT" and found is not None and found.status != REVIEW_IN_PROGRESS):
            stack = require_known_stack(tx, caller, name)
            if stack.status == REVIEW_IN_PROGRESS:
                raise StackValidationError(f"Stack [{name}] does not exist")
            check_updatable(stack)
            return stack
        if found is not None and found.deleted is None:
            if found.status != REVIEW_IN_PROGRESS:
                raise StackValidationError(
                    f"Stack [{name}] already exists and cannot be created again with the changeSet [CREATE]."
                )
            return found
        check_stack_name(name)
        stack = self._starter.new(tx, caller, name, None, {})
        return self._starter.event_log.set_stack_status(tx, stack, REVIEW_IN_PROGRESS, INITIATED)

    def describe(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return a change set with a page of its changes (`DescribeChangeSet`)."""
        found = find_change_set(reader, caller, params)
        body, plan = found.body, found.body["plan"]
        stack = stacks.get(reader, found.stack)
        start = page_offset(params.get("NextToken"))
        listed = body["changes"][start : start + PAGE + 1]
        show = _show_whole if params.get("IncludePropertyValues") else without_values
        parameters = parameters_of_plan(plan)
        return {
            **_summary(found, stack),
            "NotificationARNs": plan["notifications"],
            "RollbackConfiguration": body.get("wishes", {}).get("RollbackConfiguration", {}),
            "Capabilities": plan["capabilities"],
            **({"Parameters": parameters} if parameters else {}),
            **({"Tags": plan["tags"]} if plan["tags"] else {}),
            **list_page("Changes", listed, show, lambda _change: str(start + PAGE)),
        }

    def list(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """List the change sets of a stack (`ListChangeSets`)."""
        stack = require_known_stack(reader, caller, params["StackName"])
        found = rows.page(reader, stack.id, params.get("NextToken") or "", PAGE + 1)
        return list_page("Summaries", found, lambda each: _summary(each, stack), lambda each: each.name)

    def delete(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Delete a change set; do nothing if it does not exist (`DeleteChangeSet`)."""
        try:
            found = find_change_set(tx, caller, params)
        except ChangeSetNotFound:
            return {}
        if found.body["execution"] == "EXECUTE_IN_PROGRESS":
            raise InvalidChangeSetStatus(f"ChangeSet [{found.id}] cannot be deleted in its current status")
        rows.delete(tx, found.id)
        templates.drop_unused(tx, found.stack)
        return {}

    def execute(self, tx: Tx, caller: Caller, params: Json, inputs: ExternalInputs) -> Json:
        """Begin the creation or update of a stack as its change set states (`ExecuteChangeSet`)."""
        found = find_change_set(tx, caller, params)
        stack = stacks.get(tx, found.stack)
        body = found.body
        if stack is None or body["execution"] != "AVAILABLE":
            raise InvalidChangeSetStatus(
                f"ChangeSet [{found.id}] cannot be executed in its current status of [{body['status']}]"
            )
        stack = acting_for(stack, caller)
        options = {
            "token": params.get("ClientRequestToken"),
            **operation_options({**body.get("wishes", {}), **params}),
            "on_failure": body["on_failure"],
            "change_set": found.id,
            "import_existing": body.get("import_existing", False),
        }
        if body.get("imports"):
            self._starter.import_resources(tx, stack, body["plan"], options | {"imports": body["imports"]})
        elif stack.status == REVIEW_IN_PROGRESS:
            updated = self._starter.world.now()
            self._starter.create(tx, replace(stack, plan=body["plan"], updated=updated, body=stack.body | options))
        else:
            check_updatable(stack)
            # Other operations on the stack may have made the changes impossible since the change set was created.
            parsed = self._parsed_templates.get(tx, stack, body["plan"], inputs)
            comparison = compare_stack(tx, stack, None, body["plan"], parsed, inputs)
            self._starter.update(tx, stack, body["plan"], options, comparison.untouched)
        rows.set_executed(tx, found)
        templates.drop_unused(tx, stack.id)
        return {}


def _reason_of_no_changes(reader: Reader, plan: StackPlan, old: Json) -> str:
    """Return why a change set has no changes: nothing new was submitted, or it makes no difference."""
    is_same = plan.text == templates.text(reader, old["template"]) and plan.body["values"] == old["values"]
    return NO_CHANGES if is_same else NoUpdateNeeded().message


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
        **({"StatusReason": body["reason"]} if body["reason"] else {}),
        **({"OnStackFailure": body["on_failure"]} if body["on_failure"] != "ROLLBACK" else {}),
        **({"Description": body["description"]} if body["description"] else {}),
    }
