"""Step Functions as a service of the bus: its operations, by AWS's names."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from botocore.model import ServiceModel

from lamplighter.base.world import World
from lamplighter.bus import Bus, Operation
from lamplighter.isolation.port import Isolation
from lamplighter.outbound.aws import RemoteServices
from lamplighter.outbound.port import Web
from lamplighter.services.states import tags
from lamplighter.services.states.activities.activities import Activities
from lamplighter.services.states.activities.activity_polls import Polls
from lamplighter.services.states.activities.task_tokens import Tokens
from lamplighter.services.states.calls.held_timeouts import Holding
from lamplighter.services.states.calls.http_tasks import Https
from lamplighter.services.states.calls.integrations import additions
from lamplighter.services.states.calls.sync_calls import Models
from lamplighter.services.states.calls.task_calls import Performer
from lamplighter.services.states.executions import execution_metrics
from lamplighter.services.states.executions.driver import SERVICE, Driver
from lamplighter.services.states.executions.executions import Executions
from lamplighter.services.states.executions.express import Express
from lamplighter.services.states.executions.redrive import Redrives
from lamplighter.services.states.machines.aliases import Aliases
from lamplighter.services.states.machines.state_machines import Machines
from lamplighter.services.states.machines.validate_definition import Definitions
from lamplighter.services.states.machines.versions import Versions
from lamplighter.services.states.map_runs.child_executions import Children
from lamplighter.services.states.map_runs.item_reader import Reader
from lamplighter.services.states.map_runs.map_runs import MapRuns
from lamplighter.services.states.map_runs.result_writer import Writer
from lamplighter.services.states.tables import frames
from lamplighter.services.states.test_state.operation import Prober
from lamplighter.store.db import Posted, Tx
from lamplighter.store.timers import Timer


class States:
    """The service."""

    name = SERVICE

    def __init__(
        self, bus: Bus, world: World, models: Models, remote: RemoteServices, web: Web, isolation: Isolation
    ) -> None:
        self._bus = bus
        self._driver = Driver(bus, world, additions, isolation)
        https = Https(bus, web)
        polls = Polls(bus.store, self._driver)
        self._performer = Performer(bus, world, self._driver, models, polls, remote, https)
        express = Express(bus, world, self._driver)
        known = partial(self._model, models, remote)
        definitions = Definitions(bus, remote, known)
        machines, executions = Machines(bus, world, definitions), Executions(world, self._driver, express)
        prober = Prober(world, self._performer, definitions, known, isolation)
        versions, aliases = Versions(world), Aliases(world)
        activities, tokens = Activities(world), Tokens(self._driver)
        self._children = Children(bus, world, self._driver, isolation)
        self._performers: Mapping[str, Callable[[Posted], Awaitable[None]]] = {
            "read": Reader(bus.store, world, self._children, remote).perform,
            "write": Writer(bus.store, world, self._children, remote).perform,
        }
        map_runs = MapRuns(self._children)
        holding = Holding(self._driver)
        self.operations: Mapping[str, Operation] = {
            "CreateStateMachine": Operation(write=machines.create, prepare=machines.create_ahead),
            "DescribeStateMachine": Operation(read=machines.describe, prepare=machines.describe_ahead),
            "ListStateMachines": Operation(read=machines.list),
            "UpdateStateMachine": Operation(write=machines.update, prepare=machines.update_ahead),
            "DeleteStateMachine": Operation(write=machines.delete),
            "DescribeStateMachineForExecution": Operation(
                read=machines.describe_for_execution, prepare=machines.describe_for_execution_ahead
            ),
            "ValidateStateMachineDefinition": Operation(read=definitions.validate, prepare=definitions.ahead),
            "PublishStateMachineVersion": Operation(write=versions.publish),
            "ListStateMachineVersions": Operation(read=versions.list),
            "DeleteStateMachineVersion": Operation(write=versions.delete),
            "CreateStateMachineAlias": Operation(write=aliases.create),
            "UpdateStateMachineAlias": Operation(write=aliases.update),
            "DescribeStateMachineAlias": Operation(read=aliases.describe),
            "DeleteStateMachineAlias": Operation(write=aliases.delete),
            "ListStateMachineAliases": Operation(read=aliases.list),
            "TestState": Operation(read=prober.test),
            "StartExecution": Operation(write=executions.start),
            "StartSyncExecution": Operation(read=express.start_sync),
            "DescribeExecution": Operation(read=executions.describe),
            "ListExecutions": Operation(read=executions.list),
            "RedriveExecution": Operation(write=Redrives(world, self._driver).redrive),
            "StopExecution": Operation(write=executions.stop),
            "GetExecutionHistory": Operation(read=executions.history),
            # No operation of AWS's: AWS lists no executions of a state machine that is deleted.
            "ListKeptExecutions": Operation(read=executions.kept),
            "ListRemovedMachines": Operation(read=executions.removed),
            # No operation of AWS's: CloudWatch asks what it measures there.
            "MeasureExecutions": Operation(read=execution_metrics.measure),
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
            "ListTagsForResource": Operation(read=tags.tags),
        }

    def _model(self, models: Models, remote: RemoteServices, service: str) -> ServiceModel | None:
        return models(service) if self._bus.serves_any(service) or remote.exists(service) else None

    async def perform(self, posted: Posted) -> None:
        """Do what the outbox says."""
        kind = posted.body["do"] if posted.body else ""
        await self._performers.get(kind, self._performer.perform)(posted)

    def ring(self, tx: Tx, timer: Timer) -> None:
        """A timer of an execution is due."""
        self._driver.ring(tx, timer)

    def forget(self) -> None:
        """Believe nothing that is not on disk."""
        self._driver.forget()

    async def start(self) -> None:
        """Go on with every execution and Map Run that was cut off in the middle of something long."""
        isolated = self._driver.isolated
        await isolated.start()
        for key in frames.going(self._bus.store.reader):
            if not isolated.holds(key):
                self._bus.store.keep(self._driver.resume(key))
        self._children.resume()

    async def stop(self) -> None:
        """Break off steps that are made elsewhere; all that is under way is on disk."""
        await self._driver.isolated.stop()
        await self._children.selections.stop()
