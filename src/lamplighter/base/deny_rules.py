"""Decide which task definitions `up --deny` refuses: those with more access to this machine than a plain container.

Guarantees a reason for each denied task definition, from whichever field it comes. The rules do not inspect what an
image does: the container confines it.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from lamplighter.base.aws.task_definition_metadata import NETWORK_LABEL
from lamplighter.base.json_text import Json

PRIVILEGED, MOUNTS, COMMANDS = "privileged", "host-mounts", "commands"
CAPABILITIES = frozenset(
    {
        *("ALL", "BPF", "DAC_READ_SEARCH", "MAC_ADMIN", "NET_ADMIN", "PERFMON", "SYS_ADMIN", "SYS_BOOT", "SYS_MODULE"),
        *("SYS_PTRACE", "SYS_RAWIO", "SYS_TIME"),
    }
)
"""Linux capabilities with which a container can reach the host or change it for all of its users."""
CONFINING_OPTIONS = ("no-new-privileges", "no-new-privileges=true", "apparmor=docker-default", "seccomp=builtin")
"""Docker's security options that loosen nothing. Any other profile or label may allow more than Docker's own ones."""
_VOLUME = re.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""The pattern of a volume's name; a path does not match."""


class UnknownDenyWord(ValueError):
    """A word that `--deny` does not know; str() lists the known words."""


def parse_deny_list(text: str) -> frozenset[str]:
    """Split a comma-separated list of deny words. Raises `UnknownDenyWord`."""
    found = frozenset(each.strip() for each in text.split(",") if each.strip())
    for each in sorted(found - DENY_RULES.keys()):
        raise UnknownDenyWord(f"unknown word `{each}`: write one or more of {', '.join(DENY_RULES)}")
    return found


def denied_reason(definition: Json, deny: Collection[str]) -> str | None:
    """Return why a task definition is denied, or None if it is allowed."""
    for word, reasons in DENY_RULES.items():
        if word in deny:
            for reason in reasons(definition):
                return f"This engine does not run {LABELS[word]} (--deny {word}): {reason}."
    return None


def _privileged(definition: Json) -> Iterator[str]:
    for field in ("networkMode", "pidMode", "ipcMode"):
        if definition.get(field) == "host":
            yield f"{field} is host"
    for name, container in _containers(definition):
        linux = container.get("linuxParameters") or {}
        added = (linux.get("capabilities") or {}).get("add") or []
        strong = sorted(CAPABILITIES & {str(each).upper().removeprefix("CAP_") for each in added})
        if (container.get("dockerLabels") or {}).get(NETWORK_LABEL) == "host":
            yield f"container {name} has the network of this machine"
        if container.get("privileged"):
            yield f"container {name} is privileged"
        if strong:
            yield f"container {name} has the capability {strong[0]}"
        if linux.get("devices"):
            yield f"container {name} has access to devices of this machine"
        for option in container.get("dockerSecurityOptions") or ():
            if str(option).replace(":", "=", 1) not in CONFINING_OPTIONS:
                yield f"container {name} has the security option {str(option)[:40]}, which may loosen its confinement"


def _mounts(definition: Json) -> Iterator[str]:
    for volume in definition.get("volumes") or ():
        docker, efs = volume.get("dockerVolumeConfiguration") or {}, volume.get("efsVolumeConfiguration") or {}
        paths = [(volume.get("host") or {}).get("sourcePath"), (docker.get("driverOpts") or {}).get("device")]
        names = [volume.get("name"), efs.get("fileSystemId")]
        paths += [name for name in names if isinstance(name, str) and not _VOLUME.fullmatch(name)]
        yield from (f"{path} is a path of this machine" for path in paths if path)


def _commands(definition: Json) -> Iterator[str]:
    for name, container in _containers(definition):
        if not container.get("image"):
            yield f"container {name} has no image"


def _containers(definition: Json) -> Iterator[tuple[str, Json]]:
    return ((str(each.get("name")), each) for each in definition.get("containerDefinitions") or ())


DENY_RULES: Mapping[str, Callable[[Json], Iterator[str]]] = {
    PRIVILEGED: _privileged,
    MOUNTS: _mounts,
    COMMANDS: _commands,
}
LABELS: Mapping[str, str] = {
    PRIVILEGED: "privileged containers",
    MOUNTS: "containers that mount paths of this machine",
    COMMANDS: "plain processes",
}
