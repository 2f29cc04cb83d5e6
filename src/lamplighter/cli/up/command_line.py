"""Define the options of `up`, and parse those that are more than a word.

Guarantees that options which contradict each other are refused before anything starts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from lamplighter.base import deny_rules
from lamplighter.base.aws.event_sources import BEST_EFFORT, EventSource
from lamplighter.cli.up.options import UpOptions
from lamplighter.cli.up.reports.log_formats import LogFormat
from lamplighter.cli.up.stored_stacks import may_have_stacks
from lamplighter.engine.config import RuntimeChoice
from lamplighter.jobs.names import JOB_FILE_NAME
from lamplighter.outbound.aws import AWS
from lamplighter.outbound.program import HEARTBEAT_VARIABLE
from lamplighter.wire.access.host_header import parse_host_name
from lamplighter.wire.access.trusted_proxies import normal_address

jobs_option, serving_option, reaching_option = (
    partial(typer.Option, rich_help_panel=panel, show_envvar=False) for panel in ("Jobs", "Serving", "Reaching others")
)
"""An option in each section of --help."""


@dataclass(frozen=True, slots=True)
class JobsOptions:
    """What runs, and what it may take of this machine."""

    file: Annotated[
        Path | None, typer.Argument(help=f"The job file. Default: {JOB_FILE_NAME}, if it exists.", show_default=False)
    ] = None
    environment: Annotated[
        str | None, jobs_option("--environment", "-e", help="The environment of the job file to use.")
    ] = None
    template: Annotated[
        list[Path] | None,
        jobs_option(help="A CloudFormation template to run instead of a job file: from CDK, SAM, Copilot or by hand."),
    ] = None
    parameters: Annotated[list[str] | None, jobs_option(help="NAME=VALUE: a parameter of the templates.")] = None
    runtime: Annotated[RuntimeChoice, jobs_option(help="The runtime for containers.")] = RuntimeChoice.AUTO
    cpus: Annotated[
        float | None,
        jobs_option(
            help="Cores that all tasks may reserve together; further tasks wait. Default: `box:` in the job file, or "
            "the machine's own.",
            min=0.01,
        ),
    ] = None
    memory: Annotated[
        str | None,
        jobs_option(
            metavar="SIZE",
            help="Memory that all tasks may reserve together, such as 8G. Default: as for --cpus, less a margin.",
        ),
    ] = None
    max_tasks: Annotated[int | None, jobs_option(help="Tasks that run at the same time. Default: no limit.", min=1)] = (
        None
    )


@dataclass(frozen=True, slots=True)
class ServingOptions:
    """Where the engine is, and what callers and tasks may do there."""

    host: Annotated[
        str, serving_option(help="Address to listen on. Beyond this machine, callers need the engine's credentials.")
    ] = "127.0.0.1"
    port: Annotated[int, serving_option(help="Port to listen on; 0 picks a free one.", min=0, max=65535)] = 4566
    data: Annotated[Path, serving_option(help="Data directory of the engine.", file_okay=False)] = Path(".lamplighter")
    new: Annotated[
        bool,
        serving_option(
            "--new",
            allow_from_autoenv=False,
            help="Start empty; existing data is moved to a subfolder of the data directory.",
        ),
    ] = False
    allow_host: Annotated[
        list[str] | None, serving_option(help="Additional host name that callers may use for this engine.")
    ] = None
    url: Annotated[
        str | None,
        serving_option(
            help="Public URL of this engine, for links in mails and webhooks and for queue URLs. Default: "
            "`box:` in the job file, or the address on which it listens."
        ),
    ] = None
    trusted_proxy: Annotated[
        list[str] | None,
        serving_option(
            metavar="ADDRESS",
            help="Address of a reverse proxy whose X-Forwarded-For names the caller, for the audit log and wrong "
            "passwords.",
        ),
    ] = None
    tls_cert: Annotated[
        Path | None,
        serving_option(
            metavar="FILE",
            help="Serve HTTPS with this certificate and its chain, in PEM format. A renewed file is taken over.",
        ),
    ] = None
    tls_key: Annotated[
        Path | None, serving_option(metavar="FILE", help="The key of the certificate, in PEM format.")
    ] = None
    local_port: Annotated[
        int,
        serving_option(
            help="With --tls-cert: the port of 127.0.0.1 at which programs on this machine reach the engine without "
            "TLS; 0 picks a free one.",
            min=0,
            max=65535,
        ),
    ] = 0
    credentials: Annotated[
        Path | None,
        serving_option(
            help="Credentials file in AWS's format. Default: DATA/credentials, created if other machines can reach the "
            "address.",
            exists=True,
            dir_okay=False,
        ),
    ] = None
    deny: Annotated[
        str,
        serving_option(
            metavar="LIST",
            help=f"Features that tasks may not use, separated by commas: {', '.join(deny_rules.DENY_RULES)}.",
            show_default=False,
        ),
    ] = ""
    enforce_iam: Annotated[
        bool,
        serving_option(
            "--enforce-iam",
            help="Let IAM's policies decide about calls under a role, as on AWS: those of state machines, schedules, "
            "rules, tasks and temporary credentials.",
        ),
    ] = False
    aws_limits: Annotated[
        bool,
        serving_option(
            "--aws-limits",
            help="Refuse what a new AWS account refuses: RunTask on Fargate over 20 times a second, over 300 rules of "
            "a bus, over 1,000 roles, a template of over 51,200 bytes in a request.",
        ),
    ] = False
    drop_events: Annotated[
        list[EventSource] | None,
        serving_option(
            help="Lose all events of a service, so that no rule gets them. On AWS, those of "
            f"{' and '.join(BEST_EFFORT)} are best effort, and the others durable."
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class ReachingOptions:
    """How the engine reaches others."""

    endpoint: Annotated[
        list[str] | None,
        reaching_option(
            help="SERVICE=URL or SERVICE=aws: the endpoint of an AWS service that the engine does not serve."
        ),
    ] = None
    smtp: Annotated[
        str | None,
        reaching_option(
            help="Mail server: smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS, or smtps://. "
            "Default: `box:` in the job file; otherwise mails are written to files."
        ),
    ] = None
    heartbeat_url: Annotated[
        str | None,
        reaching_option(
            "--heartbeat",
            envvar=HEARTBEAT_VARIABLE,
            help="URL to call each minute while the engine works, for a service that alerts when the calls stop: "
            "Healthchecks, Better Stack, Cronitor, Uptime Kuma.",
        ),
    ] = None
    confirm_mail: Annotated[
        bool, reaching_option("--confirm-mail", help="Ask subscribers by mail to confirm first, as AWS does.")
    ] = False
    commands: Annotated[bool, reaching_option(help="Allow subscriptions that run a command line on this machine.")] = (
        True
    )


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What `up` logs."""

    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Log only warnings and errors.")] = False
    log_format: Annotated[LogFormat, typer.Option(help="The format of the log; json: one object a line.")] = (
        LogFormat.TEXT
    )


def parse_source(jobs: JobsOptions, data: Path, denied: frozenset[str] = frozenset()) -> UpOptions:
    """Return the source that the command line names; raise `BadParameter` for options that contradict each other."""
    file, env, templates, parameters = jobs.file, jobs.environment, jobs.template or (), jobs.parameters or ()
    if file is not None and templates:
        raise typer.BadParameter("name a job file or --template, not both")
    if parameters and not templates:
        raise typer.BadParameter("--parameters needs --template")
    if env is not None and templates:
        raise typer.BadParameter("--environment works only with a job file, not with --template")
    default_file = Path(JOB_FILE_NAME)
    is_implied = False
    if file is None and not templates:
        has_file = default_file.exists() or env is not None
        # If the jobs of a missing file were applied before, its absence is an error, and `up` sends an alert.
        is_implied = not has_file and may_have_stacks(data)
        file = default_file if has_file or is_implied else None
    return UpOptions(file, env, tuple(templates), tuple(parameters), denied, is_implied)


def parse_addresses(texts: list[str]) -> frozenset[str]:
    """Return the addresses of trusted proxies in one spelling; raise `BadParameter` for what is none."""
    return _parse_each(normal_address, texts, "--trusted-proxy")


def parse_host_names(texts: list[str]) -> frozenset[str]:
    """Return the names that callers may use, in one spelling; raise `BadParameter` for what is none."""
    return _parse_each(parse_host_name, texts, "--allow-host")


def _parse_each(parse: Callable[[str], str], texts: list[str], option: str) -> frozenset[str]:
    try:
        return frozenset(map(parse, texts))
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from None


def parse_denied(serving: ServingOptions, runtime: RuntimeChoice) -> frozenset[str]:
    """Return the features that no task may use; raise `BadParameter`."""
    try:
        found = deny_rules.parse_deny_list(serving.deny)
    except deny_rules.UnknownDenyWord as error:
        raise typer.BadParameter(f"--deny: {error}") from None
    if deny_rules.COMMANDS in found and runtime is RuntimeChoice.PROCESS:
        raise typer.BadParameter("--runtime process can only run commands, which --deny commands forbids")
    return found


def parse_endpoints(words: list[str]) -> dict[str, str]:
    """Return the endpoints of services outside the engine; raise `BadParameter`."""
    endpoints = {}
    for each in words:
        service, sign, endpoint = each.partition("=")
        if not service or not sign or not (endpoint == AWS or endpoint.startswith(("http://", "https://"))):
            raise typer.BadParameter(
                f"--endpoint {each}: use SERVICE=URL, for example lambda=http://127.0.0.1:9000, or SERVICE=aws"
            )
        endpoints[service] = endpoint
    return endpoints
