"""Stop and remove the containers of this engine whose task has stopped or is unknown.

Guarantees that their output is copied first. A container starts only after its task is on disk, so no container of a
task that is about to start is an orphan.
"""

import asyncio
import logging
from collections.abc import Collection
from functools import partial

from lamplighter.services.ecs.logs.awslogs import log_destination
from lamplighter.services.ecs.tables import shipped_logs, task_definitions, tasks
from lamplighter.services.ecs.tasks.containers.container_plan import STOP_SECONDS, container_name
from lamplighter.services.ecs.tasks.execution_role import agent_caller
from lamplighter.services.ecs.tasks.runtime_retry import retry_while_unavailable
from lamplighter.services.ecs.tasks.supervisor import copy_output
from lamplighter.services.ecs.tasks.supervisor_context import SupervisorContext
from lamplighter.store.db import Reader

log = logging.getLogger("lamplighter.ecs")


async def remove_orphans(context: SupervisorContext, supervised: Collection[str], delay: float) -> None:
    """Stop and remove containers whose task has stopped or is unknown, after a delay in seconds.

    `supervised` are the ARNs of the tasks that have a supervisor, which removes their containers itself.
    """
    store = context.bus.store
    await context.pause(delay)
    shipped = shipped_logs.containers(store.reader)
    names = await retry_while_unavailable(context.pause, context.runtime.names)
    # A container starts only after its task is on disk, so the task of any container named here is already stored.
    orphans = [name for name in sorted(names) if _is_orphan(store.reader, supervised, name)]
    await asyncio.gather(*(_remove_container(context, name) for name in orphans))
    # The counts were read before the names: a container that is missing now was removed and needs no count.
    if removed := (shipped - names) | shipped.intersection(orphans):
        await store.write_with_retry(lambda tx: shipped_logs.delete(tx, removed))


def _is_orphan(reader: Reader, supervised: Collection[str], name: str) -> bool:
    found = tasks.status(reader, name.partition("-")[0])
    return found is None or (found[1] == "STOPPED" and found[0] not in supervised)


async def _remove_container(context: SupervisorContext, name: str) -> None:
    log.warning("the container %s belongs to no running task; it is stopped and removed", name)
    reader, runtime = context.bus.store.reader, context.runtime
    await retry_while_unavailable(context.pause, partial(runtime.stop, name, STOP_SECONDS))
    owner, _, container_part = name.partition("-")
    task = tasks.by_name(reader, owner)
    if task is None:  # a restored database does not know the tasks that are newer than its backup
        await copy_output(context, owner, container_part, name, None)
    else:
        found = task_definitions.by_arn(reader, task.body["taskDefinitionArn"])
        definition = {"containerDefinitions": []} if found is None else found.body
        agent = agent_caller(context.bus, task, definition)
        for container in definition["containerDefinitions"]:
            if container_name(task.name, container["name"]) == name:
                destination = log_destination(task, agent, container, name)
                await copy_output(context, task.name, container["name"], name, destination)
    await retry_while_unavailable(context.pause, partial(runtime.remove, name))
