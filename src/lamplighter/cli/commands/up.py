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
from pathlib import Path
from typing import TypeVar

import typer

from lamplighter.base import deny_rules
from lamplighter.base.background_tasks import running
from lamplighter.base.errors import LamplighterError
from lamplighter.base.modules import is_installed, load_object
from lamplighter.cli.early_interrupts import ending_on_interrupt
from lamplighter.cli.engine_address import ADDRESS_FILE, EngineAddress, write_address
from lamplighter.cli.http import http_server
from lamplighter.cli.option_groups import with_option_groups
from lamplighter.cli.site_options import SiteOptions
from lamplighter.cli.up import access, heartbeat, systemd_notify
from lamplighter.cli.up.capacity_options import parse_capacity
from lamplighter.cli.up.command_line import (
    JobsOptions,
    LogOptions,
    ReachingOptions,
    ServingOptions,
    parse_addresses,
    parse_denied,
    parse_endpoints,
    parse_host_names,
    parse_source,
)
from lamplighter.cli.up.follow_users_and_certificate import following_users_and_certificate
from lamplighter.cli.up.options import LoadedSource, Reconciler, UpOptions
from lamplighter.cli.up.ports import Ports, open_ports
from lamplighter.cli.up.reports.log_formats import COMMAND_LOGGER
from lamplighter.cli.up.reports.repeated_lines import RepeatFilter
from lamplighter.cli.up.reports.stderr_log import log_to_stderr
from lamplighter.engine import file_descriptors
from lamplighter.engine.config import EngineConfig, RuntimeChoice
from lamplighter.engine.damage_check import check_damage_regularly
from lamplighter.engine.engine import Engine
from lamplighter.engine.machine_capacity import machine_capacity
from lamplighter.engine.python_gc import GarbageCollector
from lamplighter.outbound.mail_server import InvalidMailServer, MailServer, parse_mail_server
from lamplighter.runtime.port import InvalidRuntimeAddress, RuntimeUnavailable
from lamplighter.server import HttpServer
from lamplighter.wire.access.host_header import AllowedHosts

SWITCH_INTERVAL = 0.0005
"""Seconds after which the loop lets another thread run: callers wait for the thread that commits."""
ADDRESS_RETRY_SECONDS = 1
"""Seconds until the engine's address is written again after an error."""
REPEAT_REPORT_SECONDS = 5
"""Seconds between two checks for repeated failures to report."""

Parsed = TypeVar("Parsed")

log = logging.getLogger("lamplighter.engine")
command_log = logging.getLogger(COMMAND_LOGGER)


@with_option_groups
@ending_on_interrupt()
def up(jobs: JobsOptions, serving: ServingOptions, reaching: ReachingOptions, logs: LogOptions) -> None:
    """Run the jobs of a file here, and serve the AWS APIs on one port; the jobs survive a kill at any time.

    The files are watched: valid changes are applied, and errors are reported and change nothing. Each option has a
    variable, such as LAMPLIGHTER_PORT for --port; the command line wins over it, and it wins over the job file.
    """
    repeats = log_to_stderr(logging.WARNING if logs.quiet else logging.INFO, logs.log_format)
    notifier = systemd_notify.take_notifier(os.environ)
    sys.setswitchinterval(SWITCH_INTERVAL)
    denied, data = parse_denied(serving, jobs.runtime), serving.data
    options, proxies = parse_source(jobs, data, denied), parse_addresses(serving.trusted_proxy or [])
    allowed = parse_host_names(serving.allow_host or [])
    try:
        source = _read_source(options, data)
        own_url, own_smtp = source.addresses if source else (None, None)
        config, url = _configure(jobs, serving, reaching, denied, own_smtp), serving.url or own_url
        if source is not None:
            config = replace(config, secrets=source.secrets)
        with open_ports(serving, url) as ports, asyncio.Runner(loop_factory=_loop_factory()) as runner:
            rules = access.decide_access(serving.credentials, data, ports.listener.getsockname()[0], proxies)
            config = replace(config, public_url=ports.address.public, task_credentials=rules.first)
            config = replace(config, certificate_problem=ports.certificate_problem)
            names = allowed | {serving.host.lower()} | ports.names
            hosts = AllowedHosts(names, any_address=rules.accepted_credentials is not None)
            observers = _Observers(notifier, _parse_url(heartbeat.check_url, reaching.heartbeat_url), repeats)
            runner.run(_serve(config, hosts, ports, rules, source, observers))
    except LamplighterError as error:
        command_log.error("%s", error)
        raise typer.Exit(1) from None
    except OSError as error:
        command_log.error("%s", _error_text(error, data))
        raise typer.Exit(1) from None


def _configure(
    jobs: JobsOptions,
    serving: ServingOptions,
    reaching: ReachingOptions,
    denied: frozenset[str],
    own_smtp: MailServer | None,
) -> EngineConfig:
    """Return the settings that the engine gets from the options, from this machine and from the environment."""
    return EngineConfig(
        machine_capacity=machine_capacity(),
        child_file_limit=file_descriptors.raise_limit(),
        telemetry={name: value for name, value in os.environ.items() if name.startswith("OTEL_")},
        data_directory=serving.data,
        start_empty=serving.new,
        runtime=jobs.runtime,
        remote_endpoints=parse_endpoints(reaching.endpoint or []),
        smtp=_parse_url(parse_mail_server, reaching.smtp) or own_smtp,
        confirm_mail=reaching.confirm_mail,
        allow_commands=reaching.commands and deny_rules.COMMANDS not in denied,
        denied=denied,
        enforce_iam=serving.enforce_iam,
        aws_limits=serving.aws_limits,
        drop_events=frozenset(serving.drop_events or ()),
        capacity=parse_capacity(jobs.cpus, jobs.memory, jobs.max_tasks),
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


def _read_source(options: UpOptions, data: Path) -> LoadedSource | None:
    """Read the source, or return None if there is none; the modules that read it are imported only for a source."""
    if options.file is None and not options.templates:
        return None
    source: LoadedSource = load_object("lamplighter.cli.up.read_source:read_source")(options, data)
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
                following_users_and_certificate(engine, access_rules.users, ports.certificate),
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
        *access.access_advice(access_rules, config.public_url, SiteOptions(data=config.data_directory)),
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
