"""What an engine may be told to refuse (`up --deny`): what gives a task more of this machine than a container.

Promises a reason for each task definition that is denied, whatever field it comes from. Refuses to judge what an image
does: it is the container that holds it.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from lamplighter.base.json_text import Json

PRIVILEGED, MOUNTS, COMMANDS = "privileged", "host-mounts", "commands"
CAPABILITIES = frozenset(
    {
        *("ALL", "BPF", "DAC_READ_SEARCH", "MAC_ADMIN", "NET_ADMIN", "PERFMON", "SYS_ADMIN", "SYS_BOOT", "SYS_MODULE"),
        *("SYS_PTRACE", "SYS_RAWIO", "SYS_TIME"),
    }
)
"""Those with which a container can reach the machine, or change it for all."""
_VOLUME = re.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""The name of a volume; a path is none."""


class UnknownDenyWord(ValueError):
    """There is nothing of this name to deny; str() names what there is."""


def parse_deny_list(text: str) -> frozenset[str]:
    """The words of a list with commas; raises UnknownWord."""
    found = frozenset(each.strip() for each in text.split(",") if each.strip())
    for each in sorted(found - KINDS.keys()):
        raise UnknownDenyWord(f"{each} is nothing that can be denied: write {', '.join(KINDS)}, or some of them")
    return found


def denied_reason(definition: Json, deny: Collection[str]) -> str | None:
    """Why a task definition is denied; None where it is not."""
    for word, reasons in KINDS.items():
        if word in deny:
            for reason in reasons(definition):
                return f"This engine does not run {SAID[word]} (--deny {word}): {reason}."
    return None


def _privileged(definition: Json) -> Iterator[str]:
    for field in ("networkMode", "pidMode", "ipcMode"):
        if definition.get(field) == "host":
            yield f"{field} is host"
    for name, container in _containers(definition):
        linux = container.get("linuxParameters") or {}
        added = (linux.get("capabilities") or {}).get("add") or []
        strong = sorted(CAPABILITIES & {str(each).upper().removeprefix("CAP_") for each in added})
        if container.get("privileged"):
            yield f"container {name} is privileged"
        if strong:
            yield f"container {name} has the capability {strong[0]}"
        if linux.get("devices"):
            yield f"container {name} has devices of the machine"
        if any("unconfined" in str(each) for each in container.get("dockerSecurityOptions") or ()):
            yield f"container {name} is unconfined"


def _mounts(definition: Json) -> Iterator[str]:
    for volume in definition.get("volumes") or ():
        docker, efs = volume.get("dockerVolumeConfiguration") or {}, volume.get("efsVolumeConfiguration") or {}
        paths = [(volume.get("host") or {}).get("sourcePath"), (docker.get("driverOpts") or {}).get("device")]
        names = [volume.get("name"), efs.get("fileSystemId")]
        if any(paths) or any(isinstance(name, str) and not _VOLUME.fullmatch(name) for name in names):
            yield f"volume {volume.get('name')} is a path of this machine"


def _commands(definition: Json) -> Iterator[str]:
    for name, container in _containers(definition):
        if not container.get("image"):
            yield f"container {name} has no image and is a plain process"


def _containers(definition: Json) -> Iterator[tuple[str, Json]]:
    return ((str(each.get("name")), each) for each in definition.get("containerDefinitions") or ())


KINDS: Mapping[str, Callable[[Json], Iterator[str]]] = {
    PRIVILEGED: _privileged,
    MOUNTS: _mounts,
    COMMANDS: _commands,
}
SAID: Mapping[str, str] = {
    PRIVILEGED: "privileged containers",
    MOUNTS: "containers that mount paths of this machine",
    COMMANDS: "commands",
}
