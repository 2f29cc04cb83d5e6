"""Define the site on which the commands about runs work: an account on AWS or an engine, and the job file.

Guarantees the same options for all these commands (`with_command_context`), and that every error ends a command with
one sentence and exit code 1, and the same time zone for all: `rerun --failed` means the night that `night` shows.
"""

import inspect
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from lamplighter.base.aws import arn as arns
from lamplighter.base.errors import AwsError, LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.call_errors import CALL_ERRORS
from lamplighter.cli.internal_calls import call_engine
from lamplighter.cli.job_file import DEFAULT_JOB_FILE, EnvironmentOption, print_problems, read_job_file
from lamplighter.cli.local_zone import zone_of_schedules
from lamplighter.cli.target import (
    DATA_VARIABLE,
    DEFAULT_DATA,
    AwsOption,
    DataOption,
    EndpointUrlOption,
    ProfileOption,
    RegionOption,
    Target,
    explain_error,
    find_target,
)
from lamplighter.console.ports.port import Place
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.parsing.yaml_document import JobFileError
from lamplighter.runs.jobs.job_names import JobNames, read_names

FileOption = Annotated[
    Path | None,
    typer.Option("--file", help="The job file with the jobs' names. Default: ./lamplighter.yaml.", dir_okay=False),
]


@dataclass(frozen=True)
class CommandContext:
    """A target account, and the job file that names its jobs."""

    find: Callable[[], Target]
    """A function that finds the account when a command first needs it; some commands never do."""
    read_project: Callable[[], Project | None]
    """A function that reads the job file's project when a command first needs it."""
    file: Path | None = None
    """The job file, if the user names one."""
    options: str = ""
    """The options that chose the site, such as ` -e prod --aws`; a further command needs them, too."""

    def hint(self, command: str) -> str:
        """Return a command line that the user may want next, for the same site."""
        return f"lamplighter {command}{self.options}"

    @cached_property
    def target(self) -> Target:
        """The account."""
        return self.find()

    @cached_property
    def project(self) -> Project | None:
        """The job file's project; None if the user names no file, and this folder has none or a broken one."""
        return self.read_project()

    @cached_property
    def place(self) -> Place:
        """The account and region."""
        bus = arns.parse_known(self.target.client("events").describe_event_bus()["Arn"])
        return Place(bus.account, bus.region)

    @cached_property
    def known_runs(self) -> Json:
        """The runs under way and the tags of all state machines (ListNightRuns); None on AWS, or if not allowed."""
        return self.call_internal("states", "ListNightRuns", Since=real_world().now())

    def call_internal(self, service: str, operation: str, **params: Json) -> Json:
        """Return the answer of an operation that only an engine has; None on AWS, or if it is not allowed."""
        try:
            return self.target.endpoint and call_engine(self.target, self.place, service, operation, params)
        except AwsError:
            return None

    def job_names(self, *, with_file: bool = True) -> JobNames:
        """Return the names of jobs: those of the job file, and those that an engine knows."""
        found = read_names(self.known_runs["Machines"] if self.known_runs else {})
        project = self.project if with_file else None
        if project is None:
            return found
        own = {project.name(job): job for job in project.jobs}
        return JobNames({**found.by_machine, **own}, found.projects | {project.prefix})

    def close(self) -> None:
        """Close the files of a stopped engine."""
        if "target" in self.__dict__ and self.target.stopped is not None:
            self.target.stopped.close()

    @cached_property
    def sfn(self) -> Json:
        """A boto3 client of Step Functions."""
        return self.target.client("stepfunctions")

    @cached_property
    def ecs(self) -> Json:
        """A boto3 client of ECS."""
        return self.target.client("ecs")


def read_project(file: Path | None, environment: str | None) -> Project | None:
    """Return the job file's project, or None if the user names no file, and this folder has none.

    If the file of this folder is broken, print its problems and return None; if the user named it, end the command.
    """
    if file is not None or environment is not None:
        return read_job_file(file or DEFAULT_JOB_FILE, environment).project
    if not DEFAULT_JOB_FILE.exists():
        return None
    try:
        return load_job_file(DEFAULT_JOB_FILE).project
    except JobFileError as error:
        print_problems(error.problems)
        typer.echo(
            f"lamplighter: {DEFAULT_JOB_FILE} has errors, so the jobs of all projects are listed",
            err=True,
        )
        return None


def with_command_context(function: Callable[..., None], *, when_stopped: bool = False) -> Callable[..., None]:
    """Add the options that choose a site to a command, and pass the site as the command's first argument.

    `when_stopped`: the command also works while the engine of this folder does not run.
    """
    signature = inspect.signature(function, eval_str=True)
    options = {**inspect.signature(_make_context, eval_str=True).parameters}
    del options["when_stopped"]
    parameters = [*list(signature.parameters.values())[1:], *options.values()]

    def context_options(**given: Json) -> None:
        where = {name: given.pop(name) for name in options}
        site = _make_context(**where, when_stopped=when_stopped)
        with closing(site), explain_errors(site), zone_of_schedules(site.project):
            function(site, **given)

    context_options.__doc__ = function.__doc__
    context_options.__annotations__ = {each.name: each.annotation for each in parameters}
    context_options.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return context_options


def with_stored_context(function: Callable[..., None]) -> Callable[..., None]:
    """Do the same for a command that only reads: it reads the data directory if its engine does not run."""
    return with_command_context(function, when_stopped=True)


def _make_context(
    *,
    file: FileOption = None,
    environment: EnvironmentOption = None,
    endpoint_url: EndpointUrlOption = None,
    aws: AwsOption = False,
    profile: ProfileOption = None,
    region: RegionOption = None,
    data: DataOption = DEFAULT_DATA,
    when_stopped: bool,
) -> CommandContext:
    if environment is not None and "=" in environment:
        advice = "it names an environment of the job file; `run` takes --env NAME=VALUE"
        raise typer.BadParameter(f"-e {environment}: {advice}")
    find = partial(
        find_target,
        endpoint_url=endpoint_url, aws=aws, profile=profile, region=region, data=data, when_stopped=when_stopped,
    )  # fmt: skip
    options = option_words(file, environment, endpoint_url, profile, region, data, aws=aws)
    return guarded_context(find, partial(read_project, file, environment), file, options)


def option_words(
    file: Path | None,
    environment: str | None,
    endpoint_url: str | None,
    profile: str | None,
    region: str | None,
    data: Path,
    *,
    aws: bool,
) -> str:
    """Return the options that choose the same site again, as a shell reads them; defaults are left out."""
    stated = None if data in (DEFAULT_DATA, Path(os.environ.get(DATA_VARIABLE, ""))) else data
    values = (file, environment, endpoint_url, profile, region, stated)
    names = ("--file", "-e", "--endpoint-url", "--profile", "--region", "--data")
    words = [f" {name} {shlex.quote(str(each))}" for name, each in zip(names, values, strict=True) if each is not None]
    return "".join([*words, *([" --aws"] if aws else [])])


def guarded_context(
    find: Callable[..., Target],
    read_project: Callable[[], Project | None],
    file: Path | None = None,
    options: str = "",
) -> CommandContext:
    """Return a context whose target is none that the job file refuses."""
    read = cache(read_project)

    def find_guarded() -> Target:
        project = read()
        return find(settings=project and project.aws)

    return CommandContext(find_guarded, read, file, options)


@contextmanager
def explain_errors(where: Target | CommandContext) -> Iterator[None]:
    """Print errors of the block as one sentence and end the command; a closed standard output is no error."""
    try:
        yield
    except CALL_ERRORS as error:
        # The call that failed may be one that looks for the target.
        fail(explain_error(error, where if isinstance(where, Target) else vars(where).get("target", Target(None, ""))))
    except LamplighterError as error:
        fail(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def fail(message: str) -> NoReturn:
    """Print an error and end the command with exit code 1."""
    typer.echo(f"lamplighter: {message}", err=True)
    raise typer.Exit(1) from None
