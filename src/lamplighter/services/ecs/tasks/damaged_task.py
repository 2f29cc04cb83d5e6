"""End a task whose row cannot be read, and state this as the reason.

Guarantees that services that wait for the task receive its end. Its containers can then be removed, because they belong
to no running task. Does not guess how the containers ended: the task has no exit code and no stop code.
"""

from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.bus import Bus, caller_of
from lamplighter.services.ecs import lookup
from lamplighter.services.ecs.tables import task_definitions, tasks
from lamplighter.services.ecs.tasks import lifecycle
from lamplighter.store import outbox
from lamplighter.store.db import Tx

VERSION = 1000
"""A version higher than any that a task reaches otherwise, so that a task's versions always rise."""


def end_damaged_task(bus: Bus, arn: str, why: str, tx: Tx) -> None:
    """End a task of which only the columns can be read, with the reason `why`."""
    found = tasks.get_without_body(tx, arn)
    now = tx.now
    body: Json = {
        "attachments": [],
        "clusterArn": found.cluster,
        "containers": [],
        "cpu": str(found.cpu),
        "desiredStatus": "STOPPED",
        "lastStatus": "STOPPED",
        "launchType": found.launch_type,
        "memory": str(found.memory),
        "overrides": {"containerOverrides": []},
        "stoppedAt": now,
        "stoppedReason": why,
        "taskArn": arn,
        "taskDefinitionArn": _definition(tx, arn, found.family),
        "version": VERSION,
    }
    for order in (found.run_order, found.stop_order):
        if order is not None:
            outbox.delete(tx, order)
    lifecycle.save_and_publish(
        bus, tx, replace(found, body=body, run_order=None, stop_order=None, waiting_since=None), now
    )


def _definition(tx: Tx, task: str, family: str) -> str:
    """Return the ARN of the family's latest revision, because only the damaged body names the task's own."""
    caller = caller_of(task)
    last = task_definitions.next_revision(tx, lookup.owner_key(caller), family) - 1
    return lookup.resource_arn(caller, f"task-definition/{family}:{last}")
