"""Plan what the containers of a task see of this machine: mounts of its volumes, devices, and file systems in memory.

Guarantees that a volume without a place belongs to its task alone, and that volumes which tasks share have one name. A
file system of EFS is a volume of the runtime with its id as the name. A folder of this machine is created if it is
missing, as on AWS, unless the container's label `lamplighter.missing-folders` says `refuse`.
See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Volume.html and
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinuxParameters.html.
"""

from typing import TypedDict

from lamplighter.base.aws.task_definition_metadata import MISSING_FOLDERS_LABEL, REFUSE
from lamplighter.base.json_text import Json
from lamplighter.runtime.port import Device, Mount, Tmpfs
from lamplighter.services.ecs.tables.tasks import Task

_PERMISSION_LETTERS = {"read": "r", "write": "w", "mknod": "m"}


class LinuxSettings(TypedDict):
    """The fields of a `ContainerSpec` that `linuxParameters` sets."""

    init: bool
    devices: tuple[Device, ...]
    tmpfs: tuple[Tmpfs, ...]
    shared_memory: int | None
    added_capabilities: tuple[str, ...]
    dropped_capabilities: tuple[str, ...]
    swap: int | None
    swappiness: int | None


def container_mounts(task: Task, definition: Json, given: Json) -> tuple[Mount, ...]:
    """Return the mounts of a container: its own mount points, and those of the containers in `volumesFrom`."""
    volumes = {volume["name"]: volume for volume in definition["volumes"]}
    creates = (given.get("dockerLabels") or {}).get(MISSING_FOLDERS_LABEL) != REFUSE
    mount_points = [(mount, mount.get("readOnly", False)) for mount in given.get("mountPoints") or ()]
    containers_by_name = {container["name"]: container for container in definition["containerDefinitions"]}
    for other in given.get("volumesFrom") or ():
        mounts = containers_by_name.get(other.get("sourceContainer"), {}).get("mountPoints") or ()
        mount_points += [(mount, other.get("readOnly", False) or mount.get("readOnly", False)) for mount in mounts]
    return tuple(
        _mount(task, volumes[mount["sourceVolume"]], mount["containerPath"], read_only=read_only, creates=creates)
        for mount, read_only in mount_points
    )


def _mount(task: Task, volume: Json, target: str, *, read_only: bool, creates: bool) -> Mount:
    docker = volume.get("dockerVolumeConfiguration") or {}
    return Mount(
        _source(task, volume),
        target,
        read_only=read_only,
        create=creates,
        driver=docker.get("driver"),
        driver_options=docker.get("driverOpts") or {},
        labels=docker.get("labels") or {},
    )


def _source(task: Task, volume: Json) -> str:
    """Return a path on this machine, or the name of a volume: the task's own, or one that tasks share."""
    path: str | None = (volume.get("host") or {}).get("sourcePath")
    if path:
        return path
    if (volume.get("dockerVolumeConfiguration") or {}).get("scope") == "shared":
        return str(volume["name"])
    if volume.get("efsVolumeConfiguration"):
        return str(volume["efsVolumeConfiguration"]["fileSystemId"])
    return f"{task.name}-{volume['name']}"


def linux_settings(given: Json) -> LinuxSettings:
    """Return what `linuxParameters` sets; swap only if `maxSwap` states it: containers get none otherwise."""
    capabilities = given.get("capabilities") or {}
    return LinuxSettings(
        init=bool(given.get("initProcessEnabled")),
        devices=tuple(_device(each) for each in given.get("devices") or ()),
        tmpfs=tuple(
            Tmpfs(each["containerPath"], ",".join([f"size={each['size']}m", *(each.get("mountOptions") or ())]))
            for each in given.get("tmpfs") or ()
        ),
        shared_memory=given.get("sharedMemorySize"),
        added_capabilities=tuple(capabilities.get("add") or ()),
        dropped_capabilities=tuple(capabilities.get("drop") or ()),
        swap=given.get("maxSwap"),
        swappiness=given.get("swappiness") if given.get("maxSwap") is not None else None,
    )


def _device(given: Json) -> Device:
    source = given["hostPath"]
    letters = "".join(_PERMISSION_LETTERS.get(each, "") for each in given.get("permissions") or _PERMISSION_LETTERS)
    return Device(source, given.get("containerPath") or source, letters)
