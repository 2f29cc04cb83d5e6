"""Run `lamplighter synth`: print the CloudFormation template of a job file, or the policies of who deploys or reads it.

Exit codes: 0 the template or the policies are printed or written; 1 the job file is wrong, they cannot be written, or
AWS would refuse the template: then it is printed nevertheless, because an engine may accept it.
"""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from lamplighter.base.world import real_world
from lamplighter.cli.job_file import group_problems, print_problems, read_job_file
from lamplighter.cli.site_options import DEFAULT_JOB_FILE, EnvironmentOption, FileArgument
from lamplighter.jobs.file.aws_settings import AwsSettings
from lamplighter.jobs.iam.access_policies import MAX_CHARACTERS, Access, build_policies
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
    policy: Annotated[
        Access | None,
        typer.Option(
            "--policy",
            help="Print IAM policies instead, as JSON: of who deploys this file to AWS, of who only reads, or of the "
            "role of `cloudformation-role`.",
        ),
    ] = None,
) -> None:
    """Print the CloudFormation template of a job file, which both AWS and an engine apply.

    Exit code 1 if AWS would refuse it; the errors are then on standard error.
    """
    loaded = read_job_file(file, environment)
    document = build_template(loaded.project)
    if policy is None:
        _print_or_write([to_yaml(document) if output_format is Format.YAML else to_json(document)], output)
    else:
        policies = build_policies(loaded.project, document, policy)
        _print_or_write([to_json(each) for each in policies], output)
        _explain_policies(len(policies), loaded.project.aws)
    problems = lint_job_file(loaded, real_world().now(), "aws")
    if errors := [each for each in problems if each.severity == "error"]:
        print_problems(group_problems(errors))
        raise typer.Exit(1)


def _explain_policies(count: int, settings: AwsSettings) -> None:
    """Say what the policies do not say themselves."""
    if count > 1:
        typer.echo(f"lamplighter: AWS takes {MAX_CHARACTERS:,} characters in a policy: attach all {count}", err=True)
    missing = [name for name in ("account", "region") if getattr(settings, name) is None]
    if missing:
        advice = "name it in the job file (`aws:`) for narrower policies"
        typer.echo(f"lamplighter: the policies allow any {' and '.join(missing)}: {advice}", err=True)


def _print_or_write(texts: list[str], output: Path | None) -> None:
    """Print texts one after the other, or write them to a file, or to numbered files if there are several."""
    if output is None:
        typer.echo("".join(texts), nl=False)
        return
    for at, text in enumerate(texts, 1):
        _write(output if len(texts) == 1 else output.with_stem(f"{output.stem}-{at}"), text)


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text)
    except OSError as error:
        typer.echo(f"lamplighter: {output} cannot be written: {error.strerror}", err=True)
        raise typer.Exit(1) from None
