"""Hand the slots of a project over from one side to the other, at a time that both sides' clocks keep.

The steps: the new side waits; the old side ends at the handover; the new side begins then; slots that came in between
are started. Each is durable before the next, and each reads what the sides already do: so a move that was killed
anywhere goes on, with the same time of the handover if the old side has it already. Guarantees that the old side has
its end before the time comes, and only then the new side a beginning: no slot runs twice. A slot that came before the
new side began is started by its name, which exists only once: none is lost.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console

from lamplighter.base.world import World, sleep
from lamplighter.cli.move.sides import MoveFailed, Side, follows, read_schedules
from lamplighter.cli.move.slots import (
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
from lamplighter.jobs.stack.handover import Handover

MILLISECONDS_PER_SCHEDULE = 500
"""How long the change of a schedule takes at most; CloudFormation also takes about a minute for a stack."""
MAX_TRIES = 4
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


def hand_over(move: Move) -> Handover:
    """Move the jobs, or go on with a move that was interrupted; return the handover of the side that is left."""
    ends = move.left.read()
    if ends is None or ends.role != "ends" or not follows(read_schedules(move.left.target, move.project), ends):
        ends = _end_left_side(move)
    begins = move.right.read()
    if begins is None or (begins.role, begins.at) != ("begins", ends.at) or _is_too_late(move, begins):
        begins = _plan_beginning(move, ends)
    move.right.apply(begins)
    _start_missed_slots(move, begins)
    return ends


def _is_too_late(move: Move, begins: Handover) -> bool:
    """Return whether a beginning that was planned has passed and is not in effect; then let the new side wait again."""
    dates = [to_instant(each) for each in (begins.dates or {}).values() if each]
    if min(dates, default=0) > move.world.now() or follows(read_schedules(move.right.target, move.project), begins):
        return False
    move.right.apply(Handover("waits"))
    return True


def _change_time(schedules: Schedules) -> int:
    """Return how long the change of all schedules takes at most, in milliseconds."""
    return MINUTE + len(schedules) * MILLISECONDS_PER_SCHEDULE


def _end_left_side(move: Move) -> Handover:
    """Let the new side wait, and the old one end at the handover; return its handover, which is final."""
    before, schedules = move.left.read(), read_schedules(move.left.target, move.project)
    if before == Handover("waits"):
        raise MoveFailed(f"{move.left} waits for a move that is not complete: complete it first, in that direction")
    if not schedules:
        raise MoveFailed(f"{move.left} has no schedules of {move.project}")
    move.right.apply(Handover("waits"))
    wanted, lead, confirm = move.at, 3 * _change_time(schedules), move.confirm
    if wanted is None and before is not None and before.role == "ends":  # killed before the old side had its end
        wanted = to_instant(before.at)
    for _ in range(MAX_TRIES):
        now = move.world.now()
        at = choose_time(schedules, now + lead) if wanted is None or wanted <= now else last_second(wanted)
        confirm(f"Hand {move.project} over from {move.left} to {move.right} at {to_date(at)}?")
        ends = end_schedules(schedules, at)
        move.left.apply(ends)
        if move.world.now() < at:
            return ends
        # A date in the past is refused, and one that is set late may have let a slot pass: the old side goes on.
        wanted, lead, confirm = None, lead * 2, _agree
    raise MoveFailed(f"{move.left} takes too long to change its schedules: it still runs the jobs; run this again")


def _agree(_question: str) -> None:
    """Answer a question with yes that the user has answered before."""


def _plan_beginning(move: Move, ends: Handover) -> Handover:
    """Return how the new side begins: at the handover, or soon if that is too near or over."""
    now, left = move.world.now(), read_schedules(move.left.target, move.project)
    at, earliest = to_instant(ends.at), now + _change_time(left)
    return begin_schedules(left, ends, at if at > earliest else max(at, last_second(earliest)), now)


def _start_missed_slots(move: Move, begins: Handover) -> None:
    """Start the slots that came before the new side's schedules began, each when it is due."""
    left, right = (read_schedules(side.target, move.project) for side in (move.left, move.right))
    for slot in missed_slots(left, right, begins):
        wait = slot.instant - move.world.now()
        if wait > 0:
            move.console.print(f"waiting for {slot.schedule} at {to_date(slot.instant)}", soft_wrap=True)
            sleep(wait / 1000)
        _start_slot(move, right, slot)


def _start_slot(move: Move, schedules: Schedules, slot: Slot) -> None:
    """Start what a schedule would start for a slot, under a name that the slot can have only once."""
    states, target, time = (
        move.right.target.client("stepfunctions"),
        schedules[slot.schedule]["Target"],
        to_date(slot.instant),
    )
    name = f"{time.replace(':', '-')}-{slot.schedule}"[:MAX_NAME]
    given = target.get("Input", "{}").replace(SCHEDULED_TIME, time)
    try:
        states.start_execution(stateMachineArn=target["Arn"], name=name, input=given)
    except states.exceptions.ExecutionAlreadyExists:
        return
    move.console.print(f"started {slot.schedule} of {time}, which came before {move.right} began", soft_wrap=True)
