"""`lamplighter run`: begin a run of a job now.

Exit codes: 0 the run has begun or, with --follow, it succeeded; 1 it failed or cannot be begun; 2 the command line
makes no sense; 3 it timed out; 4 it was stopped; 130 Ctrl-C: nobody watches any more, and the run goes on.
"""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from lamplighter.base.jsontext import Json, JsonError, dumps, loads
from lamplighter.cli.watch import machines, runs, show
from lamplighter.cli.watch.arguments import JobArgument
from lamplighter.cli.watch.follow import EXITS
from lamplighter.cli.watch.follow import follow as watch
from lamplighter.cli.watch.machines import Machine
from lamplighter.cli.watch.site import Site, fail, on_site
from lamplighter.cli.watch.words import run_json
from lamplighter.jobs.expressions import OWN


@on_site
def run(
    site: Site,
    job: JobArgument,
    given: Annotated[
        str | None, typer.Option("--input", "-i", help="The input: JSON, @FILE, or @- for standard input.")
    ] = None,
    env: Annotated[list[str] | None, typer.Option("--env", help="NAME=VALUE in the job's environment.")] = None,
    command: Annotated[str | None, typer.Option("--command", help="What the job runs instead of its command.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="What the run is called, as no other is.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Watch it, and end with its result.")] = False,  # noqa: FBT002
    json: Annotated[bool, typer.Option("--json", help="Print the run as JSON.")] = False,  # noqa: FBT002
) -> None:
    """Begin a run now, watch it if you like, and end with its result."""
    overrides = _overrides(env or [], command)
    document = None if given is None else _document(given)
    machine = machines.find(site, job)
    if overrides and not machines.of_a_job(site, machine):
        fail(f"{machine.word} was not made of a job file, and reads neither --env nor --command: say --input")
    text = dumps(_input(site, machine, document, overrides))
    if machine.express and follow:
        _at_once(site, machine, text)
    begun = _begin(site, machine, text, name)
    if machine.express:
        typer.echo(begun)
        return
    started = runs.find(site, begun)
    if json:
        show.documents([run_json(started, machine.word)])
    else:
        typer.echo(f"{machine.word}:{started.name}\n{started.arn}", err=follow)
    if follow:
        watch(site, started)


def _overrides(env: list[str], command: str | None) -> Json:
    """What a job is to be told beside its input."""
    parted = [each.partition("=") for each in env]
    wrong = next((name for name, sign, _ in parted if not sign or not name), None)
    if wrong is not None:
        raise typer.BadParameter(f"{wrong}: say NAME=VALUE (--environment names an environment of the job file)")
    words = None
    try:
        words = None if command is None else shlex.split(command)
    except ValueError as error:
        raise typer.BadParameter(f"--command {command}: {str(error).lower()}") from None
    variables = {name: value for name, _, value in parted}
    return {**({"environment": variables} if variables else {}), **({"command": words} if words else {})}


def _document(given: str) -> Json:
    """The input that was typed, or what the file holds that was named."""
    text = given
    if given.startswith("@"):
        try:
            text = sys.stdin.read() if given == "@-" else Path(given[1:]).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"{given[1:]} cannot be read: {error}") from None
    try:
        return loads(text)
    except JsonError as error:
        raise typer.BadParameter(f"--input is no JSON: {error}; say a document, or @FILE") from None


def _input(site: Site, machine: Machine, document: Json, overrides: Json) -> Json:
    """What the execution begins with: the job's own input, if none is given."""
    if document is None:
        job = site.project.jobs[machine.job] if site.project is not None and machine.job is not None else None
        document = {} if job is None else job.input
    if not overrides:
        return document
    if not isinstance(document, dict):
        raise typer.BadParameter("--env and --command need an input that is an object: {…}")
    own = document.get(OWN)
    return {**document, OWN: {**(own if isinstance(own, dict) else {}), **overrides}}


def _begin(site: Site, machine: Machine, text: str, name: str | None) -> str:
    named = {} if name is None else {"name": name}
    begun: str = site.sfn.start_execution(stateMachineArn=machine.arn, input=text, **named)["executionArn"]
    return begun


def _at_once(site: Site, machine: Machine, text: str) -> None:
    """Run an express state machine, of which no record is kept, and wait for its result."""
    answer = site.sfn.start_sync_execution(stateMachineArn=machine.arn, input=text)
    typer.echo(answer["executionArn"], err=True)
    if answer["status"] == "SUCCEEDED":
        typer.echo(answer["output"])
    else:
        typer.echo(f"{answer['status'].lower()}: {answer.get('error', '')} {answer.get('cause', '')}", err=True)
    raise typer.Exit(EXITS.get(answer["status"], 1))
