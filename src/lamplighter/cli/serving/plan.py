"""What an engine is to keep: stacks, read from a job file or from templates that somebody has already.

Promises that a plan was read without a fault, and names the files on which it depends, so that they can be watched. A
template of ours comes with what only this box knows: in which folder plain processes run, and that tasks need no
network of their own here.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lamplighter.base.jsontext import Json, dumps
from lamplighter.jobs import names
from lamplighter.jobs.denied import denied
from lamplighter.jobs.document import JobFileError
from lamplighter.jobs.file import load
from lamplighter.jobs.model import Project
from lamplighter.jobs.template import template

NO_NETWORK = "subnet-0000000000000000f"
"""The subnet of a box that needs none."""


@dataclass(frozen=True, slots=True)
class Build:
    """An image that is made of a folder."""

    job: str
    parameter: str
    """The template's parameter that says which image it became."""
    folder: Path


@dataclass(frozen=True, slots=True)
class Plan:
    """One stack as it is to be."""

    stack: str
    template: str
    parameters: Mapping[str, str]
    project: Project | None = None
    """Of a job file, what it says."""
    builds: tuple[Build, ...] = ()

    @property
    def needs_docker(self) -> bool:
        """Whether anything of it is a container with an image."""
        if self.project is None:
            return True
        jobs = [job for job in self.project.jobs.values() if job.workflow is None]
        return any(job.image is not None or job.sidecars for job in jobs)


class Source(Protocol):
    """Where plans come from."""

    @property
    def called(self) -> str:
        """What a person calls it."""

    @property
    def mark(self) -> str:
        """What marks its stacks, so that one which it no longer asks for is known as its own; "" for nothing."""

    @property
    def home(self) -> Path:
        """The folder that it is at home in: where `.env` lies."""

    def read(self) -> list[Plan]:
        """What it says now; raises LamplighterError with all that is wrong."""

    def files(self) -> set[Path]:
        """What it depended on when it was last read."""


@dataclass(slots=True)
class JobFile:
    """`lamplighter.yaml`."""

    file: Path
    environment: str | None
    deny: frozenset[str] = frozenset()
    """What no job may ask for."""
    _others: set[Path] = field(default_factory=set)

    @property
    def called(self) -> str:
        """See the protocol."""
        return str(self.file)

    @property
    def mark(self) -> str:
        """See the protocol."""
        return str(self.file.absolute())

    @property
    def home(self) -> Path:
        """See the protocol."""
        return self.file.absolute().parent

    def read(self) -> list[Plan]:
        """See the protocol; raises JobFileError."""
        loaded = load(self.file, self.environment)
        refused = list(denied(loaded, self.deny))
        if refused:
            raise JobFileError(refused)
        project, folder = loaded.project, self.home
        self._others = {folder / name for name in project.workflows}
        document = located(template(project), folder)
        document["Metadata"] = {"Lamplighter": {"File": self.mark}}
        declared = document.get("Parameters", {})
        parameters = {names.SUBNETS: NO_NETWORK} if names.SUBNETS in declared else {}
        return [Plan(project.prefix, dumps(document), parameters, project, tuple(_builds(project, folder)))]

    def files(self) -> set[Path]:
        """See the protocol."""
        # The folder itself: a file that is missing may come to be there.
        return {self.file, self.home, *self._others}


def located(document: Json, folder: Path) -> Json:
    """A template of ours whose plain processes and commands run in a folder."""
    for resource in document["Resources"].values():
        own = resource.get("Metadata", {}).get("Lamplighter", {})
        if own.get("Process") or own.get("Command"):
            own["Directory"] = str(folder / own.get("Directory", "."))
    return document


def _builds(project: Project, folder: Path) -> Iterator[Build]:
    for name, job in project.jobs.items():
        if job.builds:
            yield Build(name, names.image(name), Path(os.path.normpath(folder / str(job.image))))
