"""Plan the pause container of a task, and what its containers share with it.

As with ECS's agent, a container without a program keeps the namespaces of a task for the task's whole life: its network
in the mode awsvpc, its processes with `pidMode` task, and its shared memory with `ipcMode` task. So a container may end
and be restarted, and the others keep their network. A task with one container has no pause container, which would take
time at its start, unless that container may be restarted: then the address of the task stays the same.

A plain process has the namespaces of this machine; only containers with an image count. See
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json
from lamplighter.runtime.port import ContainerSpec
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.tasks.containers.container_plan import PlannedContainer, container_name

TASK = "task"
PAUSE = "internal.pause"
"""The name of the pause container within its task; no container of a definition has a dot in its name."""


@dataclass(frozen=True, slots=True)
class _Shared:
    """Which namespaces the containers of a task share."""

    network: bool
    processes: bool
    memory: bool


def share_namespaces(
    task: Task, definition: Json, plans: Sequence[PlannedContainer]
) -> tuple[tuple[PlannedContainer, ...], ContainerSpec | None]:
    """Return the containers with what they share, and the task's pause container if it has one."""
    shared = _Shared(
        definition.get("networkMode") == "awsvpc", definition.get("pidMode") == TASK, definition.get("ipcMode") == TASK
    )
    sharing = [plan for plan in plans if plan.container.image]
    is_needed = len(sharing) > 1 or any(plan.restart_policy is not None for plan in sharing)
    if not is_needed or shared == _Shared(network=False, processes=False, memory=False):
        return tuple(replace(plan, container=_alone(plan.container)) for plan in plans), None
    name = container_name(task.name, PAUSE)
    return (
        tuple(replace(plan, container=_with_shared(plan.container, shared, name)) for plan in plans),
        _pause_container(task, name, shared, [plan.container for plan in sharing]),
    )


def _alone(container: ContainerSpec) -> ContainerSpec:
    """Return a container that shares nothing: the namespaces of its task are its own."""
    pid_mode = None if container.pid_mode == TASK else container.pid_mode
    return replace(container, pid_mode=pid_mode, ipc_mode=None if container.ipc_mode == TASK else container.ipc_mode)


def _with_shared(container: ContainerSpec, shared: _Shared, name: str) -> ContainerSpec:
    return replace(
        container,
        network=name if shared.network else None,
        pid_mode=name if shared.processes else container.pid_mode,
        ipc_mode=name if shared.memory else container.ipc_mode,
    )


def _pause_container(task: Task, name: str, shared: _Shared, sharing: Sequence[ContainerSpec]) -> ContainerSpec:
    """Return the pause container, with those settings of all containers that its namespaces decide."""
    networks = [each.docker_network for each in sharing if each.docker_network is not None]
    hosts = {host: address for each in reversed(sharing) for host, address in each.extra_hosts.items()}
    memory = [each.shared_memory for each in sharing if each.shared_memory is not None]
    return ContainerSpec(
        name=name,
        labels={"lamplighter.task": task.arn},
        docker_network=next(iter(networks), None) if shared.network else "none",
        extra_hosts=hosts if shared.network else {},
        ipc_mode="shareable" if shared.memory else None,
        shared_memory=max(memory, default=None) if shared.memory else None,
    )
