"""Step Functions as a service of the bus: its operations, by AWS's names."""

from collections.abc import Mapping
from functools import partial

from botocore.model import ServiceModel

from lamplighter.asl.execution.messages import Broken
from lamplighter.base.world import World
from lamplighter.bus import Bus, Operation, Service
from lamplighter.isolation.port import Isolation
from lamplighter.outbound.aws import RemoteServices
from lamplighter.outbound.port import Web
from lamplighter.services.states import outbox_rows, tags
from lamplighter.services.states.activities.activities import Activities
from lamplighter.services.states.activities.activity_polls import ActivityPolls
from lamplighter.services.states.activities.task_tokens import TaskTokens
from lamplighter.services.states.calls.held_timeouts import HeldTimeouts
from lamplighter.services.states.calls.http_tasks import HttpTasks
from lamplighter.services.states.calls.integrations import added_parameters
from lamplighter.services.states.calls.sync_calls import Models
from lamplighter.services.states.calls.task_calls import TaskCaller
from lamplighter.services.states.executions import execution_metrics
from lamplighter.services.states.executions.driver import Driver
from lamplighter.services.states.executions.executions import Executions
from lamplighter.services.states.executions.express import ExpressExecutions
from lamplighter.services.states.executions.redrive import Redrives
from lamplighter.services.states.machines.aliases import Aliases
from lamplighter.services.states.machines.state_machines import StateMachines
from lamplighter.services.states.machines.validate_definition import DefinitionValidator
from lamplighter.services.states.machines.versions import Versions
from lamplighter.services.states.map_runs.child_executions import ChildExecutions
from lamplighter.services.states.map_runs.item_reader import ItemReaderRunner
from lamplighter.services.states.map_runs.map_runs import MapRuns
from lamplighter.services.states.map_runs.result_writer import ResultWriterRunner
from lamplighter.services.states.outbox_rows import SERVICE, CancelCall, PollCall, ReadItems, StartCall, WriteResults
from lamplighter.services.states.tables import frames
from lamplighter.services.states.test_state.operation import StateTester
from lamplighter.store import outbox
from lamplighter.store.db import OutboxRow, Tx
from lamplighter.store.timers import Timer


class States(Service):
    """The service."""

    name = SERVICE

    def __init__(
        self, bus: Bus, world: World, models: Models, remote: RemoteServices, web: Web, isolation: Isolation
    ) -> None:
        self._bus = bus
        self._driver = Driver(bus, world, added_parameters, isolation)
        https = HttpTasks(bus, web)
        polls = ActivityPolls(bus.store, self._driver)
        self._task_caller = TaskCaller(bus, world, self._driver, models, polls, remote, https)
        express = ExpressExecutions(bus, world, self._driver)
        known = partial(self._model, models, remote)
        definitions = DefinitionValidator(bus, remote, known)
        machines, executions = StateMachines(bus, world, definitions), Executions(world, self._driver, express)
        state_tester = StateTester(world, self._task_caller, definitions, known, isolation)
        versions, aliases = Versions(world), Aliases(world)
        activities, tokens = Activities(world), TaskTokens(self._driver)
        self._children = ChildExecutions(bus, world, self._driver, isolation)
        self._item_reader = ItemReaderRunner(bus.store, world, self._children, remote)
        self._result_writer = ResultWriterRunner(bus.store, world, self._children, remote)
        map_runs = MapRuns(self._children)
        holding = HeldTimeouts(self._driver)
        self.operations: Mapping[str, Operation] = {
            "CreateStateMachine": Operation(write=machines.create, prepare=machines.prepare_create),
            "DescribeStateMachine": Operation(read=machines.describe, prepare=machines.prepare_describe),
            "ListStateMachines": Operation(read=machines.list),
            "UpdateStateMachine": Operation(write=machines.update, prepare=machines.prepare_update),
            "DeleteStateMachine": Operation(write=machines.delete),
            "DescribeStateMachineForExecution": Operation(
                read=machines.describe_for_execution, prepare=machines.prepare_describe_for_execution
            ),
            "ValidateStateMachineDefinition": Operation(read=definitions.validate, prepare=definitions.prepare),
            "PublishStateMachineVersion": Operation(write=versions.publish),
            "ListStateMachineVersions": Operation(read=versions.list),
            "DeleteStateMachineVersion": Operation(write=versions.delete),
            "CreateStateMachineAlias": Operation(write=aliases.create),
            "UpdateStateMachineAlias": Operation(write=aliases.update),
            "DescribeStateMachineAlias": Operation(read=aliases.describe),
            "DeleteStateMachineAlias": Operation(write=aliases.delete),
            "ListStateMachineAliases": Operation(read=aliases.list),
            "TestState": Operation(read=state_tester.test),
            "StartExecution": Operation(write=executions.start),
            "StartSyncExecution": Operation(read=express.start_sync),
            "DescribeExecution": Operation(read=executions.describe),
            "ListExecutions": Operation(read=executions.list),
            "RedriveExecution": Operation(write=Redrives(world, self._driver).redrive),
            "StopExecution": Operation(write=executions.stop),
            "GetExecutionHistory": Operation(read=executions.history),
            # No operation of AWS's: AWS lists no executions of a state machine that is deleted.
            "ListKeptExecutions": Operation(read=executions.list_kept),
            "ListRemovedMachines": Operation(read=executions.list_removed_machines),
            # No operation of AWS's: CloudWatch asks what it measures there.
            "MeasureExecutions": Operation(read=execution_metrics.measure_executions),
            # No operations of AWS's: ECS holds the time of tasks that wait for a runtime that does not answer.
            "HoldTimeouts": Operation(write=holding.hold),
            "ReleaseTimeouts": Operation(write=holding.release),
            "DescribeMapRun": Operation(read=map_runs.describe),
            "ListMapRuns": Operation(read=map_runs.list),
            "UpdateMapRun": Operation(write=map_runs.update),
            "CreateActivity": Operation(write=activities.create),
            "DescribeActivity": Operation(read=activities.describe),
            "ListActivities": Operation(read=activities.list),
            "DeleteActivity": Operation(write=activities.delete),
            "GetActivityTask": Operation(read=polls.poll),
            "SendTaskSuccess": Operation(write=tokens.succeed),
            "SendTaskFailure": Operation(write=tokens.fail),
            "SendTaskHeartbeat": Operation(write=tokens.beat),
            "TagResource": Operation(write=tags.tag),
            "UntagResource": Operation(write=tags.untag),
            "ListTagsForResource": Operation(read=tags.list_tags),
        }

    def _model(self, models: Models, remote: RemoteServices, service: str) -> ServiceModel | None:
        return models(service) if self._bus.serves_any(service) or remote.exists(service) else None

    async def handle_outbox_row(self, posted: OutboxRow) -> None:
        """Do what the outbox says; end an execution whose row cannot be read."""
        match outbox_rows.read(posted):
            case ReadItems() as row:
                await self._item_reader.handle_row(posted.id, row)
            case WriteResults() as row:
                await self._result_writer.handle_row(posted.id, row)
            case StartCall() as row:
                await self._task_caller.start(posted.id, row)
            case PollCall() | CancelCall() as row:
                await self._task_caller.sync_calls.handle_row(posted.id, row)
            case None:
                await self._bus.store.write_with_retry(lambda tx: self._end_unreadable(tx, posted))

    def _end_unreadable(self, tx: Tx, posted: OutboxRow) -> None:
        if outbox.delete(tx, posted.id):
            self._driver.send_event(tx, int(posted.subject), Broken(f"row {posted.id} of the outbox cannot be read"))

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """A timer of an execution is due."""
        self._driver.fire_timer(tx, timer)

    def drop_caches(self) -> None:
        """Believe nothing that is not on disk."""
        self._driver.drop_caches()

    async def start(self) -> None:
        """Go on with every execution and Map Run that was cut off in the middle of something long."""
        isolated = self._driver.isolated
        await isolated.start()
        for key in frames.unfinished_executions(self._bus.store.reader):
            if not isolated.holds(key):
                self._bus.store.write_in_background(self._driver.resume(key))
        self._children.resume()

    async def stop(self) -> None:
        """Break off steps that are made elsewhere; all that is under way is on disk."""
        await self._driver.isolated.stop()
        await self._children.selections.stop()
