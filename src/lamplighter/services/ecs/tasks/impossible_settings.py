"""Name the settings of a task definition that this machine cannot carry out.

AWS registers such definitions, so the engine does too; but no container runs without what its definition requires.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json

_INSTEAD = "is not there on this machine"
_VOLUMES = {
    "fsxWindowsFileServerVolumeConfiguration": "FSx for Windows File Server",
    "s3filesVolumeConfiguration": "S3 Files",
}


def impossible_setting(definition: Json, given: Json, override: Json) -> str | None:
    """Return why a container does not start here, in the form of ECS's errors; None if it may."""
    return next(_reasons(definition, given, override), None)


def _reasons(definition: Json, given: Json, override: Json) -> Iterator[str]:
    configuration = given.get("logConfiguration") or {}
    if given.get("firelensConfiguration") or configuration.get("logDriver") == "awsfirelens":
        yield f"CannotCreateContainerError: the log driver awsfirelens {_INSTEAD}: use awslogs or a driver of Docker"
    if configuration.get("secretOptions"):
        yield f"CannotCreateContainerError: `secretOptions` of a log driver {_INSTEAD}: use `options`"
    if given.get("credentialSpecs"):
        yield f"CannotCreateContainerError: `credentialSpecs` (Active Directory) {_INSTEAD}"
    for requirement in override.get("resourceRequirements") or given.get("resourceRequirements") or ():
        if requirement["type"] != "GPU":
            yield f"CannotCreateContainerError: the resource {requirement['type']} {_INSTEAD}"
    volumes = {volume["name"]: volume for volume in definition["volumes"]}
    for mount in given.get("mountPoints") or ():
        for member, name in _VOLUMES.items():
            if volumes.get(mount.get("sourceVolume"), {}).get(member):
                yield f"ResourceInitializationError: failed to mount volume {mount['sourceVolume']}: {name} {_INSTEAD}"
