"""Define the volumes of a job: folders of this machine, volumes of Docker, and file systems of EFS.

A volume is a text in Compose's short syntax (`./data:/data`, `/srv/in:/in:ro`, `cache:/cache`), or a mapping. A mapping
may name one place on this machine and one on AWS, so that the same file serves both. Guarantees that each volume names
a place and an absolute path in the container.
See https://docs.docker.com/reference/compose-file/services/#volumes and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.channels import as_list
from lamplighter.jobs.file.parsing.invalid_value import IncompleteValue, InvalidValue
from lamplighter.jobs.file.strict_model import StrictModel
from lamplighter.jobs.file.text_formats import AccessPointId, Directory, FileSystemId, HostFolder, VolumeName
from lamplighter.jobs.file.values import Boolean, format_value

MODES = {"ro": True, "rw": False}
"""The third part of the short syntax: whether the container may only read."""
SHORT_SYNTAX_PATTERN = r"^[^:]+:/[^:]*(:(ro|rw))?$"
_ADVICE = "write ./folder:/path, /folder:/path:ro, or name:/path for a volume of Docker"


class Volume(StrictModel):
    """A folder that the job sees: from this machine, from Docker, or from a file system of EFS."""

    path: Directory = Field(description="The path in the container.")
    host: HostFolder | None = Field(
        default=None, description="A folder of this machine; a relative one is relative to the job file."
    )
    volume: VolumeName | None = Field(
        default=None, description="The name of a volume of Docker, which the jobs of the project share."
    )
    efs: FileSystemId | None = Field(default=None, description="The file system on AWS.")
    root: Directory | None = Field(default=None, description="The folder of the file system; its root by default.")
    access_point: AccessPointId | None = Field(default=None, description="The access point of the file system.")
    read_only: Boolean = Field(default=False, description="Whether the job can only read it.")

    @model_validator(mode="after")
    def _check_places(self) -> "Volume":
        if self.host is not None and self.volume is not None:
            raise IncompleteValue("a volume has one place on this machine, not both `host` and `volume`", "keep one")
        if self.host is None and self.volume is None and self.efs is None:
            raise IncompleteValue(
                "the volume has no place", "add `host: ./folder`, `volume: name`, or on AWS `efs: fs-…`"
            )
        if self.efs is None and (self.root is not None or self.access_point is not None):
            raise IncompleteValue("`root` and `access-point` belong to a file system of EFS", "add `efs: fs-…`")
        if self.root not in (None, "/") and self.access_point is not None:
            raise IncompleteValue("an access point has its own root folder", "remove `root` or `access-point`")
        return self


def _expand_short_syntax(value: Json) -> Json:
    """Return the mapping that a text in Compose's short syntax stands for."""
    if not isinstance(value, str):
        return value
    source, *rest = value.split(":")
    if len(rest) not in (1, 2) or not source or not rest[0].startswith("/"):
        raise InvalidValue(f"{format_value(value)} is not a volume", _ADVICE)
    mode = rest[1] if len(rest) == 2 else "rw"
    if mode not in MODES:
        raise InvalidValue(
            f"`{mode}` is not a mode of a volume", "write :ro, so that the job may only read, or nothing"
        )
    place = "host" if source.startswith((".", "/")) else "volume"
    return {place: source, "path": rest[0], "read-only": MODES[mode]}


Volumes = Annotated[tuple[Annotated[Volume, BeforeValidator(_expand_short_syntax)], ...], BeforeValidator(as_list)]


def check_paths(volumes: Iterable[Volume]) -> None:
    """Raise InvalidValue if two volumes of a container have the same path."""
    seen: set[str] = set()
    for each in volumes:
        path = each.path.rstrip("/")
        if path in seen:
            raise IncompleteValue(f"two volumes are at {each.path}", "give each its own path")
        seen.add(path)
