"""Step Functions as a service of the bus: its operations, by AWS's names."""

from collections.abc import Mapping

from lamplighter.base.world import World
from lamplighter.bus import Bus, Operation
from lamplighter.services.states import tags
from lamplighter.services.states.driver import SERVICE, Driver
from lamplighter.services.states.executions import Executions
from lamplighter.services.states.integrations import additions
from lamplighter.services.states.machines import Machines
from lamplighter.services.states.perform import Models, Performer
from lamplighter.services.states.tokens import Tokens
from lamplighter.store import frames
from lamplighter.store.db import Posted, Tx
from lamplighter.store.timers import Timer


class States:
    """The service."""

    name = SERVICE

    def __init__(self, bus: Bus, world: World, models: Models) -> None:
        self._bus = bus
        self._driver = Driver(bus, world, additions)
        self._performer = Performer(bus, world, self._driver, models)
        machines, executions = Machines(bus, world, self._driver), Executions(world, self._driver)
        tokens = Tokens(self._driver)
        self.operations: Mapping[str, Operation] = {
            "CreateStateMachine": Operation(write=machines.create),
            "DescribeStateMachine": Operation(read=machines.describe),
            "ListStateMachines": Operation(read=machines.list),
            "UpdateStateMachine": Operation(write=machines.update),
            "DeleteStateMachine": Operation(write=machines.delete),
            "DescribeStateMachineForExecution": Operation(read=machines.describe_for_execution),
            "StartExecution": Operation(write=executions.start),
            "DescribeExecution": Operation(read=executions.describe),
            "ListExecutions": Operation(read=executions.list),
            "StopExecution": Operation(write=executions.stop),
            "GetExecutionHistory": Operation(read=executions.history),
            "SendTaskSuccess": Operation(write=tokens.succeed),
            "SendTaskFailure": Operation(write=tokens.fail),
            "SendTaskHeartbeat": Operation(write=tokens.beat),
            "TagResource": Operation(write=tags.tag),
            "UntagResource": Operation(write=tags.untag),
            "ListTagsForResource": Operation(read=tags.tags),
        }

    async def perform(self, posted: Posted) -> None:
        """Do what the outbox says."""
        await self._performer.perform(posted)

    def ring(self, tx: Tx, timer: Timer) -> None:
        """A timer of an execution is due."""
        self._driver.ring(tx, timer)

    def forget(self) -> None:
        """Believe nothing that is not on disk."""
        self._driver.forget()

    async def start(self) -> None:
        """Go on with every execution that was cut off in the middle of a long step."""
        for key in frames.going(self._bus.store.reader):
            self._bus.store.keep(self._driver.resume(key))

    async def stop(self) -> None:
        """Nothing to let go of: all that is under way is on disk."""
