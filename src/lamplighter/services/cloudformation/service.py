"""CloudFormation as a service of the bus: its operations, by AWS's names, and the steps that stacks take.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html.
"""

import logging
from collections.abc import Callable, Mapping

from botocore.model import ServiceModel

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller, Operation
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.cloudformation.deploy.create_resources import Builder
from lamplighter.services.cloudformation.deploy.delete_and_roll_back import Undoer
from lamplighter.services.cloudformation.deploy.missing_resources import Missing
from lamplighter.services.cloudformation.deploy.nested_stacks import Nested
from lamplighter.services.cloudformation.deploy.resource_handler import Maker, undone
from lamplighter.services.cloudformation.stacks import describe_events, describe_stacks
from lamplighter.services.cloudformation.stacks.change_sets import ChangeSets
from lamplighter.services.cloudformation.stacks.stack_events import SERVICE, Journal, is_going
from lamplighter.services.cloudformation.stacks.stack_operations import Operations
from lamplighter.services.cloudformation.stacks.start_operation import Starter
from lamplighter.services.cloudformation.tables import stacks
from lamplighter.services.cloudformation.templates.external_inputs import Material, Outside, Wanted
from lamplighter.services.cloudformation.templates.parsed_templates import Blueprints
from lamplighter.services.cloudformation.templates.plan_stack import Planner
from lamplighter.services.cloudformation.templates.template_operations import Templates
from lamplighter.store import outbox
from lamplighter.store.db import Posted, Tx
from lamplighter.store.timers import Timer

log = logging.getLogger("lamplighter.cloudformation")

Supplied = Callable[[Tx, Caller, Json, Material], Json]
"""An operation that may want something from elsewhere."""


class CloudFormation:
    """The service."""

    name = SERVICE

    def __init__(
        self,
        bus: Bus,
        world: World,
        remote: RemoteServices,
        models: Callable[[str], ServiceModel],
        check: Callable[[str, str, Json], None],
    ) -> None:
        self._store = bus.store
        self._outside = Outside(bus, remote)
        self._journal = journal = Journal(bus, world)
        planner, blueprints, starter = Planner(), Blueprints(), Starter(world, journal)
        maker, nested = Maker(bus, world, models, check), Nested(world, planner, starter, journal)
        self._builder, self._undoer = Builder(maker, journal, nested, blueprints), Undoer(maker, journal, nested)
        operations = Operations(planner, blueprints, starter, journal)
        change_sets, templates = ChangeSets(world, planner, blueprints, starter, journal), Templates(planner)
        self.operations: Mapping[str, Operation] = {
            "CreateStack": self._supplied(operations.create),
            "UpdateStack": self._supplied(operations.update),
            "DeleteStack": Operation(write=operations.delete),
            "CancelUpdateStack": Operation(write=operations.cancel),
            "ContinueUpdateRollback": Operation(write=operations.go_on_rolling_back),
            "RollbackStack": Operation(write=operations.roll_back),
            "SignalResource": Operation(write=operations.signal),
            "UpdateTerminationProtection": Operation(write=operations.protect),
            "SetStackPolicy": self._supplied(operations.set_policy),
            "GetStackPolicy": Operation(read=operations.policy),
            "DescribeStacks": Operation(read=describe_stacks.describe),
            "ListStacks": Operation(read=describe_stacks.list_all),
            "DescribeStackEvents": Operation(read=describe_events.events),
            "DescribeEvents": Operation(read=describe_events.all_events),
            "DescribeStackResource": Operation(read=describe_stacks.resource),
            "DescribeStackResources": Operation(read=describe_stacks.resources),
            "ListStackResources": Operation(read=describe_stacks.list_resources),
            "ListExports": Operation(read=describe_stacks.list_exports),
            "ListImports": Operation(read=describe_stacks.list_imports),
            "GetTemplate": Operation(read=templates.get),
            "GetTemplateSummary": self._supplied(templates.summary),
            "ValidateTemplate": self._supplied(templates.validate),
            "CreateChangeSet": self._supplied(change_sets.create),
            "DescribeChangeSet": Operation(read=change_sets.describe),
            "ListChangeSets": Operation(read=change_sets.list),
            "DeleteChangeSet": Operation(write=change_sets.delete),
            "ExecuteChangeSet": self._supplied(change_sets.execute),
            "FindMissingResources": self._supplied(Missing(maker, journal).find),
        }

    def _supplied(self, run: Supplied) -> Operation:
        """An operation that is done at once, or as soon as what it wants was fetched."""

        def write(tx: Tx, caller: Caller, params: Json) -> Json:
            try:
                with undone(tx):
                    return run(tx, caller, params, Material())
            except Wanted:
                return self._later(run, caller, params)

        return Operation(write=write)

    async def _later(self, run: Supplied, caller: Caller, params: Json) -> Json:
        return await self._outside.supplied(
            lambda material: self._store.write(lambda tx: run(tx, caller, params, material))
        )

    async def perform(self, posted: Posted) -> None:
        """Take the next step of a stack."""
        try:
            await self._outside.supplied(
                lambda material: self._store.insist(lambda tx: self._step(tx, posted, material)), insists=True
            )
        except Exception:
            log.exception("%s cannot go on", posted.subject)
            await self._store.insist(lambda tx: self._stop(tx, posted))

    def _step(self, tx: Tx, posted: Posted, material: Material) -> None:
        stack = stacks.get(tx, posted.subject) if outbox.delete(tx, posted.id) else None
        if stack is None:
            return
        match stack.status:
            case "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS":
                self._builder.step(tx, stack, material)
            case "DELETE_IN_PROGRESS" | "ROLLBACK_IN_PROGRESS":
                self._undoer.unmake(tx, stack, material)
            case "UPDATE_ROLLBACK_IN_PROGRESS":
                self._undoer.restore(tx, stack, material)
            case "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS":
                self._undoer.clean(tx, stack, material)

    def _stop(self, tx: Tx, posted: Posted) -> None:
        """A fault of ours must not leave a stack under way for ever."""
        stack = stacks.get(tx, posted.subject) if outbox.delete(tx, posted.id) else None
        if stack is not None and is_going(stack.status):
            verb = stack.status.removesuffix("_IN_PROGRESS").removesuffix("_COMPLETE_CLEANUP")
            self._journal.end(tx, stack, f"{verb}_FAILED", "Internal Failure")

    def ring(self, tx: Tx, timer: Timer) -> None:
        """A stack took too long, or was deleted long ago."""
        stack = stacks.get(tx, timer.subject)
        if timer.name == "forget":
            stacks.forget(tx, timer.subject)
        elif stack is not None and stack.status == "CREATE_IN_PROGRESS":
            self._builder.give_up(tx, stack, "Stack creation time exceeded the specified timeout. ")

    def forget(self) -> None:
        """Nothing is believed that is not on disk."""

    async def start(self) -> None:
        """Steps that were not taken are in the outbox."""

    async def stop(self) -> None:
        """Nothing to let go of."""
