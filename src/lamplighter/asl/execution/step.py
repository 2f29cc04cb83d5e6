"""Build one step: the changed execution, its new history events and its commands.

All objects of this module except `Step` exist only during one `advance`. A `MutableFrame` is a frame that can change.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from operator import attrgetter

from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import Block, Definition, Resource, State, Task
from lamplighter.asl.execution import history
from lamplighter.asl.execution.frame import ChildProgress, Execution, Frame, Phase
from lamplighter.asl.execution.messages import (
    CallAnswer,
    CancelMapRun,
    CancelTask,
    ClearTimer,
    Command,
    Finish,
    SetTimer,
    StartTask,
    TaskFailed,
    TaskSucceeded,
)
from lamplighter.asl.execution.state_errors import MAX_BYTES
from lamplighter.base.errors import LamplighterError, UnboundedWork
from lamplighter.base.json_text import Json
from lamplighter.base.world import World, format_iso_time

MAX_EVENTS = 25_000
"""The most events in a history. Event 25,000 reports that the execution failed because of them."""


class HistoryFull(LamplighterError):
    """The history has room for one more event, the last."""

    def __init__(self) -> None:
        super().__init__(f"The execution reached the maximum number of history events ({MAX_EVENTS}).")


@dataclass(frozen=True, slots=True)
class Step:
    """The result of one event: the changed execution, its commands and its history events."""

    execution: Execution
    commands: tuple[Command, ...] = ()
    events: tuple[history.HistoryEvent, ...] = ()
    """The events to append to the history."""
    redrive: Execution | None = None
    """The execution as it was at its failure, from where a redrive continues; None unless it failed."""
    has_ready_frames: bool = False
    """True if frames are ready; the caller then sends `Resumed` in a later turn."""

    @property
    def entries(self) -> tuple[bytes, ...]:
        """The events as JSON; each read renders them, so that an execution without a history does no work for them."""
        return history.render_events(self.events)

    def dated(self, time: int) -> "Step":
        """Return the step with events that happened at a time."""
        return replace(self, events=tuple((*each[:2], time, *each[3:]) for each in self.events))

    @property
    def finish(self) -> Finish | None:
        """The command that ends the execution, or None."""
        last = self.commands[-1] if self.commands else None
        return last if isinstance(last, Finish) else None


RefusalReason = Callable[[Resource, Json], str | None]
"""A function that takes a task's resource and parameters and returns why the task must not start, or None."""


def never_refuse(_resource: Resource, _parameters: Json) -> str | None:
    """Return None: every task may start."""
    return None


MakeCall = Callable[[StartTask], CallAnswer | None]
"""A function that makes a task's call within the step and returns the answer; None if the call has to wait for the
step's commit. The step then contains the command `StartTask`."""


def call_after_commit(_task: StartTask) -> None:
    """Return None: every call waits for the commit."""


FRAME_FIELDS = tuple(field.name for field in fields(Frame))
frame_values = attrgetter(*FRAME_FIELDS)
"""A function that returns the values of a `Frame` or `MutableFrame` in the order of the fields."""


class MutableFrame:
    """A frame that can change; it has the fields of `Frame`."""

    __slots__ = (*FRAME_FIELDS, "event_before_entry")

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
    fan: ChildProgress | None
    items: Sequence[Json] | None
    map_run: str | None
    map_redrives: int

    def __init__(self, frame: Frame) -> None:
        for name, value in zip(FRAME_FIELDS, frame_values(frame), strict=True):
            setattr(self, name, value)
        self.event_before_entry = frame.previous
        """The id of the last event before the state was entered."""

    def freeze(self) -> Frame:
        """Return an immutable frame with the present values."""
        return Frame(*frame_values(self))


@dataclass(frozen=True, slots=True)
class BlockEnd:
    """A path has reached the end of its block, with an output or with an error."""

    path: MutableFrame
    output: str = ""
    """The output as JSON text."""
    document: Json = None
    """The output as a value."""
    failed: bool = False
    error: str | None = None
    cause: str | None = None


OUTPUT_SUBSTITUTE = "0"
"""Replaces an output after the outputs of the other children are already too large together."""


class StepBuilder:
    """A mutable copy of the execution, from which one step is built."""

    def __init__(
        self,
        definition: Definition,
        execution: Execution,
        world: World,
        refusal_reason: RefusalReason = never_refuse,
        make_call: MakeCall = call_after_commit,
    ) -> None:
        self.definition = definition
        self.execution = execution
        self.world = world
        self.refusal_reason = refusal_reason
        self.make_call = make_call
        self.now = world.now()
        self.last_event_id = execution.event
        self.last_number = execution.counter
        self.last_frame_id = execution.frame
        self.failed_attempts = execution.failed_attempts
        self.timeout_timer = execution.timer
        self.frames: dict[int, Frame] = dict(execution.frames)
        self.mutable_frames: dict[int, MutableFrame] = {}
        self.results: dict[int, Mapping[int, str]] = dict(execution.results)
        self.changed_results: dict[int, dict[int, str]] = {}
        """Those members of `results` that this step created and may change."""
        self.result_sizes: dict[int, int] = {}
        """The total length of each member of `changed_results`, by parent."""
        self.ready: list[int] = runnable_frames(execution.frames)
        """Ids of the frames that can continue; the last one is the next."""
        self.ended: list[BlockEnd] = []
        self.answers: deque[TaskSucceeded | TaskFailed] = deque()
        """The answers to calls that this step has made. As if they came later, all other paths continue first."""
        self.commands: list[Command] = []
        self.events: list[history.HistoryEvent] = []
        self.history_characters = 0
        """The number of characters of inputs, outputs, variables and parameters in the events."""
        self.finish: Finish | None = None
        self.last_error: tuple[str | None, str | None] | None = None
        """The last error that a state of this step had to handle, and its cause."""
        self.saved_for_redrive: tuple[Mapping[int, Frame], Mapping[int, Mapping[int, str]]] | None = None
        """Frames and results as they were when an error arose that is not handled yet."""

    def add_event(self, previous: int, kind: str, details: Json = None) -> int:
        """Add an event to the history and return its id; raises HistoryFull if only the terminal event still fits."""
        if self.last_event_id >= MAX_EVENTS - 1:
            raise HistoryFull
        return self.add_terminal_event(previous, kind, details)

    def add_terminal_event(self, previous: int, kind: str, details: Json = None) -> int:
        """Add an event even if it is the last that the history can hold, and return its id."""
        self.last_event_id += 1
        self.events.append((self.last_event_id, previous, self.now, kind, details))
        return self.last_event_id

    def next_number(self) -> int:
        """Return a new number for work or a timer."""
        self.last_number += 1
        return self.last_number

    def open_frame(self, id: int) -> MutableFrame:  # noqa: A002 - the frame's id
        """Return the mutable copy of a frame."""
        path = self.mutable_frames.get(id)
        if path is None:
            path = self.mutable_frames[id] = MutableFrame(self.frames[id])
        return path

    def start_child(
        self, parent: MutableFrame, index: int, block: Block, document: tuple[Json, str], previous: int
    ) -> MutableFrame:
        """Start a path at the beginning of a block; `document` is its input as a value and as text."""
        self.last_frame_id += 1
        frame = Frame(
            id=self.last_frame_id,
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
        """Add a new frame and return its mutable copy."""
        self.frames[frame.id] = frame
        return self.open_frame(frame.id)

    def remove_frame(self, path: MutableFrame) -> None:
        """Remove the frame of a path that has ended."""
        self.frames.pop(path.id, None)
        self.mutable_frames.pop(path.id, None)

    def state(self, path: MutableFrame) -> State:
        """Return a path's state; raises MayTakeLong if its text is long and this step must not block."""
        state = self.definition.compiled_short_states.get(path.state)
        if state is not None:
            return state
        if not self.world.allows_unbounded_work and path.state in self.definition.long_states:
            raise UnboundedWork(path.state)
        return self.definition.states[path.state]

    def scope(self, path: MutableFrame, item: tuple[int, Json] | None = None) -> Scope:
        """Return the scope of the path's state; with `item`, the scope of a Map's ItemSelector for this item."""
        return Scope(path.input, path.variables, lambda: self.context(path, item), self.world)

    def context(self, path: MutableFrame, item: tuple[int, Json] | None = None) -> Json:
        """Build the context object.

        See https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html.
        """
        execution = self.execution
        context: dict[str, Json] = {
            "Execution": {
                "Id": execution.arn,
                "Input": execution.input,
                "StartTime": format_iso_time(execution.start),
                "Name": execution.name,
                "RoleArn": execution.role,
                "RedriveCount": execution.redrives,
            },
            "StateMachine": {"Id": execution.machine, "Name": execution.machine_name},
            "State": {"Name": path.state, "EnteredTime": format_iso_time(path.entered_at)},
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
        """Return the index and the item of the innermost Map around a path, or None."""
        index, parent = path.index, path.parent
        while parent:
            frame = self.mutable_frames.get(parent) or self.frames[parent]
            if frame.items is not None:
                return index, frame.items[index]
            index, parent = frame.index, frame.parent
        return None

    def store_result(self, parent: MutableFrame, index: int, output: str) -> None:
        """Store a child's output, or a short substitute if the outputs are already too large together.

        In this case the state fails when all its children have ended, and again after a redrive. Without the
        substitute, hundreds of megabytes would be moved for nothing until then.
        """
        outputs = self.changed_results.get(parent.id)
        if outputs is None or self.results.get(parent.id) is not outputs:
            outputs = self.changed_results[parent.id] = dict(self.results.get(parent.id, {}))
            self.results[parent.id] = outputs
            self.result_sizes[parent.id] = sum(map(len, outputs.values()))
        outputs[index] = output if self.result_sizes[parent.id] <= MAX_BYTES else OUTPUT_SUBSTITUTE
        self.result_sizes[parent.id] += len(outputs[index])

    def set_timer(self, path: MutableFrame, milliseconds: int, *, elapsed: bool = True) -> int:
        """Set a timer for a path and return its number.

        With `elapsed` the timer fires after so many milliseconds, otherwise at that instant.
        """
        number = self.next_number()
        due = self.world.monotonic() + milliseconds if elapsed else milliseconds
        self.commands.append(SetTimer(path.id, number, due, elapsed))
        return number

    def clear_timers(self, path: MutableFrame) -> None:
        """Delete all timers of a path."""
        numbers = [path.timeout, path.heartbeat]
        if path.phase in (Phase.WAITING, Phase.RETRYING):
            numbers.append(path.number)
        self.commands += [ClearTimer(path.id, number) for number in numbers if number]
        path.timeout = path.heartbeat = path.beat = 0

    def clear_wait(self, path: MutableFrame) -> None:
        """Delete all timers of a path and make it ready."""
        self.clear_timers(path)
        path.phase = Phase.READY

    def cancel_wait(self, path: MutableFrame) -> None:
        """Cancel the work and delete the timers that a path waits for."""
        state = self.state(path)
        if path.phase is Phase.WORKING and isinstance(state, Task):
            self.commands.append(CancelTask(path.id, path.number, state.resource))
        elif path.phase is Phase.WORKING:
            self.commands.append(CancelMapRun(path.id, path.number))
        self.clear_wait(path)

    def descendants(self, id: int) -> Iterator[MutableFrame]:  # noqa: A002 - the frame's id
        """Yield all paths below a frame, older siblings first."""
        for child in sorted(key for key, frame in self.frames.items() if frame.parent == id):
            yield self.open_frame(child)
            yield from self.descendants(child)

    def save_for_redrive(self) -> None:
        """Save frames and results at an error; if nothing handles the error, a redrive continues from here."""
        if self.saved_for_redrive is None:
            frames = {
                key: self.mutable_frames[key].freeze() if key in self.mutable_frames else frame
                for key, frame in self.frames.items()
            }
            self.saved_for_redrive = frames, {key: dict(outputs) for key, outputs in self.results.items()}

    def discard_redrive(self) -> None:
        """Discard the saved frames, because the error is retried or caught."""
        self.saved_for_redrive = None

    def end_execution(
        self, status: str, output: str | None = None, error: str | None = None, cause: str | None = None
    ) -> None:
        """End the execution: cancel its work and remove everything except what a redrive needs."""
        if status != "SUCCEEDED":
            self.save_for_redrive()
        for key in list(self.frames):
            path = self.open_frame(key)
            if path.phase is Phase.WORKING:
                self.cancel_wait(path)
        self.frames, self.mutable_frames, self.results, self.ready, self.ended = {}, {}, {}, [], []
        self.finish = Finish(status, output, error, cause)
        self.commands = [command for command in self.commands if not isinstance(command, (SetTimer, ClearTimer))]
        self.commands.append(self.finish)

    def build_step(self) -> Step:
        """Build the immutable `Step`."""
        for key, path in self.mutable_frames.items():
            self.frames[key] = path.freeze()
        execution = replace(
            self.execution,
            status=self.finish.status if self.finish else self.execution.status,
            counter=self.last_number,
            event=self.last_event_id,
            frame=self.last_frame_id,
            failed_attempts=self.failed_attempts,
            timer=0 if self.finish else self.timeout_timer,
            frames=self.frames,
            results=self.results,
        )
        redrive = None
        if self.finish is not None and self.finish.status != "SUCCEEDED" and self.saved_for_redrive is not None:
            redrive = replace(
                execution, status="RUNNING", frames=self.saved_for_redrive[0], results=self.saved_for_redrive[1]
            )
        return Step(execution, tuple(self.commands), tuple(self.events), redrive, has_ready_frames=bool(self.ready))


RUNNABLE_PHASES: Sequence[Phase] = (Phase.READY, Phase.RETRY_NOW, Phase.CHILDREN_ENDED, Phase.STARTING_CHILDREN)
"""Phases in which a frame can continue without an event."""


def runnable_frames(frames: Mapping[int, Frame]) -> list[int]:
    """Return the frames that can continue, the next one last.

    Older frames continue first; frames that start further branches continue after all others.
    """
    found = [key for key in sorted(frames, reverse=True) if frames[key].phase in RUNNABLE_PHASES]
    return sorted(found, key=lambda key: frames[key].phase is not Phase.STARTING_CHILDREN)
