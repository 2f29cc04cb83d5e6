"""Run `lamplighter init`: write a first job file, which runs without changes.

Guarantees to overwrite no job file. Exit codes: 0 the file is written; 1 it exists already, or cannot be written.
"""

import re
import shlex
from pathlib import Path
from typing import Annotated

import typer

from lamplighter.jobs.file.json_schema import job_file_schema
from lamplighter.jobs.names import JOB_FILE_NAME
from lamplighter.jobs.stack.template import to_json

SCHEMA_PATH = Path(".lamplighter", "schema.json")
"""The JSON Schema of job files for editors, in the data directory, which is not part of a repository."""
JOB_FILE_TEMPLATE = """\
# yaml-language-server: $schema={schema}
#
# What runs, when, how often to retry, how long it may take, and whom to alert.
# `lamplighter up` runs it here and applies every change of this file; `lamplighter deploy` deploys it to AWS.

project: {project}
target: box # the jobs stay on this machine; remove this line before `lamplighter deploy`

defaults: # defaults for all jobs
  timezone: UTC # or yours, such as Asia/Seoul
  notify: ops # alerted when a run fails, does not start or is late

channels:
  ops: {{email: you@example.com}} # or slack, post and others; without `box: {{smtp: …}}`, mails go to .lamplighter/mail

jobs:
  hello:
    command: echo "Hello from lamplighter, it is $(date)" # a line for the shell, or [words, of, a, command]
    schedule: rate(1 minute) # or "0 3 * * 1-5" as in a crontab, or cron(0 3 ? * MON-FRI *) as on AWS
    retry: {{attempts: 2, interval: 10s}}
    timeout: 15s # of each attempt, which is then stopped

  # A job with an image is a container, in Docker here and in Fargate on AWS:
  #
  # nightly-report:
  #   image: ./report # a folder with a Dockerfile, or an image such as python:3.13-slim
  #   command: [python, report.py]
  #   secrets: {{DB_PASSWORD: ssm:/reports/db-password}} # here a line ssm:/reports/db-password=… of .env
  #   schedule: "0 3 * * *"
  #   timeout: 1h
"""
NEXT_STEPS = """\
{file} was created, with a job that runs every minute. Next:

{there}    lamplighter up                    # starts it, and logs the runs
    lamplighter run hello --follow    # in another terminal: starts a run now
"""


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="The folder for the job file.", file_okay=False, show_default=False)
    ] = Path(),
) -> None:
    """Write a first job file; an existing one is not overwritten."""
    file = folder / JOB_FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("x") as new:
            new.write(JOB_FILE_TEMPLATE.format(schema=SCHEMA_PATH, project=project_name(folder.resolve().name)))
        _write_schema(folder / SCHEMA_PATH)
    except FileExistsError:
        typer.echo(f"lamplighter: {file} exists already and was not changed", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        typer.echo(f"lamplighter: {error.filename or file} cannot be written: {reason}", err=True)
        raise typer.Exit(1) from None
    change_directory = "" if folder.resolve() == Path.cwd() else f"    cd {shlex.quote(str(folder))}\n"
    typer.echo(NEXT_STEPS.format(file=file, there=change_directory), nl=False)


def _write_schema(path: Path) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(to_json(job_file_schema()))
    # The data directory must not get into a repository or an image.
    (path.parent / ".gitignore").write_text("*\n")


def project_name(folder: str) -> str:
    """Convert the name of a folder to a valid name of a project."""
    name = re.sub("[^a-z0-9]+", "-", folder.lower()).strip("-")[:20].strip("-")
    return name if name[:1].isalpha() else "jobs"
