"""A handover between two simulated sides: wherever it dies, and however late it goes on, each slot runs once."""

import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, product, takewhile
from random import Random
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from lamplighter.base.json_text import Json
from lamplighter.base.world import frozen_world
from lamplighter.cli.move import hand_over
from lamplighter.cli.move.hand_over import Move
from lamplighter.cli.move.handover_time import MINUTE, Slot, to_date, to_instant
from lamplighter.cli.move.sides import MoveFailed, follows, is_handed_over, read_schedules
from lamplighter.cli.target import Target
from lamplighter.jobs.stack.handover import Handover
from lamplighter.runs.jobs.schedules import slot_name
from lamplighter.runs.jobs.upcoming_times import Timetable, times_of

BEGAN = to_instant("2026-03-01T09:00:30Z")
NOW = to_instant("2026-03-01T10:00:10Z")
EXPRESSIONS = {
    "often": "cron(* * * * ? *)",
    "hourly": "cron(7 * * * ? *)",
    "rate": "rate(7 minutes)",
    "before": "at(2026-03-01T10:01:00)",
    "after": "at(2026-03-01T13:00:00)",
}
MAX_PAST_START = 5 * MINUTE
AWS_TARGET, BOX_TARGET = (
    "arn:aws:states:us-east-1:1:stateMachine:p--start",
    "arn:aws:states:us-east-1:1:stateMachine:p-x",
)


class Killed(BaseException):
    """The process of the command died."""


@dataclass
class Clock:
    """A clock that a test moves, and the moments at which the command may die."""

    now: int = NOW
    moments_left: int = 0

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * 1000)

    def moment(self) -> None:
        """Let a moment pass at which the command may die."""
        self.moments_left -= 1
        if self.moments_left == 0:
            raise Killed


@dataclass
class FakeSide:
    """A side whose schedules change some time after a handover was written, also if the command has died meanwhile."""

    name: str
    clock: Clock
    delay: int
    target_arn: str
    handover: Handover | None = None
    pending: tuple[int, Handover] | None = None
    history: list[tuple[int, dict[str, dict[str, str]]]] = field(default_factory=list)
    started: dict[str, tuple[int, str]] = field(default_factory=dict)
    """The slots that were started by name."""

    def __str__(self) -> str:
        return self.name

    @property
    def target(self) -> Target:
        return cast("Target", SimpleNamespace(client=lambda _service: self))

    @property
    def exceptions(self) -> Json:
        return SimpleNamespace(ExecutionAlreadyExists=KeyError)

    def read(self) -> Handover | None:
        self.settle()
        return self.handover

    def apply(self, handover: Handover) -> None:
        self.clock.moment()
        if self.read() != handover:
            self.handover, self.pending = handover, (self.clock.now + self.delay, handover)
        self.clock.moment()
        self.clock.now += self.delay
        self.settle()
        self.clock.moment()
        if not follows(read_schedules(self.target, "p"), handover):
            raise MoveFailed("it does not follow")

    def settle(self) -> None:
        """Change the schedules if it is time; dates that Scheduler refuses change nothing."""
        if self.pending is None or self.pending[0] > self.clock.now:
            return
        (time, handover), self.pending = self.pending, None
        found = {name: handover.schedule_properties(name, EXPRESSIONS[name]) for name in EXPRESSIONS}
        for name, each in found.items():
            before = self.properties(name)
            start, end = each.get("StartDate"), each.get("EndDate")
            if start and start != before.get("StartDate") and to_instant(start) < time - MAX_PAST_START:
                return
            if (
                end
                and end != before.get("EndDate")
                and to_instant(end) < time
                and not EXPRESSIONS[name].startswith("at")
            ):
                return
        self.history.append((time, found))

    def properties(self, name: str) -> dict[str, str]:
        return self.history[-1][1][name]

    # --- what the clients of AWS do ---

    def get_paginator(self, operation: str) -> Json:
        self.settle()
        if operation == "list_executions":
            names = [slot_name(name, to_date(at)) for at, name in self.slots(self.clock.now)]
            return SimpleNamespace(paginate=lambda **_: [{"executions": [{"name": f"{each}0"} for each in names]}])
        return SimpleNamespace(paginate=lambda **_: [{"Schedules": [{"Name": name} for name in EXPRESSIONS]}])

    def get_schedule(self, *, Name: str, GroupName: str) -> Json:  # noqa: N803 - AWS's words
        assert GroupName == "p"
        dates = {key: datetime.fromisoformat(value) for key, value in self.properties(Name).items() if key != "State"}
        return {
            **dates,
            "State": self.properties(Name)["State"],
            "ScheduleExpression": EXPRESSIONS[Name],
            "CreationDate": datetime.fromtimestamp(BEGAN / 1000, UTC),
            "LastModificationDate": datetime.fromtimestamp(self.history[-1][0] / 1000, UTC),
            "Target": {"Arn": self.target_arn, "Input": '{"scheduled": "<aws.scheduler.scheduled-time>"}'},
        }

    def start_execution(self, **given: str) -> None:
        self.clock.moment()
        time, _, schedule = given["name"].partition("Z-")
        if given["name"] in self.started:
            raise KeyError
        date, _, hour = time.partition("T")
        self.started[given["name"]] = (to_instant(f"{date}T{hour.replace('-', ':')}Z"), schedule)
        self.clock.moment()

    # --- what came of it ---

    def slots(self, until: int) -> list[tuple[int, str]]:
        """Return the slots that the side ran: its schedules, and those that were started by name."""
        found = list[tuple[int, str]]()
        times = [*(time for time, _ in self.history[1:]), until]
        states = [{}, *(state for _, state in self.history)]
        for (begin, state), before, end in zip(self.history, states, times, strict=False):
            for name, each in state.items():
                # "When re-enabling a one-time schedule after its original scheduled time has passed, the schedule may
                # immediately invoke its target", as this engine does.
                is_enabled_now = before.get(name, each)["State"] == "DISABLED" and EXPRESSIONS[name].startswith("at")
                found += [(slot, name) for slot in _slots(name, each, NOW if is_enabled_now else begin, end)]
        by_name = [*self.started.values()]
        return sorted({*found, *by_name} if self.target_arn == AWS_TARGET else [*found, *by_name])


def _slots(name: str, properties: dict[str, str], begin: int, end: int) -> list[int]:
    start, last = (to_instant(properties[key]) if key in properties else None for key in ("StartDate", "EndDate"))
    if properties["State"] == "DISABLED":
        return []
    if EXPRESSIONS[name].startswith("at"):
        start = last = None
    table = Timetable(EXPRESSIONS[name], anchor=start or BEGAN, start=start, end=last)
    return list(takewhile(lambda slot: slot < end, (each.instant for each in times_of(table, begin - 1))))


def wanted_slots(until: int) -> list[tuple[int, str]]:
    enabled = {"State": "ENABLED"}
    return sorted((slot, name) for name in EXPRESSIONS for slot in _slots(name, enabled, NOW - MINUTE, until))


def make_move(clock: Clock, left: FakeSide, right: FakeSide, at: int | None) -> Move:
    world = frozen_world(0, 0, 0)
    moving = type(world)(lambda: clock.now, world.monotonic, world.uuid, world.random)
    return Move("p", left, right, moving, Console(file=io.StringIO()), lambda _question: None, at)


def move_until_done(clock: Clock, make: Callable[[], Move], pause: int) -> int:
    """Move, and go on some time after it died or failed; return how often that was necessary."""
    for again in count():
        try:
            hand_over.hand_over(make())
        except (Killed, MoveFailed):
            clock.now += pause
        else:
            return again
    raise AssertionError


@pytest.mark.parametrize("to", ["aws", "box"])
@pytest.mark.parametrize("at", [None, NOW + MINUTE // 2, NOW + 4 * MINUTE])
def test_each_slot_runs_once_wherever_the_command_dies(
    monkeypatch: pytest.MonkeyPatch, to: str, at: int | None
) -> None:
    cases = product(range(25), (1_000, 4 * MINUTE, 20 * MINUTE), (500, 70_000), (500, 70_000, 400_000))
    deaths = [move_once(monkeypatch, to, at, *case) for case in cases]
    assert sum(deaths) > 100


def move_once(
    patch: pytest.MonkeyPatch, to: str, at: int | None, moment: int, pause: int, left_delay: int, right_delay: int
) -> int:
    """Move jobs with a command that dies at a moment and goes on after a pause; return how often it died or failed."""
    clock = Clock(moments_left=moment)
    patch.setattr(hand_over, "sleep", clock.sleep)
    arns = (BOX_TARGET, AWS_TARGET) if to == "aws" else (AWS_TARGET, BOX_TARGET)
    left, right = FakeSide("left", clock, left_delay, arns[0]), FakeSide("right", clock, right_delay, arns[1])
    for side, state in ((left, "ENABLED"), (right, "DISABLED")):
        side.history.append((NOW - MINUTE, {name: {"State": state} for name in EXPRESSIONS}))
    deaths = move_until_done(clock, lambda: make_move(clock, left, right, at), pause)
    until = to_instant("2026-03-01T13:10:30Z")
    found = sorted([*left.slots(until), *right.slots(until)])
    assert found == wanted_slots(until), (moment, pause, left_delay, right_delay)
    return deaths


@dataclass
class Storm:
    """Moves there and back, each with a command that may die, at times that a user may choose."""

    clock: Clock
    sides: dict[str, FakeSide]
    random: Random
    is_complete: bool = False

    def pair(self, to: str) -> tuple[FakeSide, FakeSide]:
        return self.sides["box" if to == "aws" else "aws"], self.sides[to]

    def move(self, to: str, at: int | None) -> None:
        """Do what the command does."""
        left, right = self.pair(to)
        if is_handed_over(right, left) and not self.is_complete:
            raise MoveFailed("complete it first")
        is_new_time = at is not None and is_handed_over(left, right, after=self.clock.now)
        if self.is_complete and is_handed_over(left, right) and not is_new_time:
            return
        before, ends = self.sides["box"].handover, left.read()
        self.is_complete = self.is_complete and not (ends and ends.role == "ends")
        try:
            hand_over.hand_over(make_move(self.clock, left, right, at))
        finally:
            self.is_complete = self.is_complete and self.sides["box"].handover == before
        self.clock.moment()
        self.is_complete = True

    def rage(self) -> None:
        to = "aws"
        while self.clock.now < NOW + 360 * MINUTE:
            self.clock.moments_left = self.random.choice([0, 0, self.random.randrange(1, 14)])
            at = self.random.choice([None, None, self.clock.now + self.random.randrange(40 * MINUTE)])
            change = 0.8
            try:
                self.move(to, at)
            except (Killed, MoveFailed):
                change = 0.15
            self.clock.now += self.random.choice([1_000, MINUTE // 2, 5 * MINUTE, 21 * MINUTE, 45 * MINUTE])
            if self.random.random() < change:
                to = "box" if to == "aws" else "aws"
        self.clock.moments_left = 0

    def leave(self) -> None:
        """Complete a move in one direction: from each state there is a command that goes on."""
        reasons = list[str]()
        while len(reasons) < 16:
            for to in ("aws", "box"):
                try:
                    return self.move(to, None)
                except MoveFailed as error:
                    reasons.append(str(error))
            self.clock.now += 10 * MINUTE
        raise AssertionError(reasons)


@pytest.mark.parametrize("seed", range(40))
def test_each_slot_runs_once_in_a_storm_of_moves(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    for name, expression in {
        "slow": "rate(2 hours)",
        "odd": "rate(25 minutes)",
        "mid": "at(2026-03-01T11:37:00)",
    }.items():
        monkeypatch.setitem(EXPRESSIONS, name, expression)
    random, clock = Random(seed), Clock()
    monkeypatch.setattr(hand_over, "sleep", clock.sleep)
    box = FakeSide("box", clock, random.choice([500, 20_000]), BOX_TARGET)
    aws = FakeSide("aws", clock, random.choice([500, 70_000]), AWS_TARGET, Handover("waits"))
    for side, state in ((box, "ENABLED"), (aws, "DISABLED")):
        side.history.append((NOW - MINUTE, {name: {"State": state} for name in EXPRESSIONS}))
    storm = Storm(clock, {"box": box, "aws": aws}, random)
    storm.rage()
    storm.leave()
    until = clock.now - clock.now % MINUTE + 180 * MINUTE + MINUTE // 2
    found, wanted = Counter([*box.slots(until), *aws.slots(until)]), Counter(wanted_slots(until))
    assert (wanted - found, found - wanted) == (Counter(), Counter())


def test_a_move_that_is_completed_late_starts_no_slot_again_that_a_schedule_started() -> None:
    clock = Clock()
    left, right = FakeSide("left", clock, 500, AWS_TARGET), FakeSide("right", clock, 500, BOX_TARGET)
    for side, state in ((left, "ENABLED"), (right, "DISABLED")):
        side.history.append((NOW - MINUTE, {name: {"State": state} for name in EXPRESSIONS}))
    hand_over.hand_over(make_move(clock, left, right, None))
    clock.now += 60 * MINUTE
    right.history.append((clock.now, right.history[-1][1]))  # a person changed the schedules
    hand_over.hand_over(make_move(clock, left, right, None))
    until = clock.now + MINUTE
    assert sorted([*left.slots(until), *right.slots(until)]) == wanted_slots(until)


def test_sides_with_different_times_of_handover_did_not_hand_over() -> None:
    clock = Clock()
    left = FakeSide("left", clock, 0, AWS_TARGET, Handover("ends", "2026-03-01T10:05:59Z"))
    for handover, expected in (
        (Handover("begins", "2026-03-01T10:05:59Z"), True),
        (Handover("begins", "2026-03-01T09:05:59Z"), False),
        (Handover("ends", "2026-03-01T10:05:59Z"), False),
        (None, False),
    ):
        assert is_handed_over(left, FakeSide("right", clock, 0, BOX_TARGET, handover)) is expected


def test_slots_of_schedules_with_long_names_that_begin_alike_all_start() -> None:
    clock = Clock()
    right = FakeSide("right", clock, 0, AWS_TARGET)
    move = make_move(clock, right, right, None)
    target = {"Target": {"Arn": AWS_TARGET, "Input": "{}"}}
    names = [f"{'x' * 60}--{at}" for at in (1, 2)]
    for name in names:
        hand_over._start_slot(move, {name: target}, Slot(NOW, name))
    assert len(right.started) == 2
    assert all(len(each) <= hand_over.MAX_NAME for each in right.started)
