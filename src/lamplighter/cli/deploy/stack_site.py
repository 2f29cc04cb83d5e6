"""Define the options of the commands about stacks, and the stack that they choose."""

from dataclasses import dataclass
from typing import Annotated

import typer

from lamplighter.cli.command_context import explain_errors
from lamplighter.cli.job_file import read_job_file
from lamplighter.cli.site_options import (
    DEFAULT_JOB_FILE,
    AwsOption,
    EnvironmentOption,
    FileArgument,
    ProfileOption,
    RegionOption,
    SiteOptions,
)
from lamplighter.cli.target import Target, find_target
from lamplighter.jobs.file.aws_settings import AwsSettings
from lamplighter.jobs.file.load import LoadedJobFile

ParameterOption = Annotated[
    list[str] | None,
    typer.Option(
        "--parameters",
        "--parameter",
        "-p",
        help="NAME=VALUE: a parameter of the template, for example Subnets=subnet-1.",
    ),
]
EngineOption = Annotated[
    str | None, typer.Option("--endpoint-url", help="URL of an engine. Default: the AWS account of your credentials.")
]
BucketOption = Annotated[
    str | None, typer.Option("--bucket", help="An S3 bucket for templates over 51,200 bytes. Default: one is made.")
]


@dataclass(frozen=True, slots=True)
class StackSite:
    """The options that choose the stack of a job file, on AWS unless they name an engine."""

    file: FileArgument = DEFAULT_JOB_FILE
    environment: EnvironmentOption = None
    endpoint_url: EngineOption = None
    aws: AwsOption = False
    profile: ProfileOption = None
    region: RegionOption = None

    def read(self) -> LoadedJobFile:
        """Read the job file; if it has errors, print them and end the command with exit code 1."""
        return read_job_file(self.file, self.environment)

    def target(self, settings: AwsSettings) -> Target:
        """Return the place of the stack: AWS as the settings say, unless a URL is given."""
        return target_of_options(self.options, settings)

    @property
    def options(self) -> SiteOptions:
        """The options of the site, as hints name them."""
        aws = self.aws or self.endpoint_url is None
        return SiteOptions(self.file, self.environment, self.endpoint_url, aws, self.profile, self.region)


def target_of_options(options: SiteOptions, settings: AwsSettings) -> Target:
    """Return the target of a site; the settings say which account and region on AWS."""
    with explain_errors(Target(None, "", options=options)):
        return find_target(options, settings=settings)
