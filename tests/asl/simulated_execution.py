"""Simulate an execution: keep its pending tasks and timers, send it events, and advance its clock."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lamplighter.asl.definition.model import Definition, Task
from lamplighter.asl.definition.parse import parse_definition
from lamplighter.asl.execution.advance import MAX_CROSSINGS, advance
from lamplighter.asl.execution.frame import Execution, Frame, Phase
from lamplighter.asl.execution.messages import (
    CancelTask,
    ClearTimer,
    Event,
    Finish,
    Heartbeat,
    Resumed,
    SetTimer,
    Started,
    StartTask,
    StopRequested,
    TaskFailed,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
)
from lamplighter.asl.execution.step import Step
from lamplighter.base.json_text import Json, dumps, loads
from tests.manual_world import ManualClock, manual_world

Key = tuple[int, int]
"""The frame and number that identify a task or a timer."""

ACCOUNT = "eu-west-1:123456789012"
MAX_STEPS = 2_000
"""More steps than any machine in these tests takes if each task is answered."""


def new_execution(document: Json, name: str = "night") -> Execution:
    """Return an execution that has not started."""
    text = dumps(document)
    return Execution(
        arn=f"arn:aws:states:{ACCOUNT}:execution:lamps:{name}",
        name=name,
        role="arn:aws:iam::123456789012:role/lamps",
        machine=f"arn:aws:states:{ACCOUNT}:stateMachine:lamps",
        machine_name="lamps",
        input=loads(text),
        text=text,
        start=ManualClock().now(),
    )


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """One step of a simulated execution, with the event and the execution before it."""

    before: Execution
    event: Event
    step: Step


class SimulatedExecution:
    """One execution with its pending tasks, its timers and its clock."""

    def __init__(self, definition: Definition, given: Json = None, *, crossings: int = MAX_CROSSINGS) -> None:
        self.definition = definition
        self.clock = ManualClock()
        self.world = manual_world(self.clock)
        self.crossings = crossings
        self.execution = new_execution(given)
        self.steps: list[RecordedStep] = []
        self.tasks: dict[Key, StartTask] = {}
        self.timers: dict[Key, SetTimer] = {}
        self.ended_keys: list[Key] = []
        """Keys of tasks and timers that no frame waits for any more."""
        self.has_ready_frames = False
        self._history: list[Json] = []
        self._rendered_steps = 0
        self.send(Started())

    def send(self, event: Event) -> Step:
        """Send an event to the execution and apply the commands of the step."""
        before = self.execution
        self._forget_answered(event)
        step = advance(self.definition, before, event, self.world, self.crossings)
        self.steps.append(RecordedStep(before, event, step))
        self.execution, self.has_ready_frames = step.execution, step.has_ready_frames
        for command in step.commands:
            self._apply(command)
        return step

    def _forget_answered(self, event: Event) -> None:
        match event:
            case TaskSucceeded(frame, number) | TaskFailed(frame, number):
                self._forget(self.tasks, (frame, number))
            case TimerFired(frame, number):
                self._forget(self.timers, (frame, number))

    def _forget(self, pending: dict[Key, StartTask] | dict[Key, SetTimer], key: Key) -> None:
        if pending.pop(key, None) is not None:
            self.ended_keys.append(key)

    def _apply(self, command: object) -> None:
        match command:
            case StartTask(frame, number):
                self.tasks[frame, number] = command
            case SetTimer(frame, number):
                self.timers[frame, number] = command
            case CancelTask(frame, number):
                self._forget(self.tasks, (frame, number))
            case ClearTimer(frame, number):
                self._forget(self.timers, (frame, number))
            case Finish():
                self.ended_keys += self.timers
                self.timers.clear()

    # Random events.

    def possible_events(self) -> list[Event]:
        """Return all events that can really happen now."""
        events: list[Event] = [Resumed()] * 3 if self.has_ready_frames else []
        for key, task in self.tasks.items():
            events += [TaskSucceeded(*key, self.output_of_task(key))] * 6
            events += [
                TaskFailed(*key, "Boom", "as drawn"),
                TaskFailed(*key, "Other", None),
                TaskFailed(*key, None, None),
            ]
            events.append(TaskSubmitted(*key, {"name": "there"}) if task.resource.pattern else Heartbeat(*key))
            events += [TaskStarted(*key, "worker"), Heartbeat(*key)]
        events += [TimerFired(*key) for key in self.timers_by_due_time()[:2]]
        return events

    def stray_events(self) -> list[Event]:
        """Return events that are late, repeated or for no frame."""
        keys = [*self.ended_keys[-4:], (1, 0), (0, 0), (10_000, 10_000)]
        events: list[Event] = []
        for key in keys:
            events += [TaskSucceeded(*key, "late"), TaskFailed(*key, "Late", None), TimerFired(*key), Heartbeat(*key)]
            events += [TaskSubmitted(*key, "late"), TaskStarted(*key)]
        return events

    def timers_by_due_time(self) -> list[Key]:
        """Return the keys of the timers, the next one first."""
        return sorted(self.timers, key=lambda key: (self.timers[key].due, key))

    def send_random_event(self, pick: int) -> Event:
        """Send one of the possible events; now and then a stray event or a stop request."""
        events = self.possible_events() if pick % 8 else [*self.stray_events(), StopRequested("Stop", "as drawn")]
        pick //= 8
        event = events[pick % len(events)]
        if isinstance(event, TimerFired) and (event.frame, event.number) in self.timers:
            self.advance_to_timer((event.frame, event.number))
        self.send(event)
        return event

    def advance_to_timer(self, timer: Key) -> int:
        """Advance the clock until a timer is due, and return the milliseconds that passed."""
        missing = max(0, self.timers[timer].due - self.clock.now())
        self.clock.advance(missing)
        return missing

    def output_of_task(self, key: Key) -> Json:
        """Return the output of a task that succeeds; it differs for each task."""
        return {"done": self.frame(key).state, "number": key[1]}

    # Steps and results for tests.

    def run(self) -> "SimulatedExecution":
        """Answer every task with success until the execution has ended."""
        for _ in range(MAX_STEPS):
            if self.execution.status != "RUNNING":
                return self
            self.take_step()
        raise AssertionError("it does not end")

    def take_step(self) -> None:
        """Take one step: continue, answer a task, or fire a timer."""
        if self.has_ready_frames:
            self.send(Resumed())
        elif self.tasks:
            key = next(iter(self.tasks))
            self.send(TaskSucceeded(*key, self.output_of_task(key)))
        else:
            self.fire_timer()

    def frame(self, key: Key) -> Frame:
        """Return the frame of a task."""
        return self.execution.frames[key[0]]

    def task_key(self, state: str | None = None) -> Key:
        """Return the key of the only pending task, or of the only one in a state."""
        found = [key for key in self.tasks if state is None or self.frame(key).state == state]
        assert len(found) == 1, f"{len(found)} pieces of work"
        return found[0]

    def succeed(self, output: Json = None, state: str | None = None) -> Step:
        """Let a task succeed."""
        return self.send(TaskSucceeded(*self.task_key(state), output))

    def fail(self, error: str | None, cause: str | None = None, state: str | None = None) -> Step:
        """Let a task fail."""
        return self.fail_task(self.task_key(state), error, cause)

    def fail_task(self, key: Key, error: str | None, cause: str | None = None) -> Step:
        """Let the task with this key fail."""
        return self.send(TaskFailed(*key, error, cause))

    def fire_timer(self) -> int:
        """Fire the next timer, and return the milliseconds that passed until it was due."""
        key = self.timers_by_due_time()[0]
        passed = self.advance_to_timer(key)
        self.send(TimerFired(*key))
        return passed

    @property
    def finish(self) -> Finish:
        """The command that ended the execution."""
        found = self.steps[-1].step.finish
        assert found is not None, f"it has not ended: {self.execution}"
        return found

    @property
    def output(self) -> Json:
        """The output of the execution, which succeeded."""
        assert self.finish.status == "SUCCEEDED", self.finish
        return loads(self.finish.output or "")

    @property
    def history(self) -> list[Json]:
        """All history events so far."""
        for recorded in self.steps[self._rendered_steps :]:
            self._history += map(loads, recorded.step.entries)
        self._rendered_steps = len(self.steps)
        return self._history

    @property
    def types(self) -> list[str]:
        """The types of all history events so far."""
        return [event["type"] for event in self.history]


def awaited_keys(frames: Iterable[Frame]) -> tuple[set[Key], set[Key]]:
    """Return the keys of the tasks and of the timers that these frames wait for."""
    tasks: set[Key] = set()
    timers: set[Key] = set()
    for frame in frames:
        if frame.phase is Phase.WORKING:
            tasks.add((frame.id, frame.number))
        if frame.phase in (Phase.WAITING, Phase.RETRYING):
            timers.add((frame.id, frame.number))
        timers |= {(frame.id, number) for number in (frame.timeout, frame.heartbeat) if number}
    return tasks, timers


class PredictableExecution(SimulatedExecution):
    """An execution whose answers depend only on the state; a task with a fitting Retry fails once."""

    def output_of_task(self, key: Key) -> Json:
        return {"done": self.frame(key).state, "index": self.frame(key).index}

    def take_step(self) -> None:
        failing = next((key for key in self.tasks if self.is_to_fail(key)), None)
        if failing is not None and not self.has_ready_frames:
            self.send(TaskFailed(*failing, "Boom", None))
        else:
            super().take_step()

    def is_to_fail(self, key: Key) -> bool:
        """Return whether this attempt is to fail."""
        frame = self.frame(key)
        state = self.definition.blocks[frame.block].states[frame.state]
        assert isinstance(state, Task)
        first = next(
            (each for each in state.retriers if {"Boom", "States.TaskFailed", "States.ALL"} & {*each.errors}), None
        )
        return first is not None and first.attempts > 0 and not any(frame.retries)


def simulate(states: dict[str, Json], given: Json = None, **fields: Json) -> SimulatedExecution:
    """Return the simulated execution of a machine that starts with the first of these states."""
    return SimulatedExecution(
        parse_definition(dumps({"StartAt": next(iter(states)), "States": states, **fields})), given
    )


def simulate_state(state: Json, given: Json = None, **fields: Json) -> SimulatedExecution:
    """Return the simulated execution of a machine of one state."""
    flow = {} if state["Type"] in ("Succeed", "Fail", "Choice") else {"End": True}
    return simulate({"S": {**state, **flow}}, given, **fields)


def without_progress(execution: Execution) -> Execution:
    """Return an execution without its frames, results and counters."""
    return replace(execution, counter=0, event=0, frame=0, timer=0, redrives=0, frames={}, results={})
