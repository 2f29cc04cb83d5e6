"""Run `lamplighter doctor`: find what is wrong, or will fail later.

Without an argument, the command checks this machine, the credentials, and the state machines of the job file. With one,
it checks a single state machine, no matter how that was made. Exit codes: 0 nothing is wrong, although there may be
doubts; 1 something is wrong.
"""

import os
from collections.abc import Iterator
from functools import partial
from typing import Annotated

import typer

from lamplighter.cli.command_context import CommandContext, explain_errors, guarded_context, read_project
from lamplighter.cli.deployed.check_deployment import check_project
from lamplighter.cli.doctor.account import check_account
from lamplighter.cli.doctor.channels import check_channels
from lamplighter.cli.doctor.finding import Finding, doubtful, good
from lamplighter.cli.doctor.folders import check_folders
from lamplighter.cli.doctor.job_file import JobFileReading, read_for_checks
from lamplighter.cli.doctor.local_machine import check_local_machine
from lamplighter.cli.doctor.print_findings import print_findings
from lamplighter.cli.doctor.secrets import check_secrets, find_stored_secret
from lamplighter.cli.doctor.state_machine import check_state_machine, run_check
from lamplighter.cli.engine_address import ADDRESS_FILE, read_address
from lamplighter.cli.engine_client.find_region import DEFAULT_REGION, named_region
from lamplighter.cli.engine_health import is_lamplighter
from lamplighter.cli.option_groups import with_option_groups
from lamplighter.cli.prompts import JsonOption
from lamplighter.cli.runs.lookup import find_job
from lamplighter.cli.site_options import SiteOptions
from lamplighter.cli.target import Target
from lamplighter.jobs.lint.local_links import LINK_ADVICE, local_link_problem
from lamplighter.jobs.lint.missing_secrets import mail_server_url
from lamplighter.outbound.program import MAIL_SERVER_VARIABLE


@with_option_groups
def doctor(
    name: Annotated[
        str | None, typer.Argument(metavar="JOB|MACHINE", help="A job, or the name or ARN of any state machine.")
    ] = None,
    *,
    site: SiteOptions,
    json: JsonOption = False,
) -> None:
    """Look for problems: on this machine, with credentials, with a state machine's permissions and its last runs."""
    with explain_errors(Target(None, "", options=site)):
        if name is not None:
            findings = _check_one_machine(
                guarded_context(site, partial(read_project, site.file, site.environment)), name
            )
        else:
            job_file = read_for_checks(site.file, site.environment)
            has_target = site.aws or site.endpoint_url or (site.data / ADDRESS_FILE).exists()
            any_context = guarded_context(site, lambda: job_file.project) if has_target else None
            findings = _check_everything(any_context, job_file, site)
        failed = print_findings(findings, json=json)
    raise typer.Exit(1 if failed else 0)


def _check_one_machine(context: CommandContext, name: str) -> Iterator[Finding]:
    machine = find_job.find_job(context, name)
    enforces_permissions = _enforces_permissions(context.target)
    if not enforces_permissions:
        yield good("permissions", f"{context.target} enforces no permissions; they matter only on AWS")
    yield from check_state_machine(context, machine, enforces_permissions=enforces_permissions)


def _check_everything(
    context: CommandContext | None, job_file: JobFileReading, options: SiteOptions
) -> Iterator[Finding]:
    project, data = job_file.project, None if options.aws or options.endpoint_url else options.data
    if data is not None:
        url = None if project is None else mail_server_url(project.box, os.environ)
        yield from check_local_machine(
            options, os.environ if url is None else {MAIL_SERVER_VARIABLE: url, **os.environ}
        )
    yield from job_file.findings
    if data is not None and project is not None:
        is_stored = find_stored_secret(None if context is None else context.target)
        yield from check_secrets(project, job_file.folder, is_stored)
        yield from check_folders(project, job_file.folder)
        address = read_address(data)
        if address is not None and (problem := local_link_problem(project, address.public)):
            yield doubtful("links", problem, LINK_ADVICE)
    # An engine of this folder enforces no permissions, even if it does not answer now.
    if context is None or data is not None or not _enforces_permissions(context.target):
        chosen = options.region or (project and project.aws.region) or named_region(options.profile)
        target = Target(None, chosen or DEFAULT_REGION, options.profile, options=options)
        yield from check_account(lambda: target, needed=False, has_region=bool(chosen))
    else:
        yield from check_account(context.find, needed=True)
    if context is not None:
        yield from run_check("machines", "the machines", context.target, lambda: list(_check_machines(context)))
        if project is not None:
            target, folder = context.target, None if data is None else job_file.folder
            yield from run_check(
                "channels", "the channels", target, lambda: list(check_channels(project, target, folder))
            )
            if target.endpoint is None:
                yield from run_check("deployment", "it", target, lambda: check_project(target, project))


def _check_machines(context: CommandContext) -> Iterator[Finding]:
    """Check the state machines of the job file, or without a file those of an engine."""
    target, project = context.target, context.project
    if project is None and target.endpoint is None:
        yield doubtful("machines", "there is no job file here", f"name a machine: `{context.hint('doctor MACHINE')}`")
        return
    machines = {each.short_name: each for each in find_job.listed_machines(context)}
    for job in project.jobs if project is not None else ():
        if job not in machines:
            verb = "deploy" if target.endpoint is None else "up"
            yield doubtful(job, f"it is not on {target} yet", f"`{context.hint(verb)}` creates it there")
    for each in machines.values():
        yield from check_state_machine(context, each, enforces_permissions=_enforces_permissions(target))


def _enforces_permissions(target: Target) -> bool:
    """Return whether a target enforces permissions; a lamplighter engine enforces none."""
    return not is_lamplighter(target.endpoint)
