"""What a run begins with: what was typed, or what the job is always given, and what it is told besides.

Promises JSON text that an execution can begin with. A machine whose job file is not here is given what its stack says,
or what its schedule gives it.
"""

import re
import sys
from pathlib import Path

import typer
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.cli.runs import find_job, job_schedules
from lamplighter.cli.runs.attempt_labels import is_workflow
from lamplighter.cli.runs.find_job import Machine
from lamplighter.cli.runs.site import Site, fail
from lamplighter.runs.default_input import default_input
from lamplighter.runs.job_machine import LAMPLIGHTER_KEY

NAME = re.compile(r"""[^\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}""")
"""See https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html."""


def overrides(env: list[str], command: str | None) -> Json:
    """What a job is to be told beside its input: variables, and words in the place of its command."""
    parted = [each.partition("=") for each in env]
    wrong = next((name for name, sign, _ in parted if not sign or not name), None)
    if wrong is not None:
        raise typer.BadParameter(f"{wrong}: say NAME=VALUE (--environment names an environment of the job file)")
    words = None if command is None else _words(command)
    variables = {name: value for name, _, value in parted}
    return {**({"environment": variables} if variables else {}), **({"command": words} if words else {})}


def _words(command: str) -> list[str]:
    """A command as the job file has it: a line for the shell, or words in JSON, which no shell reads."""
    if not command.strip():
        raise typer.BadParameter("--command: say what is to run")
    try:
        given = loads(command)
    except JsonError:
        given = None
    if isinstance(given, list) and given and all(isinstance(word, str) for word in given):
        return given
    return ["sh", "-c", command]


def check_overrides(site: Site, machine: Machine, told: Json) -> None:
    """Refuse to tell a machine what it does not read, or what all steps of a workflow would take for theirs."""
    if told and not find_job.is_job(site, machine):
        fail(f"{machine.word} was not made of a job file, and reads neither --env nor --command: say --input")
    if "command" in told and is_workflow(find_job.read_definition(site, machine)):
        fail(
            f"{machine.word} is a workflow, and --command would take the place of the command of every step: "
            "run the job of one step alone (`lamplighter run JOB --command …`), or change the job file"
        )


def check_run_name(name: str) -> str:
    """The name of a run, if it is one."""
    if not NAME.fullmatch(name):
        no = 'no spaces, and none of < > { } [ ] ? * " # % \\ ^ | ~ ` $ & , ; : /'
        raise typer.BadParameter(f"--name {name}: say 1 to 80 characters, best letters, digits, - and _: {no}")
    return name


def read_input(given: str) -> str:
    """The input that was typed, or what the file holds that was named, as JSON text."""
    text = given
    if given.startswith("@"):
        try:
            text = sys.stdin.read() if given == "@-" else Path(given[1:]).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"{given[1:]} cannot be read: {error}") from None
    try:
        return dumps(loads(text))
    except JsonError as error:
        raise typer.BadParameter(f"--input is no JSON: {error}; say a document, or @FILE") from None


def read_default_input(site: Site, machine: Machine) -> str:
    """The input of a job by its file or, where that is not here, as `runs/default_input.py` has it."""
    if site.project is not None and machine.job is not None:
        return dumps(site.project.jobs[machine.job].input)
    return dumps(default_input(_metadata(site, machine), *job_schedules.job_targets(site, machine)))


def _metadata(site: Site, machine: Machine) -> str | None:
    """What the stack of a machine says of it; None where it has none, or these credentials may not ask."""
    cloudformation = site.target.client("cloudformation")
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


def with_overrides(text: str, told: Json) -> str:
    """An input and what the job is told besides."""
    document = loads(text)
    if not told:
        return text
    if not isinstance(document, dict):
        raise typer.BadParameter("--env and --command need an input that is an object: {…}")
    own = document.get(LAMPLIGHTER_KEY)
    return dumps({**document, LAMPLIGHTER_KEY: {**(own if isinstance(own, dict) else {}), **told}})
