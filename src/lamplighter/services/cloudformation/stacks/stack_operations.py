"""CreateStack, UpdateStack, DeleteStack, and what else changes a stack.

An operation answers when what it began is on disk; the rest is done from there.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html.
"""

from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudformation.errors import AlreadyExists, Invalid, NothingToUpdate
from lamplighter.services.cloudformation.stacks.compute_changes import compare
from lamplighter.services.cloudformation.stacks.lookup import check_name, find_stack, living_stack, the_stack
from lamplighter.services.cloudformation.stacks.stack_events import Journal, is_going
from lamplighter.services.cloudformation.stacks.stack_policy import checked
from lamplighter.services.cloudformation.stacks.start_operation import INITIATED, Starter, check_updatable
from lamplighter.services.cloudformation.tables import stack_resources, stacks
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import Material
from lamplighter.services.cloudformation.templates.parsed_templates import Blueprints
from lamplighter.services.cloudformation.templates.plan_stack import Planner, fetched
from lamplighter.store.db import Reader, Tx


class Operations:
    """Operations on stacks, as the API has them."""

    def __init__(self, planner: Planner, blueprints: Blueprints, starter: Starter, journal: Journal) -> None:
        self._planner = planner
        self._blueprints = blueprints
        self._starter = starter
        self._journal = journal

    def create(self, tx: Tx, caller: Caller, params: Json, material: Material) -> Json:
        """CreateStack: the same request again (its ClientRequestToken says so) begins nothing new."""
        name, token = params["StackName"], params.get("ClientRequestToken")
        check_name(name)
        there = stacks.by_name(tx, caller.account, caller.region, name)
        if there is not None:
            if token is not None and there.body["token"] == token:
                return _begun(there)
            raise AlreadyExists(f"Stack [{name}] already exists")
        if "OnFailure" in params and "DisableRollback" in params:
            raise Invalid("Either DisableRollback or OnFailure may be specified, not both.")
        plan = self._planner.plan(tx, caller, params, None, material, direct=True)
        options = {
            "token": token,
            "on_failure": params.get("OnFailure", "ROLLBACK"),
            "timeout": params.get("TimeoutInMinutes"),
            "protection": params.get("EnableTerminationProtection", False),
            "policy": policy_of(params, "StackPolicy", caller, material),
            **wishes(params),
        }
        return _begun(self._starter.create(tx, self._starter.new(tx, caller, name, plan, options)))

    def update(self, tx: Tx, caller: Caller, params: Json, material: Material) -> Json:
        """UpdateStack"""
        stack, token = living_stack(tx, caller, params["StackName"]), params.get("ClientRequestToken")
        if token is not None and stack.body["token"] == token:
            return _begun(stack)
        check_updatable(stack)
        named = params | {"StackName": stack.name}
        plan = self._planner.plan(tx, caller, named, stack.plan, material, direct=True)
        old = self._blueprints.of(tx, stack, stack.plan, material)
        # Whatever is wrong with the changes is told now.
        comparison = compare(tx, stack, old, plan.body, plan.blueprint, material)
        policy = policy_of(params, "StackPolicy", caller, material)
        if not stack.status.endswith("_FAILED") and not comparison.differs:
            raise NothingToUpdate
        during = policy_of(params, "StackPolicyDuringUpdate", caller, material)
        options = {"token": token, "change_set": None, "policy_during": during, **wishes(params)}
        options |= {"policy": policy} if policy is not None else {}
        return _begun(self._starter.update(tx, stack, self._starter.keep(tx, stack, plan), options))

    def delete(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """DeleteStack: one that is not there is deleted already."""
        stack = find_stack(tx, caller, params["StackName"])
        if stack is None or stack.deleted is not None or stack.status == "DELETE_IN_PROGRESS":
            return {}
        if stack.body["protection"]:
            raise Invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        if is_going(stack.status) and not stack.status.startswith("CREATE"):
            raise Invalid(f"Stack [{stack.id}] cannot be deleted while in status {stack.status}")
        retained = params.get("RetainResources", [])
        if retained and stack.status != "DELETE_FAILED":
            raise Invalid(
                f"Invalid operation on stack [{stack.id}]. When you delete a stack, specify which resources to retain "
                "only when the stack is in the DELETE_FAILED state."
            )
        forced = params.get("DeletionMode", "STANDARD") == "FORCE_DELETE_STACK"
        if forced and stack.status != "DELETE_FAILED":
            raise Invalid(
                f"Invalid operation on stack [{stack.id}]. FORCE_DELETE_STACK may be used only when the stack is in "
                "the DELETE_FAILED state."
            )
        options = {"retain": retained, "forced": forced, "token": params.get("ClientRequestToken", stack.body["token"])}
        self._starter.delete(tx, stack, options)
        return {}

    def cancel(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """CancelUpdateStack"""
        stack = living_stack(tx, caller, params["StackName"])
        if stack.status != "UPDATE_IN_PROGRESS":
            raise Invalid("CancelUpdateStack cannot be called from current stack status")
        self._journal.begin(tx, stack, "UPDATE_ROLLBACK_IN_PROGRESS", INITIATED)
        return {}

    def go_on_rolling_back(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """ContinueUpdateRollback"""
        stack = living_stack(tx, caller, params["StackName"])
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise Invalid(f"Stack:{stack.id} is in {stack.status} state and can not continue rollback.")
        skipped = params.get("ResourcesToSkip", [])
        changed = replace(stack, body=stack.body | {"skip": skipped, "token": params.get("ClientRequestToken")})
        self._journal.begin(tx, changed, "UPDATE_ROLLBACK_IN_PROGRESS", INITIATED, "CONTINUE_ROLLBACK")
        return {}

    def roll_back(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """RollbackStack: a stack that was never well is deleted."""
        stack, token = living_stack(tx, caller, params["StackName"]), params.get("ClientRequestToken")
        if token is not None and stack.body["token"] == token:
            return _begun(stack)
        if stack.status not in ("CREATE_FAILED", "UPDATE_FAILED"):
            raise Invalid(f"Stack:{stack.id} is in {stack.status} state and can not be rolled back.")
        changed = replace(stack, body=stack.body | {"token": token, **discarding(params)})
        if stack.status == "CREATE_FAILED":
            return _begun(self._starter.delete(tx, changed, {"unmade": True}))
        return _begun(self._journal.begin(tx, changed, "UPDATE_ROLLBACK_IN_PROGRESS", INITIATED))

    def signal(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """SignalResource: whatever waits for signals on AWS is only recorded here, and waits for none."""
        stack, name = living_stack(tx, caller, params["StackName"]), params["LogicalResourceId"]
        row = stack_resources.get(tx, stack.id, name)
        if row is None:
            raise Invalid(f"Resource {name} does not exist for stack {stack.name}")
        raise Invalid(f"Resource {name} is in {row.status} state and can not be signaled.")

    def protect(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """UpdateTerminationProtection"""
        stack = living_stack(tx, caller, params["StackName"])
        stacks.put(tx, replace(stack, body=stack.body | {"protection": params["EnableTerminationProtection"]}))
        return {"StackId": stack.id}

    def set_policy(self, tx: Tx, caller: Caller, params: Json, material: Material) -> Json:
        """SetStackPolicy"""
        stack = living_stack(tx, caller, params["StackName"])
        policy = policy_of(params, "StackPolicy", caller, material)
        if policy is None:
            raise Invalid("Either StackPolicyBody or StackPolicyURL must be specified.")
        stacks.put(tx, replace(stack, body=stack.body | {"policy": policy}))
        return {}

    def policy(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """GetStackPolicy"""
        kept = the_stack(reader, caller, params["StackName"]).body["policy"]
        return {"StackPolicyBody": kept} if kept is not None else {}


def _begun(stack: Stack) -> Json:
    """The answer to whoever began an operation."""
    return {"StackId": stack.id, "OperationId": stack.body.get("operations", [{}])[0].get("OperationId", "")}


def policy_of(params: Json, name: str, caller: Caller, material: Material) -> str | None:
    """The stack policy that a request has, as text or by its place."""
    url, text = params.get(f"{name}URL"), params.get(f"{name}Body")
    if url and text:
        raise Invalid(f"Either {name}URL or {name}Body may be specified, not both.")
    given = fetched(url, caller.region, material) if url else text
    return checked(given) if given else None


def discarding(params: Json) -> Json:
    """Whether a rollback deletes what is to be retained, too, where it is new."""
    return {"discard": params.get("RetainExceptOnCreate", False)}


def wishes(params: Json) -> Json:
    """How an operation is to be carried out."""
    deployment = params.get("DeploymentConfig", {})
    disabled = params.get("DisableRollback", deployment.get("DisableRollback", False))
    kept = {"monitoring": params["RollbackConfiguration"]} if "RollbackConfiguration" in params else {}
    return {"disable_rollback": disabled, **discarding(params), **kept}
