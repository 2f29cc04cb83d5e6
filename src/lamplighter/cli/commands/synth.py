"""Run `lamplighter synth`: print the CloudFormation template of a job file.

Exit codes: 0 the template is printed or written; 1 the job file is wrong, the template cannot be written, or AWS would
refuse it: then it is printed nevertheless, because an engine may accept it.
"""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from lamplighter.base.world import real_world
from lamplighter.cli.job_file import (
    DEFAULT_JOB_FILE,
    EnvironmentOption,
    FileArgument,
    group_problems,
    print_problems,
    read_job_file,
)
from lamplighter.jobs.lint.lint import lint_job_file
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
    """Print the CloudFormation template of a job file, which both AWS and an engine apply.

    Exit code 1 if AWS would refuse it; the errors are then on standard error.
    """
    loaded = read_job_file(file, environment)
    document = build_template(loaded.project)
    text = to_yaml(document) if output_format is Format.YAML else to_json(document)
    if output is None:
        typer.echo(text, nl=False)
    else:
        _write(output, text)
    problems = lint_job_file(loaded, real_world().now(), "aws")
    if errors := [each for each in problems if each.severity == "error"]:
        print_problems(group_problems(errors))
        raise typer.Exit(1)


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text)
    except OSError as error:
        typer.echo(f"lamplighter: {output} cannot be written: {error.strerror}", err=True)
        raise typer.Exit(1) from None
