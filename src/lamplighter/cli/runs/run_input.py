"""Build the input of a run: the user's, or the job's default input, and the overrides for the job.

Guarantees JSON text that StartExecution accepts. If the job file is not here, the default input comes from the metadata
of the state machine's stack, or from its schedule.
"""

import re
import sys
from pathlib import Path

import typer

from lamplighter.base.json_text import Json, JsonError, dumps, loads, loads_or
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.command_context import CommandContext, fail
from lamplighter.cli.runs import find_job, job_schedules
from lamplighter.cli.runs.find_job import Machine
from lamplighter.runs.default_input import default_input
from lamplighter.runs.jobs.job_machine import LAMPLIGHTER_KEY, is_workflow

RUN_NAME = re.compile(r"""[^\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}""")
"""A valid name of a run: see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html."""


def parse_overrides(env: list[str], command: str | None) -> Json:
    """Return the overrides for a job: environment variables, and a command in place of the job's."""
    pairs = [each.partition("=") for each in env]
    wrong = next((name for name, sign, _ in pairs if not sign or not name), None)
    if wrong is not None:
        raise typer.BadParameter(f"{wrong}: use NAME=VALUE (--environment names an environment of the job file)")
    words = None if command is None else _parse_command(command)
    variables = {name: value for name, _, value in pairs}
    return {**({"environment": variables} if variables else {}), **({"command": words} if words else {})}


def _parse_command(command: str) -> list[str]:
    """Parse a command as the job file does: a line for the shell, or a JSON list of words, which no shell reads."""
    if not command.strip():
        raise typer.BadParameter("--command: name the command to run")
    given = loads_or(command, None)
    if isinstance(given, list) and given and all(isinstance(word, str) for word in given):
        return given
    return ["sh", "-c", command]


def check_overrides(context: CommandContext, machine: Machine, overrides: Json) -> None:
    """End the command if a state machine ignores overrides, or if a command would apply to all steps of a workflow."""
    if overrides and not find_job.is_job(context, machine):
        fail(f"{machine.short_name} was not made from a job file and ignores --env and --command: use --input")
    if "command" in overrides and is_workflow(find_job.read_definition(context, machine)):
        fail(
            f"{machine.short_name} is a workflow, and --command would replace the command of every step: "
            "run the job of one step alone (`lamplighter run JOB --command …`), or change the job file"
        )


def check_run_name(name: str) -> str:
    """Return the name of a run, or raise `BadParameter` if it is not valid."""
    if not RUN_NAME.fullmatch(name):
        allowed = 'without spaces and < > { } [ ] ? * " # % \\ ^ | ~ ` $ & , ; : /'
        raise typer.BadParameter(
            f"--name {name}: use 1 to 80 characters (letters, digits, - and _ are safe), {allowed}"
        )
    return name


def read_input(given: str) -> str:
    """Return an input as JSON text: the text itself, or the contents of the file after `@`."""
    text = given
    if given.startswith("@"):
        try:
            text = sys.stdin.read() if given == "@-" else Path(given[1:]).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"{given[1:]} cannot be read: {error}") from None
    try:
        return dumps(loads(text))
    except JsonError as error:
        raise typer.BadParameter(f"--input is not valid JSON: {error}; use a JSON document or @FILE") from None


def read_default_input(context: CommandContext, machine: Machine) -> str:
    """Return a job's default input, from the job file or as `runs/default_input.py` finds it."""
    if context.project is not None and machine.job is not None:
        return dumps(context.project.jobs[machine.job].input)
    return dumps(default_input(_read_metadata(context, machine), *job_schedules.job_targets(context, machine)))


def _read_metadata(context: CommandContext, machine: Machine) -> str | None:
    """Return the metadata of a state machine in its stack; None without a stack or without permission to read it."""
    cloudformation = context.target.client("cloudformation")
    try:
        known = cloudformation.describe_stack_resources(PhysicalResourceId=machine.arn)["StackResources"]
        stack = known[0]["StackName"]
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        listed = (each for page in pages for each in page["StackResourceSummaries"])
        logical = next(each["LogicalResourceId"] for each in listed if each.get("PhysicalResourceId") == machine.arn)
        found = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=logical)
    except (ClientError, LookupError, StopIteration):
        return None
    text: str | None = found["StackResourceDetail"].get("Metadata")
    return text


def add_overrides(text: str, overrides: Json) -> str:
    """Add overrides to an input."""
    document = loads(text)
    if not overrides:
        return text
    if not isinstance(document, dict):
        raise typer.BadParameter("--env and --command need an input that is an object: {…}")
    own = document.get(LAMPLIGHTER_KEY)
    return dumps({**document, LAMPLIGHTER_KEY: {**(own if isinstance(own, dict) else {}), **overrides}})
