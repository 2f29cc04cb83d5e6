"""What an engine is to keep: stacks, read from a job file or from templates that somebody has already.

Promises that a plan was read without a fault, and names the files on which it depends, so that they can be watched. A
template of ours comes with what only this box knows: in which folder plain processes run, that tasks need no network of
their own here, and that the log of a job stays when the job goes, so that one of the same name goes on with it.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.cli.up.merge_templates import LOG
from lamplighter.jobs import names
from lamplighter.jobs.file.load import LoadedJobFile, load_job_file
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.yaml_document import JobFileError
from lamplighter.jobs.lint.denied_jobs import denied_jobs
from lamplighter.jobs.stack import roles
from lamplighter.jobs.stack.template import build_template

NO_NETWORK = "subnet-0000000000000000f"
"""The subnet of a box that needs none."""


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """An image that is made of a folder."""

    job: str
    parameter: str
    """The template's parameter that says which image it became."""
    folder: Path


@dataclass(frozen=True, slots=True)
class SourceMark:
    """The file, and the environment of it, that a stack was made of."""

    file: str
    environment: str = ""
    """Empty: the file without an environment."""


@dataclass(frozen=True, slots=True)
class StackPlan:
    """One stack as it is to be."""

    stack: str
    template: str
    parameters: Mapping[str, str]
    project: Project | None = None
    """Of a job file, what it says."""
    builds: tuple[ImageBuild, ...] = ()
    mark: SourceMark | None = None
    places: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Where each job and each channel is written: file, line and column."""

    @property
    def needs_docker(self) -> bool:
        """Whether anything of it is a container with an image."""
        if self.project is None:
            return True
        jobs = [job for job in self.project.jobs.values() if job.workflow is None]
        return any(job.image is not None or job.sidecars for job in jobs)


class StackSource(Protocol):
    """Where plans come from."""

    @property
    def display_name(self) -> str:
        """What a person calls it."""

    @property
    def mark(self) -> SourceMark | None:
        """What marks its stacks, so that one which it no longer asks for is known as its own; None for nothing."""

    def is_owner_of(self, stack: str, mark: SourceMark | None, /) -> bool:
        """Whether a stack with this name and this mark was made of it, also where it cannot be read now."""

    @property
    def folder(self) -> Path:
        """The folder that it is at home in: where `.env` lies."""

    def read_plans(self) -> list[StackPlan]:
        """What it says now; raises LamplighterError with all that is wrong."""

    def files(self) -> set[Path]:
        """What it depended on when it was last read."""


@dataclass(slots=True)
class JobFileSource:
    """`lamplighter.yaml`."""

    file: Path
    environment: str | None
    deny: frozenset[str] = frozenset()
    """What no job may ask for."""
    _others: set[Path] = field(default_factory=set)

    @property
    def display_name(self) -> str:
        """See the protocol."""
        return str(self.file)

    @property
    def mark(self) -> SourceMark:
        """See the protocol."""
        return SourceMark(str(self.file.absolute()), self.environment or "")

    def is_owner_of(self, _stack: str, mark: SourceMark | None) -> bool:
        """See the protocol."""
        return mark == self.mark

    @property
    def folder(self) -> Path:
        """See the protocol."""
        return self.file.absolute().parent

    def read_plans(self) -> list[StackPlan]:
        """See the protocol; raises JobFileError."""
        loaded = load_job_file(self.file, self.environment)
        refused = list(denied_jobs(loaded, self.deny))
        if refused:
            raise JobFileError(refused)
        project, folder = loaded.project, self.folder
        self._others = {folder / name for name in project.workflows}
        document = mark_template(build_template(project), folder, self.mark)
        declared = document.get("Parameters", {})
        parameters = {names.SUBNETS: NO_NETWORK} if names.SUBNETS in declared else {}
        builds = tuple(_builds(project, folder))
        return [StackPlan(project.prefix, dumps(document), parameters, project, builds, self.mark, _places(loaded))]

    def files(self) -> set[Path]:
        """See the protocol."""
        # The folder itself: a file that is missing may come to be there.
        return {self.file, self.folder, *self._others}


def mark_template(document: Json, folder: Path, mark: SourceMark) -> Json:
    """A template of ours as it is for this box."""
    metadata = {"Lamplighter": {"File": mark.file, "Environment": mark.environment}}
    return {**localize_template(document, folder), "Metadata": metadata}


def localize_template(document: Json, folder: Path) -> Json:
    """A template of ours whose plain processes and commands run in a folder, and whose logs outlive their jobs."""
    for resource in document["Resources"].values():
        own = resource.get("Metadata", {}).get("Lamplighter", {})
        if own.get("Process") or own.get("Command"):
            own["Directory"] = str(folder / own.get("Directory", "."))
        if resource["Type"] == LOG:
            resource["DeletionPolicy"] = resource["UpdateReplacePolicy"] = "Retain"
            resource["Metadata"] = {"Lamplighter": {"Adopt": True}}
    return document


def template_without(plan: StackPlan, without: frozenset[str]) -> Json | None:
    """The template of a plan without some jobs, and without those that run them; None where no job is left."""
    project, mark = plan.project, plan.mark
    assert project is not None
    assert mark is not None
    if not without:
        return loads(plan.template)
    jobs = {
        name: job
        for name, job in project.jobs.items()
        if name not in without and not without & {*roles.container_jobs(project, name)}
    }
    if not jobs:
        return None
    return mark_template(build_template(project.model_copy(update={"jobs": jobs})), Path(mark.file).parent, mark)


def _places(loaded: LoadedJobFile) -> dict[str, str]:
    project = loaded.project
    written = {name: ("jobs", name) for name in project.jobs} | {
        names.topic_id(name): ("channels", name) for name in project.channels
    }
    return {name: str(loaded.place(*path, key=True)) for name, path in written.items()}


def _builds(project: Project, folder: Path) -> Iterator[ImageBuild]:
    for name, job in project.jobs.items():
        if job.builds:
            yield ImageBuild(name, names.image_parameter(name), Path(os.path.normpath(folder / str(job.image))))
