"""Apply the metadata of a template's task definition: settings that this engine understands and AWS keeps and ignores.

The metadata is under `Lamplighter` and may have these keys; each is in the form of the template:

- `Process: true, Directory: /folder`: a container with the image `scratch`, which cannot be pulled, is a plain process
  in that folder. `Unlimited: true`: it may use all memory of this machine.
- `Cpu: "100", Memory: "300"`: the task has this size, which need not be one of Fargate's.
- `Volumes: [{Name: …, …}]`: these volumes replace those of the same names. A folder of this machine that does not exist
  is refused; Docker would create it, empty and owned by root.
- `ExtraHosts: [{Hostname: …, IpAddress: …}]`: each container gets these entries in its hosts file.
- `Network: name`: the task joins this network of Docker.
- `Gpus: "2"`: the first container gets so many GPUs, or "all".

Guarantees that properties without metadata stay as they are. What AWS has fields for is in these fields, so that the
engine's ECS runs a task definition in the same way, whoever registers it; the rest are labels of the containers.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

from lamplighter.base.json_text import Json

NO_IMAGE = "scratch"
"""The image of a container without one, because CloudFormation requires an image."""
NETWORK_LABEL = "lamplighter.network"
"""The label of a container that names the network of Docker which its task joins."""
MISSING_FOLDERS_LABEL = "lamplighter.missing-folders"
"""The label of a container whose folders of this machine must exist; its value is `refuse`."""
REFUSE = "refuse"
FOLDER_MARK = "/./"
"""In a volume's path of this machine, what follows the folder that no link in the rest of the path may leave."""
MEMORY_LABEL = "lamplighter.memory"
"""The label of a container that is not held to the task's memory; its value is `unlimited`."""
UNLIMITED = "unlimited"
SIZE_LABEL = "lamplighter.size"
"""The label of a container whose task may have a size that Fargate does not offer; its value is `any`."""
STOP_SIGNAL_LABEL = "lamplighter.stop-signal"
"""The label of a container that names the signal which asks it to stop; otherwise its image does, or it is SIGTERM."""


def adapt_task_definition(properties: Mapping[str, Json], metadata: Mapping[str, Json]) -> dict[str, Json]:
    """Return the properties of a template's task definition as this engine registers them."""
    adapted, containers = dict(properties), properties.get("ContainerDefinitions")
    adapted |= {name: metadata[name] for name in ("Cpu", "Memory") if name in metadata}
    if metadata.get("Volumes"):
        adapted["Volumes"] = _replace_volumes(properties.get("Volumes") or [], metadata["Volumes"])
    if isinstance(containers, list):
        adapted["ContainerDefinitions"] = [
            _adapt_container(each, metadata, is_first=number == 0) if isinstance(each, dict) else each
            for number, each in enumerate(containers)
        ]
    return adapted


def _replace_volumes(volumes: Json, replacements: Json) -> Json:
    by_name = {each["Name"]: each for each in replacements}
    return [by_name.get(each.get("Name"), each) if isinstance(each, dict) else each for each in volumes]


def _adapt_container(container: Json, metadata: Mapping[str, Json], *, is_first: bool) -> Json:
    adapted = dict(container)
    if metadata.get("Process") is True and container.get("Image") == NO_IMAGE:
        folder = PurePosixPath(str(metadata.get("Directory", "")))
        del adapted["Image"]
        if folder.root:
            adapted["WorkingDirectory"] = str(folder / str(container.get("WorkingDirectory", "")))
    if metadata.get("ExtraHosts"):
        adapted["ExtraHosts"] = metadata["ExtraHosts"]
    if metadata.get("Gpus") and is_first:
        adapted["ResourceRequirements"] = [{"Type": "GPU", "Value": str(metadata["Gpus"])}]
    labels = _labels(metadata)
    if labels:
        adapted["DockerLabels"] = {**(container.get("DockerLabels") or {}), **labels}
    return adapted


def _labels(metadata: Mapping[str, Json]) -> dict[str, str]:
    given = {
        NETWORK_LABEL: str(metadata["Network"]) if metadata.get("Network") else None,
        MISSING_FOLDERS_LABEL: REFUSE if metadata.get("Volumes") else None,
        MEMORY_LABEL: UNLIMITED if metadata.get("Unlimited") else None,
        SIZE_LABEL: "any" if "Memory" in metadata else None,
    }
    return {name: value for name, value in given.items() if value is not None}
