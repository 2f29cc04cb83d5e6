"""Keep a deleted stack for 90 days, in which it can be described by its id, and then delete its rows.

"You can view deleted stacks for 90 days". See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-view-deleted-stacks.html.
"""

from lamplighter.services.cloudformation.tables import exports, stacks
from lamplighter.services.cloudformation.tables.stacks import SERVICE, Stack
from lamplighter.store import timers
from lamplighter.store.db import Tx
from lamplighter.store.timers import Timer

TIMER_NAME = "forget"
RETENTION_MILLISECONDS = 90 * 86_400_000


def retain_deleted(tx: Tx, stack: Stack, deleted_at: int) -> None:
    """Free the exports and imports of a stack that was deleted, and set the timer that deletes its rows."""
    for export in exports.exports_of(tx, stack.id):
        exports.delete(tx, *stack.owner, export.name)
    for name in exports.imports(tx, stack.id):
        exports.drop_import(tx, stack.id, name)
    timers.put(tx, Timer(SERVICE, stack.id, TIMER_NAME, deleted_at + RETENTION_MILLISECONDS), steady_clock=False)


def fire_timer(tx: Tx, timer: Timer) -> None:
    """Delete the rows of a stack whose retention time is over."""
    stacks.delete(tx, timer.subject)
