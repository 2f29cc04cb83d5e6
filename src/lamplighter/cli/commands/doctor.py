"""Run `lamplighter doctor`: find what is wrong, or will fail later.

Without an argument, the command checks this machine, the credentials, and the state machines of the job file. With one,
it checks a single state machine, no matter how that was made. Exit codes: 0 nothing is wrong, although there may be
doubts; 1 something is wrong.
"""

import os
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from lamplighter.base.json_text import dumps
from lamplighter.cli.deploy.prompts import JsonOption
from lamplighter.cli.doctor.account import check_account
from lamplighter.cli.doctor.channels import check_channels
from lamplighter.cli.doctor.finding import Finding, doubtful, good
from lamplighter.cli.doctor.local_machine import check_local_machine
from lamplighter.cli.doctor.secrets import check_secrets
from lamplighter.cli.doctor.state_machine import check_state_machine, run_check
from lamplighter.cli.engine_address import ADDRESS
from lamplighter.cli.engine_health import is_lamplighter
from lamplighter.cli.job_file import USUAL, EnvironmentOption
from lamplighter.cli.runs import find_job
from lamplighter.cli.runs.site import FileOption, Site, explain_errors
from lamplighter.cli.target import (
    DEFAULT_DATA,
    AwsOption,
    DataOption,
    EndpointUrlOption,
    ProfileOption,
    RegionOption,
    Target,
    default_region,
    find_target,
)

MARKS = {"good": ("✓", "green"), "doubt": ("?", "yellow"), "bad": ("✗", "bold red")}


def doctor(
    name: Annotated[
        str | None, typer.Argument(metavar="JOB|MACHINE", help="A job, or the name or ARN of any state machine.")
    ] = None,
    file: FileOption = None,
    env: EnvironmentOption = None,
    endpoint_url: EndpointUrlOption = None,
    aws: AwsOption = False,  # noqa: FBT002 - typer's way
    profile: ProfileOption = None,
    region: RegionOption = None,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,  # noqa: FBT002 - typer's way
) -> None:
    """Look for problems: on this machine, with credentials, with a state machine's permissions and its last runs."""
    with explain_errors(Target(None, "")):
        site = None
        if name is not None or aws or endpoint_url or (data / ADDRESS).exists():
            find = partial(find_target, endpoint_url=endpoint_url, aws=aws, profile=profile, region=region, data=data)
            site = Site(find, file, env)
        here = None if aws or endpoint_url else data
        if site is not None and name is not None:
            findings = _single(site, name)
        else:
            findings = _all(site, here, profile, region, (file or USUAL, env))
        bad = _tell(findings, json=json)
    raise typer.Exit(1 if bad else 0)


def _single(site: Site, name: str) -> Iterator[Finding]:
    found = find_job.find_job(site, name)
    asks = _asks(site.target)
    if not asks:
        yield good("permissions", f"{site.target} enforces no permissions; they matter only on AWS")
    yield from check_state_machine(site, found, asks=asks)


def _all(
    site: Site | None, data: Path | None, profile: str | None, region: str | None, jobs: tuple[Path, str | None]
) -> Iterator[Finding]:
    if data is not None:
        yield from check_local_machine(data, os.environ)
        yield from check_secrets(*jobs)
    # An engine of this folder enforces no permissions, even if it does not answer now.
    if site is None or data is not None or not _asks(site.target):
        yield from check_account(lambda: Target(None, region or default_region(profile), profile), needed=False)
    else:
        yield from check_account(site.find, needed=True)
    if site is not None:
        yield from run_check("machines", "the machines", site.target, lambda: list(_machines(site)))
        project = site.project
        if project is not None:
            where, folder = site.target, None if data is None else jobs[0].absolute().parent
            yield from run_check(
                "channels", "the channels", where, lambda: list(check_channels(project, where, folder))
            )


def _machines(site: Site) -> Iterator[Finding]:
    """Check the state machines of the job file, or without a file those of an engine."""
    where, project = site.target, site.project
    if project is None and where.endpoint is None:
        yield doubtful("machines", "there is no job file here", "name a machine: `lamplighter doctor --aws MACHINE`")
        return
    there = {each.word: each for each in find_job.listed_machines(site)}
    for job in project.jobs if project is not None else ():
        if job not in there:
            verb = "deploy" if where.endpoint is None else "up"
            yield doubtful(job, f"it is not on {where} yet", f"`lamplighter {verb}` creates it there")
    for each in there.values():
        yield from check_state_machine(site, each, asks=_asks(where))


def _asks(where: Target) -> bool:
    """Return whether a target enforces permissions; a lamplighter engine enforces none."""
    return not is_lamplighter(where.endpoint)


def _tell(findings: Iterator[Finding], *, json: bool) -> bool:
    """Print the findings as they are found, and return whether one of them is bad."""
    known: list[Finding] = []
    console = Console(highlight=False, soft_wrap=True)
    for each in findings:
        known.append(each)
        if not json:
            console.print(_line(each))
    bad = any(each.state == "bad" for each in known)
    if json:
        typer.echo(dumps({"well": not bad, "findings": [asdict(each) for each in known]}))
    return bad


def _line(finding: Finding) -> Text:
    mark, colour = MARKS[finding.state]
    advice = [("\n    " + line, "dim") for line in finding.advice.splitlines()]
    return Text.assemble((f"{mark} ", colour), (f"{finding.about}: ", "bold"), finding.says, *advice)
