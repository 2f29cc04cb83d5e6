"""Define the options that choose the site of a command: the job file, and an account on AWS or an engine.

Guarantees that a message which tells the user to run a command can name it for the same site (`SiteOptions.hint`).
"""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from lamplighter.jobs.names import JOB_FILE_NAME

DEFAULT_JOB_FILE = Path(JOB_FILE_NAME)
DEFAULT_DATA = Path(".lamplighter")
DATA_VARIABLE = "LAMPLIGHTER_DATA"
"""The environment variable that names the data directory, as the container image sets it."""

FileArgument = Annotated[Path, typer.Argument(help="The job file.", dir_okay=False)]
EnvironmentOption = Annotated[
    str | None, typer.Option("--environment", "-e", help="The environment of the job file to use.", show_default=False)
]
FileOption = Annotated[
    Path | None,
    typer.Option("--file", help="The job file with the jobs' names. Default: ./lamplighter.yaml.", dir_okay=False),
]
EndpointUrlOption = Annotated[
    str | None, typer.Option("--endpoint-url", help="URL of an engine. Default: the engine of this folder.")
]
AwsOption = Annotated[bool, typer.Option("--aws", help="Use the AWS account of your credentials.")]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="A profile of your AWS configuration.")]
RegionOption = Annotated[str | None, typer.Option("--region", help="An AWS region.")]
DataOption = Annotated[
    Path, typer.Option("--data", envvar=DATA_VARIABLE, help="The data directory of this folder's engine.")
]

FILE = ""
"""Stands for the job file if it is an argument and no option."""
RUN_OPTIONS = ("--file", "-e", "--endpoint-url", "--profile", "--region", "--data", "--aws")
STACK_OPTIONS = (FILE, "-e", "--endpoint-url", "--profile", "--region")
"""Without --aws, which these commands imply."""
OPTIONS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("deploy", "destroy", "diff", "rollback"), STACK_OPTIONS),
    **dict.fromkeys(("lint", "synth"), (FILE, "-e")),
    **dict.fromkeys(("audit", "backup", "check", "restore", "users"), ("--data",)),
    **dict.fromkeys(("init", "schema", "service"), ()),
    "console": ("--endpoint-url", "--profile", "--region", "--data", "--aws"),
    "move": (FILE, "-e", "--profile", "--region", "--data"),
    "up": (FILE, "-e", "--data"),
}
"""The options of a site that a command has, if it has others than the commands about runs."""


@dataclass(frozen=True, slots=True)
class SiteOptions:
    """The options that chose the site of a command."""

    file: FileOption = None
    environment: EnvironmentOption = None
    endpoint_url: EndpointUrlOption = None
    aws: AwsOption = False
    profile: ProfileOption = None
    region: RegionOption = None
    data: DataOption = DEFAULT_DATA

    def hint(self, command: str) -> str:
        """Return a command line that the user may want next, for the same site; defaults are left out."""
        file = None if self.file == DEFAULT_JOB_FILE else self.file
        values = {
            FILE: file, "--file": file, "-e": self.environment,
            "--endpoint-url": self.endpoint_url, "--profile": self.profile, "--region": self.region,
            "--data": None if self.data in (DEFAULT_DATA, Path(os.environ.get(DATA_VARIABLE, ""))) else self.data,
        }  # fmt: skip
        given = command.split()
        taken = OPTIONS.get(given[0], RUN_OPTIONS)
        words = [f"{name} {shlex.quote(str(values[name]))}".lstrip() for name in taken if values.get(name) is not None]
        flags = ["--aws"] if self.aws and "--aws" in taken and "--aws" not in given else []
        return " ".join(["lamplighter", command, *words, *flags])


DEFAULT_SITE = SiteOptions()
