"""Begin the creation, update or deletion of a stack that has been checked; steps from the outbox do the rest."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.cloudformation.errors import StackValidationError
from lamplighter.services.cloudformation.stacks.stack_caller import acting_for
from lamplighter.services.cloudformation.stacks.stack_events import StackEvents
from lamplighter.services.cloudformation.stacks.untouched_resources import UntouchedResources
from lamplighter.services.cloudformation.tables import templates
from lamplighter.services.cloudformation.tables.stacks import SERVICE, Stack
from lamplighter.services.cloudformation.templates.parsed_templates import ParsedTemplates
from lamplighter.services.cloudformation.templates.stack_plan import StackPlan
from lamplighter.store import timers
from lamplighter.store.db import Tx
from lamplighter.store.timers import Timer

UPDATABLE_STATUSES = (
    *("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"),
    *("CREATE_FAILED", "UPDATE_FAILED"),
)
"""The statuses in which a stack may be updated."""
DEFAULT_OPTIONS: Json = {
    "outputs": [],
    "protection": False,
    "policy": None,
    "disable_rollback": False,
    "on_failure": "ROLLBACK",
    "timeout": None,
    "root": None,
    "token": None,
    "change_set": None,
    "retain": [],
    "held": False,
}
EMPTY_PLAN: Json = {
    "template": templates.NONE,
    "metadata": None,
    "transforms": [],
    "parameters": [],
    "values": {},
    "resolved": {},
    "tags": [],
    "capabilities": [],
    "notifications": [],
    "role": None,
    "description": None,
}
"""The plan of a stack that waits for its first change set."""
SINGLE_OPERATION_OPTIONS: Json = {"policy_during": None, "discard": False, "import_existing": False}
"""Options that apply to one operation only."""
INITIATED = "User Initiated"


@dataclass(frozen=True, slots=True)
class OperationStarter:
    """A starter of operations on stacks."""

    world: World
    event_log: StackEvents
    untouched: UntouchedResources
    parsed_templates: ParsedTemplates

    def store_plan(self, tx: Tx, stack: Stack, plan: StackPlan) -> Json:
        """Store the template of a plan; return the part of the plan that is stored with the stack."""
        key = self.world.uuid()
        if plan.failure is None:
            tx.after_commit.append(lambda: self.parsed_templates.put(key, plan.parsed))
        return plan.store(tx, stack.id, key)

    def new(
        self, tx: Tx, caller: Caller, name: str, plan: StackPlan | None, options: Json, parent: Stack | None = None
    ) -> Stack:
        """Return a new stack that is not stored yet; without a plan, it waits for its first change set."""
        root = None if parent is None else parent.body["root"] or parent.id
        stack = Stack(
            id=arn.build(SERVICE, caller.region, caller.account, f"stack/{name}/{self.world.uuid()}"),
            account=caller.account,
            region=caller.region,
            name=name,
            created=tx.now,
            parent=None if parent is None else parent.id,
            plan=EMPTY_PLAN,
            body=DEFAULT_OPTIONS | options | {"root": root},
        )
        stack = acting_for(stack, caller)
        return stack if plan is None else replace(stack, plan=self.store_plan(tx, stack, plan))

    def create(self, tx: Tx, stack: Stack) -> Stack:
        """Store a new stack and begin to create its resources."""
        begun = self.event_log.begin_pass(tx, stack, "CREATE_IN_PROGRESS", INITIATED)
        minutes = begun.body["timeout"]
        if minutes is not None:
            due = self.world.monotonic() + minutes * 60_000
            timers.put(tx, Timer(SERVICE, stack.id, "timeout", due), steady_clock=True)
        return begun

    def update(self, tx: Tx, stack: Stack, plan: Json, options: Json, untouched: Iterable[str] = ()) -> Stack:
        """Begin to update a stack to another plan; the pass leaves out the resources that stay untouched."""
        kept = {name: value for name, value in stack.body.items() if name != "outputs_before"}
        changed = replace(
            stack,
            plan=plan,
            # After a failed update, a rollback returns to the plan before the failed update.
            previous=stack.previous if stack.status == "UPDATE_FAILED" else stack.plan,
            updated=tx.now,
            body=kept
            | {"on_failure": "ROLLBACK", "disable_rollback": False, "held": False, **SINGLE_OPERATION_OPTIONS}
            | options,
        )
        begun = self.event_log.begin_pass(tx, changed, "UPDATE_IN_PROGRESS", INITIATED)
        tx.after_commit.append(lambda: self.untouched.put(begun, untouched))
        return begun

    def import_resources(self, tx: Tx, stack: Stack, plan: Json, options: Json) -> Stack:
        """Begin to import resources into a stack, which may be new; `options` name them."""
        operation = "CREATE_STACK" if stack.plan["template"] == templates.NONE else "UPDATE_STACK"
        changed = replace(stack, plan=plan, previous=stack.plan, updated=tx.now, body=stack.body | options)
        return self.event_log.begin_pass(tx, changed, "IMPORT_IN_PROGRESS", INITIATED, operation)

    def delete(self, tx: Tx, stack: Stack, options: Json) -> Stack:
        """Begin to delete a stack."""
        timers.delete_all(tx, SERVICE, stack.id)
        changed = replace(stack, body=stack.body | options)
        return self.event_log.begin_pass(tx, changed, "DELETE_IN_PROGRESS", INITIATED)


def check_updatable(stack: Stack) -> None:
    """Raise `StackValidationError` if the stack's status does not allow an update."""
    if stack.status not in UPDATABLE_STATUSES:
        raise StackValidationError(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
