"""Delete executions when their retention time is over, together with their history.

The retention time is AWS's 90 days, unless a job file sets another one (`store/retention.py`). `engine/retention.py`
calls this in its sweeps. See
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-state-machine-executions.
"""

from lamplighter.services.states.tables import executions
from lamplighter.store.db import Tx


def delete_expired(tx: Tx, now: int, most: int) -> int:
    """Delete some of the executions whose retention time is over, and return their number.

    `now` is in milliseconds since the epoch.
    """
    found = executions.expired(tx, now, most)
    for key in found:
        executions.delete_with_history(tx, key)
    return len(found)
