"""Run `lamplighter synth`: print the CloudFormation template of a job file.

Exit codes: 0 the template is printed or written; 1 the job file is wrong, or the template cannot be written.
"""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from lamplighter.cli.job_file import DEFAULT_JOB_FILE, EnvironmentOption, FileArgument, read_job_file
from lamplighter.jobs.stack.template import build_template, to_json, to_yaml


class Format(Enum):
    """A format of a template."""

    YAML = "yaml"
    JSON = "json"


def synth(
    file: FileArgument = DEFAULT_JOB_FILE,
    environment: EnvironmentOption = None,
    output_format: Annotated[Format, typer.Option("--format", "-f", help="The output format.")] = Format.YAML,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write to. Default: standard output.", dir_okay=False)
    ] = None,
) -> None:
    """Print the CloudFormation template of a job file, which both AWS and an engine apply."""
    document = build_template(read_job_file(file, environment).project)
    text = to_yaml(document) if output_format is Format.YAML else to_json(document)
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text)
    except OSError as error:
        typer.echo(f"lamplighter: {output} cannot be written: {error.strerror}", err=True)
        raise typer.Exit(1) from None
