"""Send an alert when a task has waited long for room on this machine, to the channels of all jobs that wait.

A timer looks at the oldest waiting task. It is set when a task begins to wait, and again as long as tasks wait. The
name of the timer says whether the alert was sent, so a restart sends no second one. The next alert is sent when, at a
later look, no task had waited so long, and then one has.
"""

from lamplighter.base.json_text import Json
from lamplighter.base.world import World, format_iso_time
from lamplighter.bus import Bus, caller_of
from lamplighter.services.ecs.tables import tasks, waiting_tasks
from lamplighter.services.ecs.tasks.admission import QUEUE_TIMER, Admission
from lamplighter.store.db import DamagedData, Reader, Tx
from lamplighter.store.timers import Timer, put

ALERTS_SERVICE = "alerts"
ALERTED = "alerted"
"""The name of the timer after the alert."""


def examine_queue(bus: Bus, world: World, admission: Admission, tx: Tx, timer: Timer) -> None:
    """Handle the timer: send the alert if the oldest task has waited too long, and set the timer again."""
    queue = waiting_tasks.queue(tx)
    if queue is None:
        return
    now = world.monotonic()
    is_standing = now - queue.since >= waiting_tasks.STANDS_MILLISECONDS
    if is_standing and timer.name != ALERTED and bus.serves(ALERTS_SERVICE, "SendQueueAlert"):
        params: Json = {
            "Since": format_iso_time(tx.now - (now - queue.since)),
            "Tasks": queue.number,
            "Families": waiting_tasks.waiting_families(tx),
            "Reason": _reason(admission, tx, queue.oldest),
        }
        bus.invoke(tx, caller_of(queue.oldest), ALERTS_SERVICE, "SendQueueAlert", params)
    due = (now if is_standing else queue.since) + waiting_tasks.STANDS_MILLISECONDS
    put(tx, Timer(*QUEUE_TIMER, ALERTED if is_standing else "", due), steady_clock=True)


def _reason(admission: Admission, reader: Reader, arn: str) -> str:
    """Return what a task waits for; empty if that cannot be read."""
    try:
        task = tasks.get(reader, arn)
    except DamagedData:
        return ""
    return "" if task is None else admission.waiting_reason(reader, task) or ""
