"""What the containers of a task see of this machine, by the task definition's own fields."""

from types import SimpleNamespace
from typing import cast

from lamplighter.base.json_text import Json
from lamplighter.runtime.port import Device, Mount, Tmpfs
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.tasks.containers.container_storage import container_mounts, linux_settings

TASK = cast("Task", SimpleNamespace(name="0123"))


def plan_mounts(volume: Json, **container: Json) -> list[Mount]:
    given = {"name": "job", "mountPoints": [{"sourceVolume": "v", "containerPath": "/data"}], **container}
    definition = {"volumes": [{"name": "v", **volume}], "containerDefinitions": [given]}
    return list(container_mounts(TASK, definition, given))


def test_a_volume_without_a_place_belongs_to_the_task_and_a_shared_one_to_all() -> None:
    assert plan_mounts({}) == [Mount("0123-v", "/data")]
    assert plan_mounts({"dockerVolumeConfiguration": {"scope": "task"}}) == [Mount("0123-v", "/data")]
    assert plan_mounts({"dockerVolumeConfiguration": {"scope": "shared"}}) == [Mount("v", "/data")]
    assert plan_mounts({"efsVolumeConfiguration": {"fileSystemId": "fs-1"}}) == [Mount("fs-1", "/data")]


def test_a_docker_volume_has_its_driver_options_and_labels() -> None:
    options = {"type": "nfs", "o": "addr=10.0.0.1"}
    docker = {"scope": "shared", "driver": "local", "driverOpts": options, "labels": {"team": "night"}}
    expected = Mount("v", "/data", driver="local", driver_options=options, labels={"team": "night"})
    assert plan_mounts({"dockerVolumeConfiguration": docker}) == [expected]


def test_a_missing_folder_is_created_as_on_aws_unless_a_label_refuses() -> None:
    folder = {"host": {"sourcePath": "/srv"}}
    assert plan_mounts(folder) == [Mount("/srv", "/data")]
    labels = {"lamplighter.missing-folders": "refuse"}
    assert plan_mounts(folder, dockerLabels=labels) == [Mount("/srv", "/data", create=False)]


def test_mounts_of_another_container_are_added_and_may_be_read_only() -> None:
    first = {"name": "first", "mountPoints": [{"sourceVolume": "v", "containerPath": "/data"}]}
    second = {"name": "second", "volumesFrom": [{"sourceContainer": "first", "readOnly": True}]}
    definition = {"volumes": [{"name": "v", "host": {"sourcePath": "/srv"}}], "containerDefinitions": [first, second]}
    assert list(container_mounts(TASK, definition, second)) == [Mount("/srv", "/data", read_only=True)]


def test_linux_parameters_are_devices_capabilities_and_file_systems_in_memory() -> None:
    settings = linux_settings(
        {
            "initProcessEnabled": True,
            "devices": [
                {"hostPath": "/dev/fuse"},
                {"hostPath": "/dev/a", "containerPath": "/b", "permissions": ["read"]},
            ],
            "tmpfs": [{"containerPath": "/tmp", "size": 64, "mountOptions": ["noexec"]}],
            "sharedMemorySize": 128,
            "capabilities": {"add": ["SYS_PTRACE"], "drop": ["ALL"]},
        }
    )
    assert settings["devices"] == (Device("/dev/fuse", "/dev/fuse", "rwm"), Device("/dev/a", "/b", "r"))
    assert settings["tmpfs"] == (Tmpfs("/tmp", "size=64m,noexec"),)
    assert (settings["init"], settings["shared_memory"]) == (True, 128)
    assert (settings["added_capabilities"], settings["dropped_capabilities"]) == (("SYS_PTRACE",), ("ALL",))
