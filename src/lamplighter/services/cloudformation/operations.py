"""CreateStack, UpdateStack, DeleteStack, and what else changes a stack.

An operation answers when what it began is on disk; the rest is done from there.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html.
"""

from dataclasses import replace

from lamplighter.base.jsontext import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudformation.changing import changes, differs
from lamplighter.services.cloudformation.errors import AlreadyExists, Invalid, NothingToUpdate
from lamplighter.services.cloudformation.journal import Journal, is_going
from lamplighter.services.cloudformation.lookup import check_name, find_stack, living_stack, the_stack
from lamplighter.services.cloudformation.outside import Material
from lamplighter.services.cloudformation.planning import Planner, fetched
from lamplighter.services.cloudformation.starting import INITIATED, Starter, check_updatable
from lamplighter.store import stacks
from lamplighter.store.db import Reader, Tx


class Operations:
    """Operations on stacks, as the API has them."""

    def __init__(self, planner: Planner, starter: Starter, journal: Journal) -> None:
        self._planner = planner
        self._starter = starter
        self._journal = journal

    def create(self, tx: Tx, caller: Caller, params: Json, material: Material) -> Json:
        """CreateStack: the same request again (its ClientRequestToken says so) begins nothing new."""
        name, token = params["StackName"], params.get("ClientRequestToken")
        check_name(name)
        there = stacks.by_name(tx, caller.account, caller.region, name)
        if there is not None:
            if token is not None and there.body["token"] == token:
                return {"StackId": there.id}
            raise AlreadyExists(f"Stack [{name}] already exists")
        if "OnFailure" in params and "DisableRollback" in params:
            raise Invalid("Either DisableRollback or OnFailure may be specified, not both.")
        plan = self._planner.plan(tx, caller, params, None, material, direct=True)
        options = {
            "token": token,
            "on_failure": params.get("OnFailure", "ROLLBACK"),
            "disable_rollback": params.get("DisableRollback", False),
            "timeout": params.get("TimeoutInMinutes"),
            "protection": params.get("EnableTerminationProtection", False),
            "policy": _policy(params, caller, material),
        }
        return {"StackId": self._starter.create(tx, self._starter.new(caller, name, plan, options)).id}

    def update(self, tx: Tx, caller: Caller, params: Json, material: Material) -> Json:
        """UpdateStack"""
        stack, token = living_stack(tx, caller, params["StackName"]), params.get("ClientRequestToken")
        if token is not None and stack.body["token"] == token:
            return {"StackId": stack.id}
        check_updatable(stack)
        named = params | {"StackName": stack.name}
        plan = self._planner.plan(tx, caller, named, stack.plan, material, direct=True)
        # Whatever is wrong with the changes is told now.
        changes(tx, stack, plan, material)
        policy = _policy(params, caller, material)
        if not stack.status.endswith("_FAILED") and not differs(tx, stack, plan, material):
            raise NothingToUpdate
        options = {"token": token, "disable_rollback": params.get("DisableRollback", False), "change_set": None}
        options |= {"policy": policy} if policy is not None else {}
        return {"StackId": self._starter.update(tx, stack, plan, options).id}

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
        options = {"retain": retained, "token": params.get("ClientRequestToken", stack.body["token"])}
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
        self._journal.begin(tx, changed, "UPDATE_ROLLBACK_IN_PROGRESS", INITIATED)
        return {}

    def protect(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """UpdateTerminationProtection"""
        stack = living_stack(tx, caller, params["StackName"])
        stacks.put(tx, replace(stack, body=stack.body | {"protection": params["EnableTerminationProtection"]}))
        return {"StackId": stack.id}

    def set_policy(self, tx: Tx, caller: Caller, params: Json, material: Material) -> Json:
        """SetStackPolicy: kept and shown; whoever reaches this engine may change anything."""
        stack = living_stack(tx, caller, params["StackName"])
        stacks.put(tx, replace(stack, body=stack.body | {"policy": _policy(params, caller, material)}))
        return {}

    def policy(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """GetStackPolicy"""
        kept = the_stack(reader, caller, params["StackName"]).body["policy"]
        return {"StackPolicyBody": kept} if kept is not None else {}


def _policy(params: Json, caller: Caller, material: Material) -> str | None:
    url = params.get("StackPolicyURL")
    text: str | None = params.get("StackPolicyBody")
    return fetched(url, caller.region, material) if url else text
