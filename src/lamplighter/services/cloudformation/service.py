"""Provide CloudFormation as a service of the bus: its operations by AWS's names, and the steps of stack operations.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial, wraps

from lamplighter.base.aws.service_model import ServiceModel
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller, Operation, Service
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.cloudformation.deploy import (
    create_resources,
    delete_and_roll_back,
    detect_drift,
    import_resources,
)
from lamplighter.services.cloudformation.deploy.missing_resources import find_missing_resources
from lamplighter.services.cloudformation.deploy.resource_handler import undo_on_error
from lamplighter.services.cloudformation.deploy.stack_turn import EngineParts, StackTurn
from lamplighter.services.cloudformation.stacks import (
    describe_events,
    describe_stacks,
    drift_operations,
    retention,
    stack_sets,
)
from lamplighter.services.cloudformation.stacks.change_sets import ChangeSets
from lamplighter.services.cloudformation.stacks.create_change_set import create_change_set
from lamplighter.services.cloudformation.stacks.drift_operations import DriftOperations
from lamplighter.services.cloudformation.stacks.lookup import require_live_stack
from lamplighter.services.cloudformation.stacks.stack_caller import acting_for_engine
from lamplighter.services.cloudformation.stacks.stack_events import StackEvents, is_in_progress
from lamplighter.services.cloudformation.stacks.stack_operations import StackOperations
from lamplighter.services.cloudformation.stacks.start_operation import OperationStarter
from lamplighter.services.cloudformation.stacks.untouched_resources import UntouchedResources
from lamplighter.services.cloudformation.tables import stacks
from lamplighter.services.cloudformation.tables.stacks import SERVICE
from lamplighter.services.cloudformation.templates import template_operations
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs, InputFetcher, MissingInput
from lamplighter.services.cloudformation.templates.parsed_templates import ParsedTemplates
from lamplighter.store import outbox
from lamplighter.store.db import OutboxRow, Tx
from lamplighter.store.timers import Timer

log = logging.getLogger("lamplighter.cloudformation")

OperationWithInputs = Callable[[Tx, Caller, Json, ExternalInputs], Json]
"""An operation that may need external inputs."""


class CloudFormation(Service):
    """The CloudFormation service of one engine."""

    name = SERVICE

    def __init__(
        self,
        bus: Bus,
        world: World,
        remote: RemoteServices,
        models: Callable[[str], ServiceModel],
        check: Callable[[str, str, Json], None],
        *,
        aws_limits: bool = False,
    ) -> None:
        self._store = bus.store
        self._inputs = partial(ExternalInputs, bus, aws_limits)
        self._input_fetcher = InputFetcher(bus, remote, self._inputs)
        event_log, parsed_templates = StackEvents(bus, world), ParsedTemplates()
        starter = OperationStarter(world, event_log, UntouchedResources(), parsed_templates)
        self._parts = EngineParts(bus, world, models, check, starter, event_log, parsed_templates)
        drift = DriftOperations(self._parts)
        operations, change_sets = StackOperations(starter), ChangeSets(self._parts)
        self.operations: Mapping[str, Operation] = {
            "CreateStack": self._with_inputs(operations.create),
            "UpdateStack": self._with_inputs(operations.update),
            "DeleteStack": Operation(write=operations.delete),
            "CancelUpdateStack": Operation(write=operations.cancel),
            "ContinueUpdateRollback": Operation(write=operations.continue_rollback),
            "RollbackStack": Operation(write=operations.roll_back),
            "SignalResource": Operation(write=operations.reject_signal),
            "UpdateTerminationProtection": Operation(write=operations.set_termination_protection),
            "SetStackPolicy": self._with_inputs(operations.set_policy),
            "GetStackPolicy": Operation(read=operations.get_policy),
            "DescribeStacks": Operation(read=describe_stacks.describe_stacks),
            "ListStacks": Operation(read=describe_stacks.list_stacks),
            "DescribeStackEvents": Operation(read=describe_events.describe_stack_events),
            "DescribeEvents": Operation(read=describe_events.describe_events),
            "DescribeStackResource": Operation(read=describe_stacks.describe_resource),
            "DescribeStackResources": Operation(read=describe_stacks.describe_resources),
            "ListStackResources": Operation(read=describe_stacks.list_resources),
            "ListExports": Operation(read=describe_stacks.list_exports),
            "ListImports": Operation(read=describe_stacks.list_imports),
            "GetTemplate": Operation(read=template_operations.get_template),
            "GetTemplateSummary": self._with_inputs(template_operations.summarize_template),
            "ValidateTemplate": self._with_inputs(template_operations.validate_template),
            "CreateChangeSet": self._with_inputs(partial(create_change_set, self._parts)),
            "DescribeChangeSet": Operation(read=change_sets.describe),
            "ListChangeSets": Operation(read=change_sets.list),
            "DeleteChangeSet": Operation(write=change_sets.delete),
            "ExecuteChangeSet": self._with_inputs(change_sets.execute),
            "DetectStackDrift": self._with_inputs(drift.detect),
            "DetectStackResourceDrift": self._with_inputs(drift.detect_on_resource),
            "DescribeStackDriftDetectionStatus": Operation(read=drift_operations.describe_detection),
            "DescribeStackResourceDrifts": Operation(read=drift_operations.describe_resource_drifts),
            "ListStackSets": Operation(read=stack_sets.list_stack_sets),
            "CreateStackSet": Operation(write=stack_sets.reject_creation),
            **{name: Operation(read=stack_sets.reject_name) for name in stack_sets.READS},
            **{name: Operation(write=stack_sets.reject_name) for name in stack_sets.CHANGES},
            "FindMissingResources": self._with_inputs(self._find_missing_resources),
        }

    def _with_inputs(self, run: OperationWithInputs) -> Operation:
        """Return an operation that runs immediately, or again as soon as its missing inputs are available."""

        @wraps(run)
        def write(tx: Tx, caller: Caller, params: Json) -> Json:
            try:
                with undo_on_error(tx):
                    return run(tx, caller, params, self._inputs())
            except MissingInput:
                return self._input_fetcher.run_with_inputs(
                    lambda inputs: self._store.write(lambda tx: run(tx, caller, params, inputs))
                )

        return Operation(write=write)

    def _find_missing_resources(self, tx: Tx, caller: Caller, params: Json, inputs: ExternalInputs) -> Json:
        """Find the resources of a stack that were deleted, although the stack still has them."""
        stack = acting_for_engine(require_live_stack(tx, caller, params["StackName"]))
        return find_missing_resources(StackTurn(tx, stack, inputs, self._parts), params.get("After", ""))

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Run the next step of a stack's operation."""
        try:
            await self._input_fetcher.run_with_inputs(
                lambda inputs: self._store.write_with_retry(lambda tx: self._step(tx, row, inputs)), retries=True
            )
        except Exception:
            log.exception("the operation on stack %s failed with an unexpected error", row.subject)
            await self._store.write_with_retry(lambda tx: self._fail_operation(tx, row))

    def _step(self, tx: Tx, row: OutboxRow, inputs: ExternalInputs) -> None:
        stack = stacks.get(tx, row.subject) if outbox.delete(tx, row.id) else None
        if stack is None:
            return
        turn = StackTurn(tx, stack, inputs, self._parts)
        if "drift" in (row.body or {}):
            detect_drift.continue_detection(turn, row.body["drift"])
            return
        match stack.status:
            case "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS":
                create_resources.create_step(turn)
            case "IMPORT_IN_PROGRESS":
                import_resources.import_step(turn)
            case "DELETE_IN_PROGRESS" | "ROLLBACK_IN_PROGRESS":
                delete_and_roll_back.delete_step(turn)
            case "UPDATE_ROLLBACK_IN_PROGRESS":
                delete_and_roll_back.roll_back_step(turn)
            case "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS":
                delete_and_roll_back.clean_up_step(turn)

    def _fail_operation(self, tx: Tx, row: OutboxRow) -> None:
        """Fail the operation after an unexpected exception, so that the stack does not stay in progress for ever."""
        stack = stacks.get(tx, row.subject) if outbox.delete(tx, row.id) else None
        if "drift" in (row.body or {}):
            detect_drift.fail_detection(tx, row.body["drift"], "Internal Failure")
        elif stack is not None and is_in_progress(stack.status):
            verb = stack.status.removesuffix("_IN_PROGRESS").removesuffix("_COMPLETE_CLEANUP")
            self._parts.event_log.end_operation(tx, stack, f"{verb}_FAILED", "Internal Failure")

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Fail a stack whose creation took too long, or delete the rows of a stack that was deleted long ago."""
        stack = stacks.get(tx, timer.subject)
        if timer.name == retention.TIMER_NAME:
            retention.fire_timer(tx, timer)
        elif stack is not None and stack.status == "CREATE_IN_PROGRESS":
            turn = StackTurn(tx, stack, self._inputs(), self._parts)
            create_resources.fail_stack(turn, "Stack creation time exceeded the specified timeout. ")
