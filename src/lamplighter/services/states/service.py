"""Register Step Functions on the bus: its operations by their AWS names, its timers and its outbox rows."""

from collections.abc import Mapping

from lamplighter.asl.execution.messages import Broken
from lamplighter.base.world import World
from lamplighter.bus import Bus, Operation, Service
from lamplighter.isolation.port import Isolation
from lamplighter.outbound.aws import RemoteServices
from lamplighter.outbound.port import Http
from lamplighter.services.states import outbox_rows, tags
from lamplighter.services.states.activities import activities
from lamplighter.services.states.activities.activity_polls import ActivityPolls
from lamplighter.services.states.activities.task_tokens import TaskTokens
from lamplighter.services.states.calls.calls_in_step import CallsInStep
from lamplighter.services.states.calls.held_timeouts import HeldTimeouts
from lamplighter.services.states.calls.service_calls import ServiceCalls
from lamplighter.services.states.calls.sync_calls import SyncCalls
from lamplighter.services.states.calls.task_calls import TaskCaller
from lamplighter.services.states.executions import execution_metrics, list_runs, search_runs
from lamplighter.services.states.executions.driver import Driver
from lamplighter.services.states.executions.executions import Executions
from lamplighter.services.states.executions.express import ExpressExecutions
from lamplighter.services.states.integrations.http_tasks import HttpTasks
from lamplighter.services.states.integrations.integrations import FindModel, Models, added_parameters
from lamplighter.services.states.machines import aliases, search_machines, versions
from lamplighter.services.states.machines.state_machines import StateMachines
from lamplighter.services.states.machines.validate_definition import DefinitionValidator
from lamplighter.services.states.map_runs import map_run_items
from lamplighter.services.states.map_runs.map_runs import MapRuns
from lamplighter.services.states.map_runs.read_s3_items import S3Threads
from lamplighter.services.states.map_runs.result_writer import ResultWriterRunner
from lamplighter.services.states.map_runs.store_items import ItemReaderRunner
from lamplighter.services.states.outbox_rows import SERVICE, CancelCall, PollCall, ReadItems, StartCall, WriteResults
from lamplighter.services.states.steps.redrive import Redrives
from lamplighter.services.states.test_state.operation import StateTester
from lamplighter.store import outbox
from lamplighter.store.db import OutboxRow, Tx
from lamplighter.store.timers import Timer


class States(Service):
    """The Step Functions service."""

    name = SERVICE

    def __init__(
        self,
        bus: Bus,
        world: World,
        models: Models,
        find_model: FindModel,
        remote: RemoteServices,
        web: Http,
        isolation: Isolation,
    ) -> None:
        self._bus = bus
        calls = ServiceCalls(bus, world, models, remote, HttpTasks(bus, web))
        calls_in_step = CallsInStep(bus, world, calls)
        self._driver = Driver(bus, world, added_parameters, isolation, calls.refusal_reason, calls_in_step)
        polls = ActivityPolls(bus.store, self._driver)
        self._sync_calls = SyncCalls(bus, self._driver, models, remote)
        self._task_caller = TaskCaller(bus, self._driver, polls, calls, self._sync_calls)
        express = ExpressExecutions(bus, world, self._driver)
        definitions = DefinitionValidator(bus, remote, find_model)
        machines, executions = StateMachines(bus, world, definitions), Executions(world, self._driver, express)
        state_tester = StateTester(world, calls, definitions, find_model, isolation)
        tokens = TaskTokens(self._driver)
        s3_threads = S3Threads()
        self._item_reader = ItemReaderRunner(bus, world, self._driver.map_runs, remote, s3_threads)
        self._result_writer = ResultWriterRunner(bus, world, self._driver.map_runs, remote, s3_threads)
        map_runs = MapRuns(self._driver.map_runs)
        held_timeouts = HeldTimeouts(self._driver.pending_work)
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
            "PublishStateMachineVersion": Operation(write=versions.publish_version),
            "ListStateMachineVersions": Operation(read=versions.list_versions),
            "DeleteStateMachineVersion": Operation(write=versions.delete_version),
            "CreateStateMachineAlias": Operation(write=aliases.create_alias),
            "UpdateStateMachineAlias": Operation(write=aliases.update_alias),
            "DescribeStateMachineAlias": Operation(read=aliases.describe_alias),
            "DeleteStateMachineAlias": Operation(write=aliases.delete_alias),
            "ListStateMachineAliases": Operation(read=aliases.list_aliases),
            "TestState": Operation(read=state_tester.test),
            "StartExecution": Operation(write=executions.start),
            "StartSyncExecution": Operation(read=express.start_sync),
            "DescribeExecution": Operation(read=executions.describe),
            "ListExecutions": Operation(read=executions.list),
            "RedriveExecution": Operation(write=Redrives(self._driver).redrive),
            "StopExecution": Operation(write=executions.stop),
            "GetExecutionHistory": Operation(read=executions.history),
            # Not AWS operations: AWS lists neither the executions of a deleted state machine nor those of all machines.
            "ListKeptExecutions": Operation(read=executions.list_kept),
            "ListRemovedMachines": Operation(read=executions.list_removed_machines),
            "ListRuns": Operation(read=list_runs.list_runs),
            "ListLatestRuns": Operation(read=list_runs.list_latest_runs),
            "ListNightRuns": Operation(read=list_runs.list_night_runs),
            "ListUsualDurations": Operation(read=list_runs.list_usual_durations),
            "SearchRuns": Operation(read=search_runs.search_runs),
            "SearchStateMachines": Operation(read=search_machines.search_machines),
            "FindRepetitions": Operation(read=list_runs.find_repetitions),
            "ListWaitingRuns": Operation(read=list_runs.list_waiting_runs),
            "FindTaskRuns": Operation(read=list_runs.find_task_runs),
            # Not an AWS operation: CloudWatch reads its metrics of executions with it.
            "MeasureExecutions": Operation(read=execution_metrics.measure_executions),
            # Not AWS operations: ECS holds the timeouts of tasks that wait for a runtime that does not answer.
            "HoldTimeouts": Operation(write=held_timeouts.hold),
            "ReleaseTimeouts": Operation(write=held_timeouts.release),
            "DescribeMapRun": Operation(read=map_runs.describe),
            "ListMapRuns": Operation(read=map_runs.list),
            "UpdateMapRun": Operation(write=map_runs.update),
            # Not AWS operations: AWS tells neither the index of an item nor the state in which it is.
            "ListMapRunItems": Operation(read=map_run_items.list_items),
            "CountMapRunStates": Operation(read=map_run_items.count_states),
            "CreateActivity": Operation(write=activities.create_activity),
            "DescribeActivity": Operation(read=activities.describe_activity),
            "ListActivities": Operation(read=activities.list_activities),
            "DeleteActivity": Operation(write=activities.delete_activity),
            "GetActivityTask": Operation(read=polls.poll),
            "SendTaskSuccess": Operation(write=tokens.succeed),
            "SendTaskFailure": Operation(write=tokens.fail),
            "SendTaskHeartbeat": Operation(write=tokens.heartbeat),
            **tags.OPERATIONS.by_name(),
        }

    async def handle_outbox_row(self, outbox_row: OutboxRow) -> None:
        """Process an outbox row; end the execution if its row cannot be read."""
        match outbox_rows.read(outbox_row):
            case ReadItems() as row:
                await self._item_reader.handle_row(outbox_row.id, row)
            case WriteResults() as row:
                await self._result_writer.handle_row(outbox_row.id, row)
            case StartCall() as row:
                await self._task_caller.start(outbox_row.id, row)
            case PollCall() | CancelCall() as row:
                await self._sync_calls.handle_row(outbox_row.id, row)
            case None:
                await self._bus.store.write_with_retry(lambda tx: self._end_unreadable(tx, outbox_row))

    def _end_unreadable(self, tx: Tx, row: OutboxRow) -> None:
        if outbox.delete(tx, row.id):
            self._driver.send_event(tx, int(row.subject), Broken(f"row {row.id} of the outbox cannot be read"))

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Send the event of a due timer to its execution."""
        self._driver.fire_timer(tx, timer)

    def drop_caches(self) -> None:
        """Drop everything in memory that the database may not contain."""
        self._driver.drop_caches()

    async def start(self) -> None:
        """Continue every execution and Map Run that an earlier engine left unfinished."""
        await self._driver.resume_all()

    async def stop(self) -> None:
        """Stop the steps and selections that run in separate processes; the next engine repeats them."""
        await self._driver.stop()
