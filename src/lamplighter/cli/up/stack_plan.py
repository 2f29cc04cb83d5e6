"""Plan the stacks that an engine keeps, from a job file or from the user's own templates.

Guarantees that a plan has no errors that reading can find, and that it names the files to watch. The template of a job
file is adapted to this machine: plain processes run in the file's folder.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lamplighter.base.aws.task_definition_metadata import FOLDER_MARK
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.cli.move.handover_file import HandoverFile
from lamplighter.cli.up.merge_templates import resource_job
from lamplighter.jobs import names
from lamplighter.jobs.file.load import LoadedJobFile, load_job_file
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.parsing.yaml_document import JobFileError
from lamplighter.jobs.lint.denied_jobs import denied_jobs
from lamplighter.jobs.stack import roles
from lamplighter.jobs.stack.built_images import built_images
from lamplighter.jobs.stack.handover import Handover
from lamplighter.jobs.stack.schedules import schedule_states
from lamplighter.jobs.stack.template import build_template
from lamplighter.store.data_directory import HANDOVER


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """An image that is built from a folder."""

    job: str
    title: str
    """The image's name within the project: that of the job, or job/sidecar."""
    parameter: str
    """The template's parameter that holds the name of the image."""
    folder: Path


@dataclass(frozen=True, slots=True)
class StackOrigin:
    """The file and the environment that a stack was made from, as its template records them."""

    file: str
    environment: str = ""
    """Empty for the file without an environment."""


@dataclass(frozen=True, slots=True)
class StackPlan:
    """A stack as its source describes it."""

    stack: str
    template: str
    parameters: Mapping[str, str]
    project: Project | None = None
    """The project of a job file; None for a template."""
    builds: tuple[ImageBuild, ...] = ()
    origin: StackOrigin | None = None
    positions: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The place of each job and each channel's topic in the job file: file, line and column."""
    declared_parameters: frozenset[str] = field(default=frozenset(), compare=False)
    """The names of the parameters that a job file's template declares."""
    resource_jobs: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The job that each resource of a job file's template names in its metadata."""
    handover: Handover | None = None
    """How the jobs' slots are divided between this box and AWS, if they have moved."""

    @property
    def needs_docker(self) -> bool:
        """Whether any of its containers has an image; True for a template, whose containers are not examined."""
        if self.project is None:
            return True
        jobs = [job for job in self.project.jobs.values() if job.workflow is None]
        return any(job.image is not None or job.sidecars for job in jobs)


class StackSource(Protocol):
    """A source of plans: a job file, or templates."""

    @property
    def display_name(self) -> str:
        """The name of the source in messages."""

    @property
    def origin(self) -> StackOrigin | None:
        """The mark in the stacks' templates that identifies stacks which no plan names any more; None for no mark."""

    def is_owner_of(self, stack: str, origin: StackOrigin | None, /) -> bool:
        """Return whether a stack with this name and mark was made from the source; the source need not be readable."""

    @property
    def folder(self) -> Path:
        """The folder of the source, which also holds `.env`."""

    def read_plans(self) -> list[StackPlan]:
        """Read the source and return its plans; raise `LamplighterError` with all errors."""

    def files(self) -> set[Path]:
        """Return the files that the plans depended on when they were last read."""


@dataclass(slots=True)
class JobFileSource:
    """A source that reads a job file."""

    file: Path
    environment: str | None
    deny: frozenset[str] = frozenset()
    """The features that no job may use (`up --deny`)."""
    data: Path | None = None
    """The engine's data directory, which holds the handover of a move."""
    _other_files: set[Path] = field(default_factory=set)

    @property
    def display_name(self) -> str:
        """See `StackSource.display_name`."""
        return str(self.file)

    @property
    def origin(self) -> StackOrigin:
        """See `StackSource.origin`."""
        return StackOrigin(str(self.file.absolute()), self.environment or "")

    def is_owner_of(self, _stack: str, origin: StackOrigin | None) -> bool:
        """See `StackSource.is_owner_of`."""
        return origin == self.origin

    @property
    def folder(self) -> Path:
        """See `StackSource.folder`."""
        return self.file.absolute().parent

    def read_plans(self) -> list[StackPlan]:
        """See `StackSource.read_plans`; raises `JobFileError`."""
        try:
            loaded = load_job_file(self.file, self.environment)
        except JobFileError as error:
            self._other_files |= error.files
            raise
        project, folder = loaded.project, self.folder
        self._other_files = {folder / each for each in loaded.other_files}
        denied = list(denied_jobs(loaded, self.deny))
        if denied:
            raise JobFileError(denied)
        names = schedule_states(project)
        handover = None if self.data is None else HandoverFile(self.data, project.prefix).read_for(names)
        document = add_origin(build_template(project, "here", handover), folder, self.origin)
        declared = frozenset(document.get("Parameters", {}))
        return [
            StackPlan(
                project.prefix,
                dumps(document),
                {},
                project,
                tuple(_image_builds(project, folder)),
                self.origin,
                _positions(loaded),
                declared,
                {title: job for title, each in document["Resources"].items() if (job := resource_job(each))},
                handover,
            )
        ]

    def files(self) -> set[Path]:
        """See `StackSource.files`."""
        moved = [] if self.data is None else [self.data / HANDOVER]
        return {self.file, *self._other_files, *moved}


def add_origin(document: Json, folder: Path, origin: StackOrigin) -> Json:
    """Adapt a job file's template to this machine, and record the file and the environment that it was made from."""
    metadata = {"Lamplighter": {"File": origin.file, "Environment": origin.environment, "Platform": "here"}}
    return {**localize_template(document, folder), "Metadata": metadata}


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


def template_without(plan: StackPlan, without: frozenset[str]) -> Json | None:
    """Build a plan's template without some jobs and the jobs that run them; return None if no job is left."""
    project, origin = plan.project, plan.origin
    assert project is not None
    assert origin is not None
    if not without:
        return loads(plan.template)
    jobs = {
        name: job
        for name, job in project.jobs.items()
        if name not in without and not without & {*roles.container_jobs(project, name)}
    }
    if not jobs:
        return None
    document = build_template(project.model_copy(update={"jobs": jobs}), "here", plan.handover)
    return add_origin(document, Path(origin.file).parent, origin)


def _positions(loaded: LoadedJobFile) -> dict[str, str]:
    project = loaded.project
    written = {name: ("jobs", name) for name in project.jobs} | {
        names.topic_id(name): ("channels", name) for name in project.channels
    }
    return {name: str(loaded.position_of(*path, key=True)) for name, path in written.items()}


def _image_builds(project: Project, folder: Path) -> Iterator[ImageBuild]:
    for each in built_images(project):
        yield ImageBuild(each.job, each.title, each.parameter, Path(os.path.normpath(folder / each.folder)))
