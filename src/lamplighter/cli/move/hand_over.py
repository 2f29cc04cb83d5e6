"""Hand the slots of a project over from one side to the other, at a time that both sides' clocks keep.

The steps: the new side waits; the old side ends at the handover; the new side begins then; slots that came in between
are started. Each is durable before the next, and each reads what the sides already do: so a move that was killed
anywhere goes on, with the same time of the handover if the old side has it already. Guarantees that the old side has
its end before the time comes, for Scheduler refuses it later, and only then the new side a beginning: no slot runs
twice. A slot that came before the new side began is started by its name, which exists only once: none is lost.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from rich.console import Console

from lamplighter.base.json_text import Json
from lamplighter.base.world import World, sleep
from lamplighter.cli.move.handover_time import (
    MINUTE,
    Schedules,
    Slot,
    begin_schedules,
    choose_time,
    end_schedules,
    last_second,
    missed_slots,
    to_date,
    to_instant,
)
from lamplighter.cli.move.sides import MoveFailed, Side, follows, read_schedules
from lamplighter.jobs.stack.handover import Handover, is_date
from lamplighter.runs.jobs.schedules import names_target_in_input, slot_name

MILLISECONDS_PER_SCHEDULE = 500
"""How long the change of a schedule takes at most; CloudFormation also takes about a minute for a stack."""
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
MAX_NAME = 80
"""The most characters of an execution's name."""


@dataclass(frozen=True, slots=True)
class Move:
    """A move of a project, from the one side to the other."""

    project: str
    left: Side
    right: Side
    world: World
    console: Console
    confirm: Callable[[str], None]
    """Asks the user a question, and ends the command if the user declines."""
    at: int | None = None
    """When the user wants the handover."""
    paused: frozenset[str] = frozenset()
    """The schedules that the job file disables: they have no slots to hand over, and later the file may enable them."""
    prepare: Callable[[], None] = lambda: None
    """Copies what the new side needs, once it is clear that the old side runs the jobs."""


def hand_over(move: Move) -> Handover:
    """Move the jobs, or go on with a move that was interrupted; return the handover of the side that is left."""
    ends = _find_end(move)
    if ends is None:
        _check_left_side(move)
        move.prepare()
        move.right.apply(Handover("waits"))
        ends = _find_end(move) or _end_left_side(move)  # what was interrupted may have come into effect meanwhile
    begins = move.right.read()
    if begins is None or (begins.role, begins.at) != ("begins", ends.at) or _is_too_late(move, begins):
        begins = _plan_beginning(move, ends)
    move.right.apply(begins)
    _start_missed_slots(move, begins)
    return ends


def _is_too_late(move: Move, begins: Handover) -> bool:
    """Return whether a beginning that was planned has passed and is not in effect; then let the new side wait again."""
    dates = [to_instant(each) for each in (begins.dates or {}).values() if is_date(each)]
    if min(dates, default=0) > move.world.now() or follows(read_schedules(move.right.target, move.project), begins):
        return False
    move.right.apply(Handover("waits"))
    return True


def _change_time(schedules: Schedules) -> int:
    """Return how long the change of all schedules takes at most, in milliseconds."""
    return MINUTE + len(schedules) * MILLISECONDS_PER_SCHEDULE


def _find_end(move: Move) -> Handover | None:
    """Return the handover of the side that is left if its end is in effect; it is final, even if its time has come.

    Scheduler refuses an end in the past, so this one was in effect before. Only as long as its time is far enough, the
    user may choose another one.
    """
    ends, schedules = move.left.read(), read_schedules(move.left.target, move.project)
    if ends is None or ends.role != "ends" or not follows(schedules, ends):
        return None
    is_far = to_instant(ends.at) > move.world.now() + 3 * _change_time(schedules)
    return None if is_far and move.at is not None and last_second(move.at) != to_instant(ends.at) else ends


def _check_left_side(move: Move) -> None:
    before = move.left.read()
    if before == Handover("waits"):
        raise MoveFailed(f"{move.left} waits for a move that is not complete: complete it first, in that direction")
    if before is not None and before.role == "begins" and to_instant(before.at) > move.world.now():
        raise MoveFailed(f"{move.left} begins only at {before.at}: wait, or move there again with an earlier --at")
    if not read_schedules(move.left.target, move.project):
        raise MoveFailed(f"{move.left} has no schedules of {move.project}: is this the environment (-e) that it runs?")


def _end_left_side(move: Move) -> Handover:
    """Give the old side its end, at the handover, and return its handover."""
    before, schedules, now = move.left.read(), read_schedules(move.left.target, move.project), move.world.now()
    wanted = to_instant(before.at) if move.at is None and before is not None and before.role == "ends" else move.at
    at = last_second(wanted or 0)
    if at < now + _change_time(schedules):
        at = _choose_soon(move, schedules)
    move.confirm(f"Hand {move.project} over from {move.left} to {move.right} at {to_date(at)}?")
    schedules = read_schedules(move.left.target, move.project)  # a job may have changed until the answer
    if before is not None and before.role == "ends" and to_instant(before.at) <= move.world.now() and _find_end(move):
        raise MoveFailed(f"the time of the handover, {before.at}, came before the answer: run this again")
    if at < move.world.now() + _change_time(schedules):
        at = _choose_soon(move, schedules)
        move.console.print(f"the handover is at {to_date(at)}", soft_wrap=True)
    ends = end_schedules({name: each for name, each in schedules.items() if name not in move.paused}, at, before)
    move.left.apply(ends)
    return ends


def _choose_soon(move: Move, schedules: Schedules) -> int:
    return choose_time(schedules, move.world.now() + 3 * _change_time(schedules))


def _plan_beginning(move: Move, ends: Handover) -> Handover:
    """Return how the new side begins: at the handover, or soon if that is too near or over."""
    now, left = move.world.now(), read_schedules(move.left.target, move.project)
    at, earliest = to_instant(ends.at), now + _change_time(left)
    return begin_schedules(left, ends, at if at > earliest else max(at, last_second(earliest)), now)


def _start_missed_slots(move: Move, begins: Handover) -> None:
    """Start the slots that came before the new side's schedules began, each when it is due."""
    left, right = (read_schedules(side.target, move.project) for side in (move.left, move.right))
    slots = missed_slots(left, right, begins, move.world.now())
    known = _started_names(move, [right[each.schedule]["Target"] for each in slots])
    for slot in slots:
        if slot_name(slot.schedule, to_date(slot.instant)) in known:
            continue
        wait = slot.instant - move.world.now()
        if wait > 0:
            move.console.print(f"waiting for {slot.schedule} at {to_date(slot.instant)}", soft_wrap=True)
            sleep(wait / 1000)
        _start_slot(move, right, slot)


def _started_names(move: Move, targets: list[Json]) -> set[str]:
    """Return how the names of runs begin that a box's schedules started, maybe before they were changed again.

    On AWS, START_RUN starts no slot twice.
    """
    arns = {each["Arn"] for each in targets if not names_target_in_input(each)}
    pages = move.right.target.client("stepfunctions").get_paginator("list_executions")
    found = (each for arn in arns for page in pages.paginate(stateMachineArn=arn) for each in page["executions"])
    return {f"{each['name'].rpartition('-')[0]}-" for each in found}


def _start_slot(move: Move, schedules: Schedules, slot: Slot) -> None:
    """Start what a schedule would start for a slot, under a name that the slot can have only once."""
    states, time = move.right.target.client("stepfunctions"), to_date(slot.instant)
    target = schedules[slot.schedule]["Target"]
    name = f"{time.replace(':', '-')}-{slot.schedule}"
    if len(name) > MAX_NAME:
        name = f"{name[:40]}-{sha256(name.encode()).hexdigest()[:32]}"
    given = target.get("Input", "{}").replace(SCHEDULED_TIME, time)
    try:
        states.start_execution(stateMachineArn=target["Arn"], name=name, input=given)
    except states.exceptions.ExecutionAlreadyExists:
        return
    move.console.print(f"started {slot.schedule} of {time}, which came before {move.right} began", soft_wrap=True)
