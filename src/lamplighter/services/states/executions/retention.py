"""Delete executions 90 days after their end, together with their history.

Each execution that ends deletes a few expired ones, so that no end of an execution takes long. See
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-state-machine-executions.
"""

from lamplighter.services.states.tables import executions
from lamplighter.store.db import Tx

RETENTION_MILLISECONDS = 90 * 24 * 3600 * 1000
"""Milliseconds for which an execution is kept after its end: "Execution history retention time: 90 days"."""
PURGE_BATCH_SIZE = 4
"""The most expired executions that are deleted when another ends."""


def delete_expired(tx: Tx, now: int) -> None:
    """Delete a few of the executions whose retention time is over; `now` is in milliseconds since the epoch."""
    for key in executions.ended_before(tx, now - RETENTION_MILLISECONDS, PURGE_BATCH_SIZE):
        executions.delete_with_history(tx, key)
