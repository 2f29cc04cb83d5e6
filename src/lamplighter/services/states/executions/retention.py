"""Delete executions when their retention time is over, together with their history.

Each execution that ends deletes a few expired ones, so that no end of an execution takes long. The retention time is
AWS's 90 days, unless a job file sets another one (`store/retention.py`). `engine/retention.py` deletes the others. See
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-state-machine-executions.
"""

from lamplighter.services.states.tables import executions
from lamplighter.store.db import Tx

PURGE_BATCH_SIZE = 4
"""The most expired executions that are deleted when another ends."""


def delete_expired(tx: Tx, now: int, most: int = PURGE_BATCH_SIZE) -> int:
    """Delete some of the executions whose retention time is over, and return their number.

    `now` is in milliseconds since the epoch.
    """
    found = executions.expired(tx, now, most)
    for key in found:
        executions.delete_with_history(tx, key)
    return len(found)
