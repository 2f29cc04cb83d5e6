"""Follow the links of a path that must not leave a folder: a job that writes below the folder could turn a part of the
path into a link to any place of this machine, for the next container that mounts it.

A path of this machine that its user wrote in full has no mark (`FOLDER_MARK`), and may lead anywhere.
"""

import os
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

from lamplighter.base.aws.task_definition_metadata import FOLDER_MARK
from lamplighter.runtime.port import CannotStart, ContainerSpec


def resolve_mounts(container: ContainerSpec) -> ContainerSpec:
    """Return a container whose mounts name where their paths lead. Raises `CannotStart` if one leaves its folder."""
    mounts = (replace(each, source=resolve_path(each.source)) for each in container.mounts)
    return replace(container, mounts=tuple(mounts))


def resolve_path(path: str) -> str:
    """Return where a marked path leads, and any other path unchanged. Raises `CannotStart` if it leaves the folder."""
    root, mark, rest = path.partition(FOLDER_MARK)
    if not mark:
        return path
    folder = found = os.path.realpath(root or "/")
    for each in accumulate(Path(rest).parts, os.path.join, initial=folder):
        found = os.path.realpath(each)
        if not Path(found).is_relative_to(folder):
            raise CannotStart(
                f"CannotCreateContainerError: the volume {os.path.normpath(path)} is not mounted, because {each} is a "
                f"link to {found}, which is outside {folder}: if that is meant, write {found} as the volume's place"
            )
    return found
