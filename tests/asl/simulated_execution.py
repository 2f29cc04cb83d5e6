"""The world, played: what an execution asked for, what may happen next, and a clock that goes when a timer fires."""

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
from lamplighter.base.world import ManualClock, manual_world

Name = tuple[int, int]
"""Frame and number: what work and timers go by."""

ACCOUNT = "eu-west-1:123456789012"
ENDLESS = 2_000
"""More steps than any machine here takes when the world answers."""


def begin(text: Json, name: str = "night") -> Execution:
    """An execution that has not started."""
    given = dumps(text)
    return Execution(
        arn=f"arn:aws:states:{ACCOUNT}:execution:lamps:{name}",
        name=name,
        role="arn:aws:iam::123456789012:role/lamps",
        machine=f"arn:aws:states:{ACCOUNT}:stateMachine:lamps",
        machine_name="lamps",
        input=loads(given),
        text=given,
        start=ManualClock().now(),
    )


@dataclass(frozen=True, slots=True)
class Scene:
    """One step of a play."""

    before: Execution
    event: Event
    step: Step


class SimulatedExecution:
    """One execution and its world."""

    def __init__(self, definition: Definition, given: Json = None, *, crossings: int = MAX_CROSSINGS) -> None:
        self.definition = definition
        self.clock = ManualClock()
        self.world = manual_world(self.clock)
        self.crossings = crossings
        self.execution = begin(given)
        self.scenes: list[Scene] = []
        self.work: dict[Name, StartTask] = {}
        self.timers: dict[Name, SetTimer] = {}
        self.past: list[Name] = []
        """Names of work and timers that nobody waits for any more."""
        self.more = False
        self.tell(Started())

    def tell(self, event: Event) -> Step:
        """Something happens."""
        before = self.execution
        self._settle(event)
        step = advance(self.definition, before, event, self.world, self.crossings)
        self.scenes.append(Scene(before, event, step))
        self.execution, self.more = step.execution, step.has_ready_frames
        for command in step.commands:
            self._carry_out(command)
        return step

    def _settle(self, event: Event) -> None:
        match event:
            case TaskSucceeded(frame, number) | TaskFailed(frame, number):
                self._forget(self.work, (frame, number))
            case TimerFired(frame, number):
                self._forget(self.timers, (frame, number))

    def _forget(self, held: dict[Name, StartTask] | dict[Name, SetTimer], name: Name) -> None:
        if held.pop(name, None) is not None:
            self.past.append(name)

    def _carry_out(self, command: object) -> None:
        match command:
            case StartTask(frame, number):
                self.work[frame, number] = command
            case SetTimer(frame, number):
                self.timers[frame, number] = command
            case CancelTask(frame, number):
                self._forget(self.work, (frame, number))
            case ClearTimer(frame, number):
                self._forget(self.timers, (frame, number))
            case Finish():
                self.past += self.timers
                self.timers.clear()

    # What may happen.

    def possible(self) -> list[Event]:
        """All that an honest world could tell now."""
        found: list[Event] = [Resumed()] * 3 if self.more else []
        for name, work in self.work.items():
            found += [TaskSucceeded(*name, self.answer(name))] * 6
            found += [
                TaskFailed(*name, "Boom", "as drawn"),
                TaskFailed(*name, "Other", None),
                TaskFailed(*name, None, None),
            ]
            found.append(TaskSubmitted(*name, {"name": "there"}) if work.resource.pattern else Heartbeat(*name))
            found += [TaskStarted(*name, "worker"), Heartbeat(*name)]
        found += [TimerFired(*name) for name in self.soonest()[:2]]
        return found

    def mistakes(self) -> list[Event]:
        """What comes too late, twice, or for nobody."""
        names = [*self.past[-4:], (1, 0), (0, 0), (10_000, 10_000)]
        made: list[Event] = []
        for name in names:
            made += [TaskSucceeded(*name, "late"), TaskFailed(*name, "Late", None), TimerFired(*name), Heartbeat(*name)]
            made += [TaskSubmitted(*name, "late"), TaskStarted(*name)]
        return made

    def soonest(self) -> list[Name]:
        """The timers, the next one first."""
        return sorted(self.timers, key=lambda name: (self.timers[name].due, name))

    def move(self, pick: int) -> Event:
        """Let one of the possible things happen, or now and then one that is a mistake, or the end."""
        found = self.possible() if pick % 8 else [*self.mistakes(), StopRequested("Stop", "as drawn")]
        pick //= 8
        event = found[pick % len(found)]
        if isinstance(event, TimerFired) and (event.frame, event.number) in self.timers:
            self.let_pass((event.frame, event.number))
        self.tell(event)
        return event

    def let_pass(self, timer: Name) -> int:
        """Let time pass until a timer is due; how many milliseconds."""
        missing = max(0, self.timers[timer].due - self.clock.now())
        self.clock.advance(missing)
        return missing

    def answer(self, name: Name) -> Json:
        """What a task that succeeds comes to: another value each time."""
        return {"done": self.frame(name).state, "number": name[1]}

    # What a test asks for.

    def run(self) -> "SimulatedExecution":
        """Answer everything, at once and well, until the execution has ended."""
        for _ in range(ENDLESS):
            if self.execution.status != "RUNNING":
                return self
            self.step_on()
        raise AssertionError("it does not end")

    def step_on(self) -> None:
        """Go on, answer, or let time pass: one step."""
        if self.more:
            self.tell(Resumed())
        elif self.work:
            name = next(iter(self.work))
            self.tell(TaskSucceeded(*name, self.answer(name)))
        else:
            self.fire_timer()

    def frame(self, name: Name) -> Frame:
        """The frame of a piece of work."""
        return self.execution.frames[name[0]]

    def named(self, state: str | None = None) -> Name:
        """The work that is under way, or that of a state."""
        found = [name for name in self.work if state is None or self.frame(name).state == state]
        assert len(found) == 1, f"{len(found)} pieces of work"
        return found[0]

    def succeed(self, output: Json = None, state: str | None = None) -> Step:
        """The work is done."""
        return self.tell(TaskSucceeded(*self.named(state), output))

    def fail(self, error: str | None, cause: str | None = None, state: str | None = None) -> Step:
        """The work fails."""
        return self.fail_at(self.named(state), error, cause)

    def fail_at(self, name: Name, error: str | None, cause: str | None = None) -> Step:
        """This piece of work fails."""
        return self.tell(TaskFailed(*name, error, cause))

    def fire_timer(self) -> int:
        """The next timer fires; how many milliseconds passed until it was due."""
        name = self.soonest()[0]
        passed = self.let_pass(name)
        self.tell(TimerFired(*name))
        return passed

    @property
    def finish(self) -> Finish:
        """How it ended."""
        found = self.scenes[-1].step.finish
        assert found is not None, f"it has not ended: {self.execution}"
        return found

    @property
    def output(self) -> Json:
        """What it came to."""
        assert self.finish.status == "SUCCEEDED", self.finish
        return loads(self.finish.output or "")

    @property
    def history(self) -> list[Json]:
        """All events so far."""
        return [loads(entry) for scene in self.scenes for entry in scene.step.entries]

    @property
    def types(self) -> list[str]:
        """The types of all events so far."""
        return [event["type"] for event in self.history]


def waits_for(frames: Iterable[Frame]) -> tuple[set[Name], set[Name]]:
    """The names of the work and of the timers that these frames wait for."""
    work: set[Name] = set()
    timers: set[Name] = set()
    for frame in frames:
        if frame.phase is Phase.WORKING:
            work.add((frame.id, frame.number))
        if frame.phase in (Phase.WAITING, Phase.RETRYING):
            timers.add((frame.id, frame.number))
        timers |= {(frame.id, number) for number in (frame.timeout, frame.heartbeat) if number}
    return work, timers


class Gentle(SimulatedExecution):
    """A world whose answers depend on nothing but the state, and whose work fails once where a Retry is for that."""

    def answer(self, name: Name) -> Json:
        return {"done": self.frame(name).state, "index": self.frame(name).index}

    def step_on(self) -> None:
        failing = next((name for name in self.work if self.spoils(name)), None)
        if failing is not None and not self.more:
            self.tell(TaskFailed(*failing, "Boom", None))
        else:
            super().step_on()

    def spoils(self, name: Name) -> bool:
        """Whether this attempt is one to fail."""
        frame = self.frame(name)
        state = self.definition.blocks[frame.block].states[frame.state]
        assert isinstance(state, Task)
        first = next(
            (each for each in state.retriers if {"Boom", "States.TaskFailed", "States.ALL"} & {*each.errors}), None
        )
        return first is not None and first.attempts > 0 and not any(frame.retries)


def play(states: dict[str, Json], given: Json = None, **fields: Json) -> SimulatedExecution:
    """The start of a machine of these states; it begins with the first of them."""
    return SimulatedExecution(
        parse_definition(dumps({"StartAt": next(iter(states)), "States": states, **fields})), given
    )


def only(state: Json, given: Json = None, **fields: Json) -> SimulatedExecution:
    """The start of a machine of one state, which is its end."""
    flow = {} if state["Type"] in ("Succeed", "Fail", "Choice") else {"End": True}
    return play({"S": {**state, **flow}}, given, **fields)


def fresh(execution: Execution) -> Execution:
    """An execution's fixed part."""
    return replace(execution, counter=0, event=0, frame=0, timer=0, redrives=0, frames={}, results={})
