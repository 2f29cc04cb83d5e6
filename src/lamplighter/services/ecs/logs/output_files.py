"""Find the output of containers in files: one JSON object on each line, readable while the file grows.

`output_copy.py` writes the files.
"""

import shutil
from collections.abc import Collection
from pathlib import Path


class OutputFiles:
    """The output files of all tasks, in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, task: str, container: str) -> Path:
        """Return the path of a container's output file."""
        return self.directory / task / f"{container}.log"

    def remove(self, task: str) -> None:
        """Remove the output of a task, if there is any."""
        shutil.rmtree(self.directory / task, ignore_errors=True)

    def remove_older(self, before: int, running: Collection[str]) -> int:
        """Remove the output of tasks that was last written before a time in milliseconds; return the number of tasks.

        The output of running tasks stays, however old it is.
        """
        if not self.directory.is_dir():
            return 0
        old = [
            each.name
            for each in self.directory.iterdir()
            if each.name not in running and _last_change(each) * 1000 < before
        ]
        for name in old:
            self.remove(name)
        return len(old)


def _last_change(folder: Path) -> float:
    """Return when a file in a folder was last changed, in seconds since the epoch."""
    return max((each.stat().st_mtime for each in (folder, *folder.iterdir())), default=0.0)
