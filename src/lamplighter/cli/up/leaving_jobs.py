"""Find jobs that the file no longer has and whose runs have not ended.

Step Functions ends the executions of a deleted state machine at their next transition. So a state machine is deleted
here only when its last run has ended, with its retries and alerts; until then its job is leaving. See
https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html.
"""

import asyncio
from collections.abc import Iterable

from lamplighter.base.aws import arn
from lamplighter.base.errors import AwsError
from lamplighter.bus import Caller
from lamplighter.delivery.tables import deliveries
from lamplighter.engine.engine import Engine
from lamplighter.services.sns.tables import deliveries as notifications

ACTIVE_STATUSES = ("RUNNING", "PENDING_REDRIVE")


async def find_running_jobs(engine: Engine, caller: Caller, stack: str, jobs: Iterable[str]) -> frozenset[str]:
    """Return those jobs of a stack that have a run under way."""
    return frozenset([job for job in jobs if await _has_active_run(engine, caller, f"{stack}-{job}")])


async def _has_active_run(engine: Engine, caller: Caller, machine: str) -> bool:
    key = arn.build("states", caller.region, caller.account, f"stateMachine:{machine}")
    for status in ACTIVE_STATUSES:
        given = {"stateMachineArn": key, "statusFilter": status, "maxResults": 1}
        await asyncio.sleep(0)  # lets other tasks run between the jobs of a large file
        try:
            answer = await engine.call(caller, "states", "ListExecutions", given)
        except AwsError:
            return False
        if answer["executions"]:
            return True
    return False


def has_pending_alerts(engine: Engine) -> bool:
    """Return whether alerts are still being delivered, so that their rules and topics are still needed."""
    reader = engine.store.reader
    return deliveries.count_pending(reader, "events") > 0 or notifications.count(reader, notifications.WAITING) > 0
