"""Adapt the template of a job file to the machine that has the file's folder."""

import os
from pathlib import Path

from lamplighter.base.aws.task_definition_metadata import FOLDER_MARK
from lamplighter.base.json_text import Json


def localize_template(document: Json, folder: Path) -> Json:
    """Adapt a job file's template to this machine: all paths begin in the folder."""
    for resource in document["Resources"].values():
        own = resource.get("Metadata", {}).get("Lamplighter", {})
        if own.get("Process") or own.get("Command"):
            own["Directory"] = str(folder / own.get("Directory", "."))
        for volume in own.get("Volumes", ()):
            if "Host" in volume:
                volume["Host"]["SourcePath"] = _source_path(folder, volume["Host"]["SourcePath"])
    return document


def _source_path(folder: Path, path: str) -> str:
    """Return the absolute path of a volume, marked if it is relative to the job file (`FOLDER_MARK`)."""
    whole = os.path.normpath(folder / path)
    root = os.path.commonpath([folder, whole])
    return whole if os.path.isabs(path) else f"{root.rstrip('/')}{FOLDER_MARK}{os.path.relpath(whole, root)}"
