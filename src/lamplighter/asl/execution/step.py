"""One step while it is being worked out: the execution as it changes, and what the step will say and ask for.

Everything here lives for the length of one `advance`; a `Path` is a frame while it moves.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from operator import attrgetter

from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import Block, Definition, Map, Resource, State, Task
from lamplighter.asl.execution import history
from lamplighter.asl.execution.frame import Execution, FanOut, Frame, Phase
from lamplighter.asl.execution.messages import CancelMapRun, CancelTask, ClearTimer, Command, Finish, SetTimer
from lamplighter.asl.execution.state_errors import MAX_BYTES, MAX_EVENTS
from lamplighter.base.errors import LamplighterError, MayTakeLong
from lamplighter.base.json_text import Json
from lamplighter.base.world import World, iso


class HistoryFull(LamplighterError):
    """The execution has reached the longest history that AWS allows."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one event came to."""

    execution: Execution
    commands: tuple[Command, ...] = ()
    events: tuple[history.HistoryEvent, ...] = ()
    """What to append to the history."""
    redrive: Execution | None = None
    """Where an execution failed: from here a redrive goes on."""
    more: bool = False
    """Frames are ready: go on with `Resumed` when there is time."""

    @property
    def entries(self) -> tuple[bytes, ...]:
        """The events as JSON, made anew at each call: an execution that leaves no history pays for none."""
        return history.render_events(self.events)

    @property
    def finish(self) -> Finish | None:
        """How the execution ended, if it did."""
        last = self.commands[-1] if self.commands else None
        return last if isinstance(last, Finish) else None


RefusalReason = Callable[[Resource, Json], str | None]
"""From what a task calls and its parameters, why it cannot be begun; None where it can."""


def never_refuse(_resource: Resource, _parameters: Json) -> str | None:
    """Every task can be begun."""
    return None


FRAME_FIELDS = tuple(field.name for field in fields(Frame))
frame_values = attrgetter(*FRAME_FIELDS)
"""The values of a frame or a path, in the order of the fields."""


class MutableFrame:
    """A frame while it moves. Its fields are those of `Frame`."""

    __slots__ = (*FRAME_FIELDS, "came")

    id: int
    parent: int
    index: int
    block: int
    state: str
    phase: Phase
    input: Json
    text: str
    variables: Mapping[str, Json]
    previous: int
    entered: int
    entered_at: int
    retries: tuple[int, ...]
    number: int
    submitted: bool
    timeout: int
    heartbeat: int
    beat: int
    token: str | None
    fan: FanOut | None
    items: Sequence[Json] | None
    map_run: str | None
    map_redrives: int

    def __init__(self, frame: Frame) -> None:
        for name, value in zip(FRAME_FIELDS, frame_values(frame), strict=True):
            setattr(self, name, value)
        self.came = frame.previous
        """The id of the event before the state was entered."""

    def freeze(self) -> Frame:
        """The frame that it has come to be."""
        return Frame(*frame_values(self))


@dataclass(frozen=True, slots=True)
class BlockEnd:
    """A path came to the end of its block, well or with an error."""

    path: MutableFrame
    output: str = ""
    """JSON text."""
    failed: bool = False
    error: str | None = None
    cause: str | None = None


TOO_MUCH = "0"
"""Stands for an output that its state cannot carry beside the others."""


class StepBuilder:
    """The execution as it changes."""

    def __init__(
        self, definition: Definition, execution: Execution, world: World, refuses: RefusalReason = never_refuse
    ) -> None:
        self.definition = definition
        self.execution = execution
        self.world = world
        self.refuses = refuses
        self.now = world.now()
        self.event = execution.event
        self.counter = execution.counter
        self.frame = execution.frame
        self.timer = execution.timer
        self.frames: dict[int, Frame] = dict(execution.frames)
        self.moving: dict[int, MutableFrame] = {}
        self.results: dict[int, Mapping[int, str]] = dict(execution.results)
        self.own_results: dict[int, dict[int, str]] = {}
        """Those of `results` that this run made, and may change."""
        self.sizes: dict[int, int] = {}
        """How long all of `own_results` are together, by parent."""
        self.ready: list[int] = runnable_frames(execution.frames)
        """Ids of the frames that can go on, the next one last."""
        self.ended: list[BlockEnd] = []
        self.commands: list[Command] = []
        self.events: list[history.HistoryEvent] = []
        self.written = 0
        """Characters of the inputs, outputs, variables and parameters in the events."""
        self.finish: Finish | None = None
        self.failing: tuple[Mapping[int, Frame], Mapping[int, Mapping[int, str]]] | None = None
        """Frames and results as they were when an error arose that nothing has handled yet."""

    def add_event(self, previous: int, kind: str, field: str | None = None, details: Json = None) -> int:
        """Write an event into the history; its id."""
        if self.event >= MAX_EVENTS - 1:
            raise HistoryFull
        return self.add_terminal_event(previous, kind, field, details)

    def add_terminal_event(self, previous: int, kind: str, field: str | None = None, details: Json = None) -> int:
        """Write the event that ends the history."""
        self.event += 1
        self.events.append((self.event, previous, self.now, kind, field, details))
        return self.event

    def next_number(self) -> int:
        """A new name for a piece of work or a timer."""
        self.counter += 1
        return self.counter

    def open_frame(self, id: int) -> MutableFrame:  # noqa: A002 - it is one
        """A frame, to be moved."""
        path = self.moving.get(id)
        if path is None:
            path = self.moving[id] = MutableFrame(self.frames[id])
        return path

    def start_child(
        self, parent: MutableFrame, index: int, block: Block, document: tuple[Json, str], previous: int
    ) -> MutableFrame:
        """A new path at the start of a block; its input as a value and as text."""
        self.frame += 1
        frame = Frame(
            id=self.frame,
            parent=parent.id,
            index=index,
            block=block.number,
            state=block.start,
            phase=Phase.READY,
            input=document[0],
            text=document[1],
            variables=parent.variables,
            previous=previous,
        )
        return self.add_frame(frame)

    def add_frame(self, frame: Frame) -> MutableFrame:
        """Take up a new frame."""
        self.frames[frame.id] = frame
        return self.open_frame(frame.id)

    def remove_frame(self, path: MutableFrame) -> None:
        """The path is at its end."""
        self.frames.pop(path.id, None)
        self.moving.pop(path.id, None)

    def state(self, path: MutableFrame) -> State:
        """The state that a path is in; raises MayTakeLong where it is long, and nobody must wait here."""
        state = self.definition.short.get(path.state)
        if state is not None:
            return state
        if not self.world.may_block and path.state in self.definition.long:
            raise MayTakeLong(path.state)
        return self.definition.states[path.state]

    def scope(self, path: MutableFrame, item: tuple[int, Json] | None = None) -> Scope:
        """What the path's state sees; `item`: as the ItemSelector of a Map sees it."""
        return Scope(path.state, path.input, path.variables, lambda: self.context(path, item), self.world)

    def context(self, path: MutableFrame, item: tuple[int, Json] | None = None) -> Json:
        """The context object.

        See https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html.
        """
        execution = self.execution
        context: dict[str, Json] = {
            "Execution": {
                "Id": execution.arn,
                "Input": execution.input,
                "StartTime": iso(execution.start),
                "Name": execution.name,
                "RoleArn": execution.role,
                "RedriveCount": execution.redrives,
            },
            "StateMachine": {"Id": execution.machine, "Name": execution.machine_name},
            "State": {"Name": path.state, "EnteredTime": iso(path.entered_at)},
        }
        if isinstance(self.state(path), Task):
            context["State"]["RetryCount"] = sum(path.retries)
        if path.token is not None:
            context["Task"] = {"Token": path.token}
        found = item or self._item(path)
        if found is not None:
            context["Map"] = {"Item": {"Index": found[0], "Value": found[1]}}
        return context

    def _item(self, path: MutableFrame) -> tuple[int, Json] | None:
        """The item of the innermost Map around a path."""
        index, parent = path.index, path.parent
        while parent:
            frame = self.moving.get(parent) or self.frames[parent]
            if frame.items is not None:
                return index, frame.items[index]
            index, parent = frame.index, frame.parent
        return None

    def keep_result(self, parent: MutableFrame, index: int, output: str) -> None:
        """Remember what a child came to; beyond what a state can carry only that there was more.

        The state fails when all its children are done, and a redrive goes the same way: until then, and when all that
        is forgotten, hundreds of megabytes would be moved for nothing.
        """
        mine = self.own_results.get(parent.id)
        if mine is None or self.results.get(parent.id) is not mine:
            mine = self.own_results[parent.id] = dict(self.results.get(parent.id, {}))
            self.results[parent.id] = mine
            self.sizes[parent.id] = sum(map(len, mine.values()))
        mine[index] = output if self.sizes[parent.id] <= MAX_BYTES else TOO_MUCH
        self.sizes[parent.id] += len(mine[index])

    def set_timer(self, path: MutableFrame, milliseconds: int, *, elapsed: bool = True) -> int:
        """Set a timer for a path; its number. `elapsed`: in so many milliseconds; else at that instant."""
        number = self.next_number()
        due = self.world.monotonic() + milliseconds if elapsed else milliseconds
        self.commands.append(SetTimer(path.id, number, due, elapsed))
        return number

    def clear_timers(self, path: MutableFrame) -> None:
        """Take back what a path waits for on the clock."""
        numbers = [path.timeout, path.heartbeat]
        if path.phase in (Phase.WAITING, Phase.RETRYING):
            numbers.append(path.number)
        self.commands += [ClearTimer(path.id, number) for number in numbers if number]
        path.timeout = path.heartbeat = path.beat = 0

    def clear_wait(self, path: MutableFrame) -> None:
        """What a path waited for has come: it waits for nothing now."""
        self.clear_timers(path)
        path.phase = Phase.READY

    def cancel_wait(self, path: MutableFrame) -> None:
        """Call off whatever a path waits for."""
        state = self.state(path)
        if path.phase is Phase.WORKING and isinstance(state, Task):
            self.commands.append(CancelTask(path.id, path.number, state.resource))
        elif path.phase is Phase.WORKING:
            self.commands.append(CancelMapRun(path.id, path.number))
        self.clear_wait(path)

    def descendants(self, id: int) -> Iterator[MutableFrame]:  # noqa: A002 - it is one
        """All paths under a frame, the older first."""
        for child in sorted(key for key, frame in self.frames.items() if frame.parent == id):
            yield self.open_frame(child)
            yield from self.descendants(child)

    def is_map(self, path: MutableFrame) -> bool:
        """Whether a path is in a Map state."""
        return isinstance(self.state(path), Map)

    def keep_for_redrive(self) -> None:
        """An error has arisen: if nothing handles it, a redrive goes on from here."""
        if self.failing is None:
            frames = {
                key: self.moving[key].freeze() if key in self.moving else frame for key, frame in self.frames.items()
            }
            self.failing = frames, {key: dict(outputs) for key, outputs in self.results.items()}

    def discard_redrive(self) -> None:
        """The error is retried or caught."""
        self.failing = None

    def end_execution(
        self, status: str, output: str | None = None, error: str | None = None, cause: str | None = None
    ) -> None:
        """The execution is over: nothing of it is left, but what a redrive needs."""
        if status != "SUCCEEDED":
            self.keep_for_redrive()
        for key in list(self.frames):
            path = self.open_frame(key)
            if path.phase is Phase.WORKING:
                self.cancel_wait(path)
        self.frames, self.moving, self.results, self.ready, self.ended = {}, {}, {}, [], []
        self.finish = Finish(status, output, error, cause)
        self.commands = [command for command in self.commands if not isinstance(command, (SetTimer, ClearTimer))]
        self.commands.append(self.finish)

    def build_step(self) -> Step:
        """What it came to."""
        for key, path in self.moving.items():
            self.frames[key] = path.freeze()
        execution = replace(
            self.execution,
            status=self.finish.status if self.finish else self.execution.status,
            counter=self.counter,
            event=self.event,
            frame=self.frame,
            timer=0 if self.finish else self.timer,
            frames=self.frames,
            results=self.results,
        )
        redrive = None
        if self.finish is not None and self.finish.status != "SUCCEEDED" and self.failing is not None:
            redrive = replace(execution, status="RUNNING", frames=self.failing[0], results=self.failing[1])
        return Step(execution, tuple(self.commands), tuple(self.events), redrive, more=bool(self.ready))


RUNNABLE: Sequence[Phase] = (Phase.READY, Phase.AGAIN, Phase.GATHERED, Phase.STARTING)
"""Phases in which a frame needs nothing from the world to go on."""


def runnable_frames(frames: Mapping[int, Frame]) -> list[int]:
    """The frames that can go on, the next one last: the older first, and further branches after all that has begun."""
    found = [key for key in sorted(frames, reverse=True) if frames[key].phase in RUNNABLE]
    return sorted(found, key=lambda key: frames[key].phase is not Phase.STARTING)
