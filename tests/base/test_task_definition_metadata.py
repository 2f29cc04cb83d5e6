"""The metadata of a task definition changes it for this machine, and nothing else does."""

from lamplighter.base.aws.task_definition_metadata import adapt_task_definition
from lamplighter.base.json_text import Json

EFS: Json = {"Name": "volume-1", "EFSVolumeConfiguration": {"FilesystemId": "fs-01234567"}}
PROPERTIES: Json = {
    "Family": "report",
    "ContainerDefinitions": [{"Name": "main", "Image": "busybox"}, {"Name": "proxy", "Image": "envoy"}],
    "Volumes": [EFS, {"Name": "own"}],
}


def test_properties_without_metadata_stay_as_they_are() -> None:
    assert adapt_task_definition(PROPERTIES, {}) == PROPERTIES
    assert adapt_task_definition({"Family": "report"}, {"Build": "./report"}) == {"Family": "report"}


def test_a_container_without_an_image_is_a_process_in_the_folder() -> None:
    containers = [{"Name": "main", "Image": "scratch"}, {"Name": "proxy", "Image": "envoy"}]
    adapted = adapt_task_definition({"ContainerDefinitions": containers}, {"Process": True, "Directory": "/jobs"})
    assert adapted["ContainerDefinitions"] == [{"Name": "main", "WorkingDirectory": "/jobs"}, containers[1]]
    assert "Image" in containers[0], "the given properties are not changed"


def test_an_unlimited_process_has_a_label() -> None:
    containers = [{"Name": "main", "Image": "scratch"}]
    adapted = adapt_task_definition({"ContainerDefinitions": containers}, {"Process": True, "Unlimited": True})
    assert adapted["ContainerDefinitions"] == [{"Name": "main", "DockerLabels": {"lamplighter.memory": "unlimited"}}]


def test_a_volume_is_replaced_by_the_one_of_the_same_name_and_its_folder_must_exist() -> None:
    folder = {"Name": "volume-1", "Host": {"SourcePath": "/srv"}}
    adapted = adapt_task_definition(PROPERTIES, {"Volumes": [folder]})
    assert adapted["Volumes"] == [folder, {"Name": "own"}]
    labels = [each["DockerLabels"] for each in adapted["ContainerDefinitions"]]
    assert labels == [{"lamplighter.missing-folders": "refuse"}] * 2


def test_every_container_gets_the_network_and_the_hosts_and_only_the_first_one_the_gpus() -> None:
    hosts = [{"Hostname": "db", "IpAddress": "10.0.0.5"}]
    adapted = adapt_task_definition(PROPERTIES, {"Network": "backend", "ExtraHosts": hosts, "Gpus": "2"})
    first, second = adapted["ContainerDefinitions"]
    for container in (first, second):
        assert container["ExtraHosts"] == hosts
        assert container["DockerLabels"] == {"lamplighter.network": "backend"}
    assert first["ResourceRequirements"] == [{"Type": "GPU", "Value": "2"}]
    assert "ResourceRequirements" not in second
