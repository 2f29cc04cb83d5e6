"""Implement CreateStack, UpdateStack, DeleteStack and the other operations that change a stack.

An update that changes nothing is refused. An operation answers when the stack's new status is on disk; steps from the
outbox do the rest.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html.
"""

from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudformation.errors import AlreadyExists, NoUpdateNeeded, StackValidationError
from lamplighter.services.cloudformation.stacks.compute_changes import compare_stack
from lamplighter.services.cloudformation.stacks.lookup import (
    check_stack_name,
    find_stack,
    require_known_stack,
    require_live_stack,
    require_stack,
)
from lamplighter.services.cloudformation.stacks.stack_caller import acting_for, with_role
from lamplighter.services.cloudformation.stacks.stack_events import is_in_progress
from lamplighter.services.cloudformation.stacks.stack_policy import check_policy
from lamplighter.services.cloudformation.stacks.start_operation import INITIATED, OperationStarter, check_updatable
from lamplighter.services.cloudformation.tables import change_sets, stack_resources, stacks
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.services.cloudformation.templates.plan_stack import fetch_template, plan_stack
from lamplighter.services.cloudformation.templates.stack_plan import StackPlan, failure_of
from lamplighter.store.db import Reader, Tx


@dataclass(frozen=True, slots=True)
class StackOperations:
    """The operations that change stacks."""

    _starter: OperationStarter

    def create(self, tx: Tx, caller: Caller, params: Json, inputs: ExternalInputs) -> Json:
        """Begin to create a stack (`CreateStack`); the same ClientRequestToken again begins nothing new."""
        name, token = params["StackName"], params.get("ClientRequestToken")
        check_stack_name(name)
        existing = stacks.by_name(tx, caller.account, caller.region, name)
        if existing is not None:
            if token is not None and existing.body["token"] == token:
                return _operation_answer(existing)
            raise AlreadyExists(f"Stack [{name}] already exists")
        if "OnFailure" in params and "DisableRollback" in params:
            raise StackValidationError("Either DisableRollback or OnFailure may be specified, not both.")
        plan = plan_stack(tx, caller, params, None, inputs, direct=True)
        options = {
            "token": token,
            "on_failure": params.get("OnFailure", "ROLLBACK"),
            "timeout": params.get("TimeoutInMinutes"),
            "protection": params.get("EnableTerminationProtection", False),
            "policy": requested_policy(params, "StackPolicy", caller, inputs),
            **operation_options(params),
        }
        return _operation_answer(self._starter.create(tx, self._starter.new(tx, caller, name, plan, options)))

    def update(self, tx: Tx, caller: Caller, params: Json, inputs: ExternalInputs) -> Json:
        """Begin to update a stack (`UpdateStack`); the same ClientRequestToken again begins nothing new."""
        stack = acting_for(require_known_stack(tx, caller, params["StackName"]), caller)
        token = params.get("ClientRequestToken")
        if token is not None and stack.body["token"] == token:
            return _operation_answer(stack)
        check_updatable(stack)
        named = params | {"StackName": stack.name}
        plan = plan_stack(tx, caller, named, stack.plan, inputs, direct=True, stack_id=stack.id)
        untouched = self._find_untouched(tx, stack, plan, inputs)
        policy = requested_policy(params, "StackPolicy", caller, inputs)
        during = requested_policy(params, "StackPolicyDuringUpdate", caller, inputs)
        options = {"token": token, "change_set": None, "policy_during": during, **operation_options(params)}
        options |= {"policy": policy} if policy is not None else {}
        change_sets.make_obsolete(tx, stack.id)
        stored = self._starter.store_plan(tx, stack, plan)
        return _operation_answer(self._starter.update(tx, stack, stored, options, untouched))

    def _find_untouched(self, tx: Tx, stack: Stack, plan: StackPlan, inputs: ExternalInputs) -> tuple[str, ...]:
        """Return the resources that an update leaves untouched; raise an error if the update is impossible or empty."""
        if plan.failure is not None:
            return ()
        is_readable = failure_of(stack.plan) is None
        old = self._starter.parsed_templates.get(tx, stack, stack.plan, inputs) if is_readable else None
        # Errors in the changes are reported now, before the update begins.
        comparison = compare_stack(tx, stack, old, plan.body, plan.parsed, inputs)
        # A template with transforms is compared during the operation on AWS, which then ends without any change.
        is_empty = not comparison.differs and not plan.body["transforms"]
        if is_empty and not stack.status.endswith("_FAILED"):
            raise NoUpdateNeeded
        return comparison.untouched

    def delete(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Begin to delete a stack; do nothing if it does not exist (`DeleteStack`)."""
        stack = find_stack(tx, caller, params["StackName"])
        if stack is None or stack.deleted is not None or stack.status == "DELETE_IN_PROGRESS":
            return
        if stack.body["protection"]:
            raise StackValidationError(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        if is_in_progress(stack.status) and not stack.status.startswith("CREATE"):
            raise StackValidationError(f"Stack [{stack.id}] cannot be deleted while in status {stack.status}")
        retained = params.get("RetainResources", [])
        forced = params.get("DeletionMode", "STANDARD") == "FORCE_DELETE_STACK"
        if (retained or forced) and stack.status != "DELETE_FAILED":
            rule = "FORCE_DELETE_STACK may be used only when the stack is in the DELETE_FAILED state."
            if retained:
                rule = (
                    "When you delete a stack, specify which resources to retain only when the stack is in the "
                    "DELETE_FAILED state."
                )
            raise StackValidationError(f"Invalid operation on stack [{stack.id}]. {rule}")
        options = {"retain": retained, "forced": forced, "token": params.get("ClientRequestToken", stack.body["token"])}
        self._starter.delete(tx, with_role(acting_for(stack, caller), params), options)

    def cancel(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Begin to roll back an update that is in progress (`CancelUpdateStack`)."""
        stack = acting_for(require_live_stack(tx, caller, params["StackName"]), caller)
        if stack.status != "UPDATE_IN_PROGRESS":
            raise StackValidationError("CancelUpdateStack cannot be called from current stack status")
        self._starter.event_log.begin_pass(tx, stack, "UPDATE_ROLLBACK_IN_PROGRESS", INITIATED)

    def continue_rollback(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Begin to roll back an update whose rollback failed (`ContinueUpdateRollback`)."""
        stack = with_role(acting_for(require_live_stack(tx, caller, params["StackName"]), caller), params)
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise StackValidationError(f"Stack:{stack.id} is in {stack.status} state and can not continue rollback.")
        skipped = params.get("ResourcesToSkip", [])
        changed = replace(stack, body=stack.body | {"skip": skipped, "token": params.get("ClientRequestToken")})
        self._starter.event_log.begin_pass(tx, changed, "UPDATE_ROLLBACK_IN_PROGRESS", INITIATED, "CONTINUE_ROLLBACK")

    def roll_back(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Begin to roll back a failed update, or to delete a stack whose creation failed (`RollbackStack`)."""
        stack = with_role(acting_for(require_live_stack(tx, caller, params["StackName"]), caller), params)
        token = params.get("ClientRequestToken")
        if token is not None and stack.body["token"] == token:
            return _operation_answer(stack)
        if stack.status not in ("CREATE_FAILED", "UPDATE_FAILED"):
            raise StackValidationError(f"Stack:{stack.id} is in {stack.status} state and can not be rolled back.")
        changed = replace(stack, body=stack.body | {"token": token, **rollback_options(params)})
        if stack.status == "CREATE_FAILED":
            return _operation_answer(self._starter.delete(tx, changed, {"unmade": True}))
        begun = self._starter.event_log.begin_pass(tx, changed, "UPDATE_ROLLBACK_IN_PROGRESS", INITIATED)
        return _operation_answer(begun)

    def reject_signal(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Reject the signal (`SignalResource`): resource types that wait for signals on AWS are only recorded here."""
        stack, name = require_live_stack(tx, caller, params["StackName"]), params["LogicalResourceId"]
        row = stack_resources.get(tx, stack.id, name)
        if row is None:
            raise StackValidationError(f"Resource {name} does not exist for stack {stack.name}")
        raise StackValidationError(f"Resource {name} is in {row.status} state and can not be signaled.")

    def set_termination_protection(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Turn a stack's termination protection on or off (`UpdateTerminationProtection`)."""
        stack = require_live_stack(tx, caller, params["StackName"])
        stacks.put(tx, replace(stack, body=stack.body | {"protection": params["EnableTerminationProtection"]}))
        return {"StackId": stack.id}

    def set_policy(self, tx: Tx, caller: Caller, params: Json, inputs: ExternalInputs) -> None:
        """Set the policy of a stack (`SetStackPolicy`)."""
        stack = require_live_stack(tx, caller, params["StackName"])
        policy = requested_policy(params, "StackPolicy", caller, inputs)
        if policy is None:
            raise StackValidationError("Either StackPolicyBody or StackPolicyURL must be specified.")
        stacks.put(tx, replace(stack, body=stack.body | {"policy": policy}))

    def get_policy(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return the policy of a stack (`GetStackPolicy`)."""
        kept = require_stack(reader, caller, params["StackName"]).body["policy"]
        return {"StackPolicyBody": kept} if kept is not None else {}


def _operation_answer(stack: Stack) -> Json:
    return {"StackId": stack.id, "OperationId": stack.body.get("operations", [{}])[0].get("OperationId", "")}


def requested_policy(params: Json, name: str, caller: Caller, inputs: ExternalInputs) -> str | None:
    """Return the stack policy that a request contains or names by a URL, or None if it has none."""
    url, text = params.get(f"{name}URL"), params.get(f"{name}Body")
    if url and text:
        raise StackValidationError(f"Either {name}URL or {name}Body may be specified, not both.")
    given = fetch_template(url, caller, inputs) if url else text
    return check_policy(given) if given else None


def rollback_options(params: Json) -> Json:
    """Return the option that a rollback also deletes new resources that a policy would retain."""
    return {"discard": params.get("RetainExceptOnCreate", False)}


def operation_options(params: Json) -> Json:
    """Return the options of an operation: rollback triggers, and what a failure or a rollback does."""
    deployment = params.get("DeploymentConfig", {})
    disabled = params.get("DisableRollback", deployment.get("DisableRollback", False))
    kept = {"monitoring": params["RollbackConfiguration"]} if "RollbackConfiguration" in params else {}
    return {"disable_rollback": disabled, **rollback_options(params), **kept}
