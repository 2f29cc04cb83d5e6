"""Run `lamplighter up`: run an engine here, and keep it in agreement with the job file until a signal stops it.

Exit codes: 0 a signal stopped it; 1 it cannot start, and the output explains why. Errors of a job file are reported
with their lines before the engine starts.
"""

import asyncio
import errno
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from lamplighter.base import deny_rules
from lamplighter.base.aws import secret_references
from lamplighter.base.aws.event_sources import BEST_EFFORT, EventSource
from lamplighter.base.background_tasks import running
from lamplighter.base.errors import LamplighterError
from lamplighter.base.modules import is_installed, load_object
from lamplighter.cli.early_interrupts import ending_on_interrupt
from lamplighter.cli.engine_address import ADDRESS_FILE, EngineAddress, write_address
from lamplighter.cli.http import http_server
from lamplighter.cli.up import access, heartbeat, systemd_notify
from lamplighter.cli.up.capacity_options import parse_capacity
from lamplighter.cli.up.keep_current import keeping_current
from lamplighter.cli.up.options import LoadedSource, Reconciler, UpOptions
from lamplighter.cli.up.ports import PortOptions, Ports, open_ports
from lamplighter.cli.up.reports.log_formats import COMMAND_LOGGER, LogFormat
from lamplighter.cli.up.reports.repeated_lines import RepeatFilter
from lamplighter.cli.up.reports.stderr_log import log_to_stderr
from lamplighter.cli.up.stored_stacks import may_have_stacks
from lamplighter.engine import file_descriptors
from lamplighter.engine.config import EngineConfig, RuntimeChoice
from lamplighter.engine.damage_check import check_damage_regularly
from lamplighter.engine.engine import Engine
from lamplighter.engine.machine_capacity import machine_capacity
from lamplighter.engine.python_gc import GarbageCollector
from lamplighter.jobs.names import JOB_FILE_NAME
from lamplighter.outbound.aws import AWS
from lamplighter.outbound.mail_server import InvalidMailServer, parse_mail_server
from lamplighter.outbound.program import HEARTBEAT_VARIABLE
from lamplighter.runtime.port import InvalidRuntimeAddress, RuntimeUnavailable
from lamplighter.server import HttpServer
from lamplighter.wire.access.host_header import AllowedHosts
from lamplighter.wire.access.trusted_proxies import normal_address

SWITCH_INTERVAL = 0.0005
"""Seconds after which the loop lets another thread run: callers wait for the thread that commits."""
ADDRESS_RETRY_SECONDS = 1
"""Seconds until the engine's address is written again after an error."""
REPEAT_REPORT_SECONDS = 5
"""Seconds between two checks for repeated failures to report."""
jobs_option, serving_option, reaching_option = (
    partial(typer.Option, rich_help_panel=panel, show_envvar=False) for panel in ("Jobs", "Serving", "Reaching others")
)
"""An option in each section of --help."""

Parsed = TypeVar("Parsed")

log = logging.getLogger("lamplighter.engine")
command_log = logging.getLogger(COMMAND_LOGGER)


@ending_on_interrupt()
def up(
    file: Annotated[
        Path | None,
        typer.Argument(help=f"The job file. Default: {JOB_FILE_NAME}, if it exists.", show_default=False),
    ] = None,
    environment: Annotated[
        str | None,
        jobs_option("--environment", "-e", help="The environment of the job file to use."),
    ] = None,
    template: Annotated[
        list[Path] | None,
        jobs_option(help="A CloudFormation template to run instead of a job file: from CDK, SAM, Copilot or by hand."),
    ] = None,
    parameters: Annotated[list[str] | None, jobs_option(help="NAME=VALUE: a parameter of the templates.")] = None,
    runtime: Annotated[RuntimeChoice, jobs_option(help="The runtime for containers.")] = RuntimeChoice.AUTO,
    host: Annotated[
        str,
        serving_option(
            help="Address to listen on. Beyond this machine, callers need the engine's credentials.",
        ),
    ] = "127.0.0.1",
    port: Annotated[int, serving_option(help="Port to listen on; 0 picks a free one.", min=0, max=65535)] = 4566,
    data: Annotated[Path, serving_option(help="Data directory of the engine.", file_okay=False)] = Path(".lamplighter"),
    new: Annotated[  # noqa: FBT002 - typer's way
        bool,
        serving_option(
            "--new",
            allow_from_autoenv=False,
            help="Start empty; existing data is moved to a subfolder of the data directory.",
        ),
    ] = False,
    allow_host: Annotated[
        list[str] | None, serving_option(help="Additional host name that callers may use for this engine.")
    ] = None,
    url: Annotated[
        str | None,
        serving_option(
            help="Public URL of this engine, for links in mails and webhooks and for queue URLs. Default: "
            "`box:` in the job file, or the address on which it listens."
        ),
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        serving_option(
            metavar="ADDRESS",
            help="Address of a reverse proxy whose X-Forwarded-For names the caller, for the audit log and wrong "
            "passwords.",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        serving_option(
            metavar="FILE",
            help="Serve HTTPS with this certificate and its chain, in PEM format. A renewed file is taken over.",
        ),
    ] = None,
    tls_key: Annotated[
        Path | None,
        serving_option(metavar="FILE", help="The key of the certificate, in PEM format."),
    ] = None,
    local_port: Annotated[
        int,
        serving_option(
            help="With --tls-cert: the port of 127.0.0.1 at which programs on this machine reach the engine without "
            "TLS; 0 picks a free one.",
            min=0,
            max=65535,
        ),
    ] = 0,
    endpoint: Annotated[
        list[str] | None,
        reaching_option(
            help="SERVICE=URL or SERVICE=aws: the endpoint of an AWS service that the engine does not serve."
        ),
    ] = None,
    credentials: Annotated[
        Path | None,
        serving_option(
            help="Credentials file in AWS's format. Default: DATA/credentials, created if other machines can reach the "
            "address.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    smtp: Annotated[
        str | None,
        reaching_option(
            help="Mail server: smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS, or smtps://. "
            "Default: `box:` in the job file; otherwise mails are written to files.",
        ),
    ] = None,
    heartbeat_url: Annotated[
        str | None,
        reaching_option(
            "--heartbeat",
            envvar=HEARTBEAT_VARIABLE,
            help="URL to call each minute while the engine works, for a service that alerts when the calls stop: "
            "Healthchecks, Better Stack, Cronitor, Uptime Kuma.",
        ),
    ] = None,
    confirm_mail: Annotated[  # noqa: FBT002 - typer's way
        bool, reaching_option("--confirm-mail", help="Ask subscribers by mail to confirm first, as AWS does.")
    ] = False,
    commands: Annotated[  # noqa: FBT002 - typer's way
        bool, reaching_option(help="Allow subscriptions that run a command line on this machine.")
    ] = True,
    deny: Annotated[
        str,
        serving_option(
            metavar="LIST",
            help=f"Features that tasks may not use, separated by commas: {', '.join(deny_rules.DENY_RULES)}.",
            show_default=False,
        ),
    ] = "",
    enforce_iam: Annotated[  # noqa: FBT002 - typer's way
        bool,
        serving_option(
            "--enforce-iam",
            help="Let IAM's policies decide about calls under a role, as on AWS: those of state machines, schedules, "
            "rules, tasks and temporary credentials.",
        ),
    ] = False,
    aws_limits: Annotated[  # noqa: FBT002 - typer's way
        bool,
        serving_option(
            "--aws-limits",
            help="Refuse what a new AWS account refuses: RunTask on Fargate over 20 times a second, over 300 rules of "
            "a bus, over 1,000 roles, a template of over 51,200 bytes in a request.",
        ),
    ] = False,
    drop_events: Annotated[
        list[EventSource] | None,
        serving_option(
            help="Lose all events of a service, so that no rule gets them. On AWS, those of "
            f"{' and '.join(BEST_EFFORT)} are best effort, and the others durable."
        ),
    ] = None,
    cpus: Annotated[
        float | None,
        jobs_option(
            help="Cores that all tasks may reserve together; further tasks wait. Default: `box:` in the job file, or "
            "the machine's own.",
            min=0.01,
        ),
    ] = None,
    memory: Annotated[
        str | None,
        jobs_option(
            metavar="SIZE",
            help="Memory that all tasks may reserve together, such as 8G. Default: as for --cpus, less a margin.",
        ),
    ] = None,
    max_tasks: Annotated[
        int | None,
        jobs_option(help="Tasks that run at the same time. Default: no limit.", min=1),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Log only warnings and errors.")] = False,  # noqa: FBT002 - typer's way
    log_format: Annotated[
        LogFormat, typer.Option(help="The format of the log; json: one object a line.")
    ] = LogFormat.TEXT,
) -> None:
    """Run the jobs of a file here, and serve the AWS APIs on one port; the jobs survive a kill at any time.

    The files are watched: valid changes are applied, and errors are reported and change nothing. Each option has a
    variable, such as LAMPLIGHTER_PORT for --port; the command line wins over it, and it wins over the job file.
    """
    repeats = log_to_stderr(logging.WARNING if quiet else logging.INFO, log_format)
    notifier = systemd_notify.take_notifier(os.environ)
    sys.setswitchinterval(SWITCH_INTERVAL)
    denied = _parse_deny(deny, runtime)
    options = replace(parse_source(file, environment, template or [], parameters or [], data), deny=denied)
    proxies = _parse_addresses(trusted_proxy or [])
    try:
        source = _read_source(options, data)
        own_url, own_smtp = source.addresses if source else (None, None)
        port_options = PortOptions(host, port, url or own_url, tls_cert, tls_key, local_port)
        config = replace(
            _process_config(),
            data_directory=data,
            start_empty=new,
            runtime=runtime,
            remote_endpoints=_parse_endpoints(endpoint or []),
            smtp=_parse_url(parse_mail_server, smtp) or own_smtp,
            confirm_mail=confirm_mail,
            allow_commands=commands and deny_rules.COMMANDS not in denied,
            denied=denied,
            enforce_iam=enforce_iam,
            aws_limits=aws_limits,
            drop_events=frozenset(drop_events or ()),
            capacity=parse_capacity(cpus, memory, max_tasks),
            secrets=source.secrets if source else secret_references.environment_secrets(os.environ),
        )
        with open_ports(port_options) as ports, asyncio.Runner(loop_factory=_loop_factory()) as runner:
            access_rules = access.decide_access(credentials, data, ports.listener.getsockname()[0], proxies)
            config = replace(config, public_url=ports.address.public, task_credentials=access_rules.first)
            config = replace(config, certificate_problem=ports.certificate_problem)
            names = frozenset(name.lower() for name in (host, *(allow_host or []))) | ports.names
            hosts = AllowedHosts(names, any_address=access_rules.accepted_credentials is not None)
            observers = _Observers(notifier, _parse_url(heartbeat.check_url, heartbeat_url), repeats)
            runner.run(_serve(config, hosts, ports, access_rules, source, observers))
    except LamplighterError as error:
        command_log.error("%s", error)
        raise typer.Exit(1) from None
    except OSError as error:
        command_log.error("%s", _error_text(error, data))
        raise typer.Exit(1) from None


def _process_config() -> EngineConfig:
    """Return the settings that this process gets from its machine and its environment."""
    return EngineConfig(
        machine_capacity=machine_capacity(),
        child_file_limit=file_descriptors.raise_limit(),
        telemetry={name: value for name, value in os.environ.items() if name.startswith("OTEL_")},
    )


def _parse_url(parse: Callable[[str], Parsed], url: str | None) -> Parsed | None:
    """Parse a URL. One that cannot become right is reported: with exit code 2, systemd does not start it again."""
    try:
        return parse(url) if url else None
    except (InvalidMailServer, heartbeat.InvalidHeartbeatUrl) as error:
        command_log.error("%s", error)
        raise typer.Exit(2) from None


def _error_text(error: OSError, data: Path) -> str:
    """Return the text of an OSError; add advice if its file is the data directory, inside it, or above it."""
    path = Path(error.filename) if isinstance(error.filename, str) else None
    if path is None or not (path in (data, *data.parents) or data in path.parents):
        return str(error)
    reason = (error.strerror or str(error)).lower()
    advice = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "make it writable"
    return f"the data directory {data} cannot be used ({path}: {reason}): {advice}, or name another with --data"


def parse_source(
    file: Path | None, env: str | None, templates: list[Path], parameters: list[str], data: Path
) -> UpOptions:
    """Return the source that the command line names; raise `BadParameter` for options that contradict each other."""
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
        # A missing job file is an error if its jobs were applied before, and `up` alerts somebody.
        is_implied = not has_file and may_have_stacks(data)
        file = default_file if has_file or is_implied else None
    return UpOptions(file, env, tuple(templates), tuple(parameters), is_implied=is_implied)


def _parse_addresses(texts: list[str]) -> frozenset[str]:
    try:
        return frozenset(normal_address(each) for each in texts)
    except ValueError as error:
        raise typer.BadParameter(f"--trusted-proxy: {error}") from None


def _parse_deny(text: str, runtime: RuntimeChoice) -> frozenset[str]:
    try:
        found = deny_rules.parse_deny_list(text)
    except deny_rules.UnknownDenyWord as error:
        raise typer.BadParameter(f"--deny: {error}") from None
    if deny_rules.COMMANDS in found and runtime is RuntimeChoice.PROCESS:
        raise typer.BadParameter("--runtime process can only run commands, which --deny commands forbids")
    return found


def _read_source(options: UpOptions, data: Path) -> LoadedSource | None:
    """Read the source, or return None if there is none; the modules that read it are imported only for a source."""
    if options.file is None and not options.templates:
        return None
    source: LoadedSource = load_object("lamplighter.cli.up.source:read_source")(options, data)
    return source


@dataclass(frozen=True, slots=True)
class _Observers:
    """Those who observe how the engine is: systemd, a monitoring service, and the readers of the log."""

    notifier: systemd_notify.SystemdNotifier
    heartbeat_url: str | None
    repeats: RepeatFilter


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the event loop: uvloop of the extra `speed` if it is installed, otherwise asyncio's own."""
    if not is_installed("uvloop"):
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = load_object("uvloop:new_event_loop")
    return factory


async def _serve(
    config: EngineConfig,
    hosts: AllowedHosts,
    ports: Ports,
    access_rules: access.Access,
    source: LoadedSource | None,
    observers: _Observers,
) -> None:
    notifier, repeats = observers.notifier, observers.repeats
    repeats_task = asyncio.create_task(_log_repeats(repeats))
    engine, garbage = await Engine.open(config), GarbageCollector()
    try:
        reconciler = None if source is None else await source.reconciler(engine)
        if config.runtime is RuntimeChoice.DOCKER or (reconciler and source and source.needs_docker):
            await _warn_if_runtime_unavailable(engine)
        garbage.start()
        async with _publishing_address(config, ports.address):
            rules = access_rules
            application = HttpServer(engine, hosts, rules.accepted_credentials, rules.users.read, rules.proxies)
            serve = http_server.prepare_server(
                application,
                application.closing,
                ports.local,
                file_descriptors.max_connections(),
                ports.tls,
                on_start=lambda: notifier.start(lambda: systemd_notify.status_text(engine)),
                on_stop=notifier.report_stopping,
            )
            _print_access(config, ports, access_rules)
            engine.turns.start()
            async with (
                running(engine.retention.run(), check_damage_regularly(engine.store)),
                keeping_current(engine, access_rules.users, ports.certificate),
                _reconciling(reconciler),
                heartbeat.sending_heartbeats(engine, observers.heartbeat_url),
            ):
                await serve()
    finally:
        notifier.close()
        garbage.stop()
        await engine.close()
        repeats_task.cancel()
        repeats.log_counts(all_counts=True)


def _print_access(config: EngineConfig, ports: Ports, access_rules: access.Access) -> None:
    """Print where the engine and its console are, and what callers need."""
    lines = (
        f"listening on {ports.listening_url}",
        f"the console is at {config.public_url}/",
        *access.access_advice(access_rules, config.public_url),
        *ports.warnings(),
    )
    for line in lines:
        command_log.info("%s", line)
    if config.drop_events:
        command_log.warning("no rule gets the events of %s (--drop-events)", ", ".join(sorted(config.drop_events)))


async def _log_repeats(repeats: RepeatFilter) -> None:
    """Log the counts of repeated failures regularly, even if nothing else is logged."""
    while True:
        await asyncio.sleep(REPEAT_REPORT_SECONDS)
        repeats.log_counts()


@asynccontextmanager
async def _publishing_address(config: EngineConfig, address: EngineAddress) -> AsyncIterator[None]:
    """Write the file by which commands find this engine, and remove it at the end."""
    try:
        async with running(_write_address(config.data_directory, address)):
            await asyncio.sleep(0)  # the first attempt
            yield
    finally:
        with suppress(OSError):
            (config.data_directory / ADDRESS_FILE).unlink()


async def _write_address(data: Path, address: EngineAddress) -> None:
    """Write the file; while this is impossible, for example because the disk is full, the engine serves without it."""
    while True:
        try:
            return write_address(data, address)
        except OSError as error:
            file = data / ADDRESS_FILE
            log.warning("%s cannot be written, so commands do not find this engine: %s", file, error.strerror)
            await asyncio.sleep(ADDRESS_RETRY_SECONDS)


@asynccontextmanager
async def _reconciling(reconciler: Reconciler | None) -> AsyncIterator[None]:
    """Keep the engine in agreement with its source while the block runs."""
    if reconciler is None:
        yield
        return
    async with running(reconciler.run()) as (task,):
        task.add_done_callback(_log_reconciler_failure)
        yield


def _log_reconciler_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("file watching has stopped; restart lamplighter to apply changes", exc_info=error)


async def _warn_if_runtime_unavailable(engine: Engine) -> None:
    try:
        await engine.runtime.check()
    except InvalidRuntimeAddress:
        raise
    except RuntimeUnavailable as error:
        log.warning("%s", error)


def _parse_endpoints(words: list[str]) -> dict[str, str]:
    endpoints = {}
    for each in words:
        service, sign, endpoint = each.partition("=")
        if not service or not sign or not (endpoint == AWS or endpoint.startswith(("http://", "https://"))):
            raise typer.BadParameter(
                f"--endpoint {each}: use SERVICE=URL, for example lambda=http://127.0.0.1:9000, or SERVICE=aws"
            )
        endpoints[service] = endpoint
    return endpoints
