"""`lamplighter up`: run an engine here, until it is told to stop."""

import asyncio
import gc
import logging
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
import uvloop

from lamplighter.base.errors import LamplighterError
from lamplighter.cli import admission
from lamplighter.cli.address import ADDRESS
from lamplighter.cli.serving import Stopping, listen, url_of
from lamplighter.engine.config import Config, RuntimeChoice
from lamplighter.engine.engine import Engine
from lamplighter.outbound import mail
from lamplighter.outbound.aws import AWS
from lamplighter.outbound.program import MAIL_SERVER
from lamplighter.runtime.port import RuntimeUnavailable
from lamplighter.server import Connection, Server

SWITCH_INTERVAL = 0.0005
"""Seconds that the loop may keep the interpreter from the thread that commits: its word is what callers wait for."""

log = logging.getLogger("lamplighter.engine")


def up(
    host: Annotated[
        str, typer.Option(help="Address to listen on. Beyond this machine, callers need the engine's credentials.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.", min=0, max=65535)] = 4566,
    data: Annotated[Path, typer.Option(help="Directory that keeps everything.", file_okay=False)] = Path(
        ".lamplighter"
    ),
    runtime: Annotated[RuntimeChoice, typer.Option(help="What runs containers.")] = RuntimeChoice.AUTO,
    endpoint: Annotated[
        list[str] | None,
        typer.Option(help="SERVICE=URL, or SERVICE=aws: where to call an AWS service that is not served here."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A host name by which this engine may be called, besides IP addresses and localhost."),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(help="URL by which others reach this engine: links in mails and webhooks, URLs of queues."),
    ] = None,
    credentials: Annotated[
        Path | None,
        typer.Option(
            help="Who may come in, in AWS's format; without, DATA/credentials, made where strangers reach the address.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    smtp: Annotated[
        str | None,
        typer.Option(
            envvar=MAIL_SERVER,
            help="Mail server: smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS, or smtps://. Without: mails become files.",
        ),
    ] = None,
    confirm_mail: Annotated[  # noqa: FBT002 - typer's way
        bool, typer.Option("--confirm-mail", help="Ask who is subscribed by mail first, as AWS does.")
    ] = False,
    commands: Annotated[  # noqa: FBT002 - typer's way
        bool, typer.Option(help="Let a topic's subscription be a command line that runs here.")
    ] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what is wrong.")] = False,  # noqa: FBT002 - typer's way
) -> None:
    """Run the engine: serve the AWS APIs on one port and do what they ask, whatever is killed and whenever."""
    _log_to_stderr(logging.WARNING if quiet else logging.INFO)
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        config = Config(
            data=data,
            runtime=runtime,
            endpoints=_endpoints(endpoint or []),
            smtp=mail.server(smtp) if smtp else None,
            confirm_mail=confirm_mail,
            commands=commands,
        )
        with listen(host, port) as listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            entry = admission.decide(credentials, data, listener.getsockname()[0])
            config = replace(config, url=(url or _reached(listener)).rstrip("/"), holder=entry.first)
            runner.run(_serve(config, frozenset({host, *(allow_host or [])}), listener, entry))
    except (LamplighterError, OSError) as error:
        typer.echo(f"lamplighter: {error}", err=True)
        raise typer.Exit(1) from None


def _reached(listener: socket.socket) -> str:
    """Where callers on this machine reach it, which listens on one address or on all."""
    return url_of(listener).replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


async def _serve(config: Config, hosts: frozenset[str], listener: socket.socket, entry: admission.Entry) -> None:
    engine = await Engine.open(config)
    try:
        await _say_what_is_missing(engine)
        application = Server(engine, hosts, entry.holders)
        server = Stopping(
            uvicorn.Config(
                application,
                lifespan="off",
                log_config=None,
                access_log=False,
                http=Connection,
                server_header=False,
                timeout_graceful_shutdown=5,
            ),
            application.closing,
        )
        _settle_memory()
        (config.data / ADDRESS).write_text(config.url + "\n")
        typer.echo(f"lamplighter: listening on {url_of(listener)}", err=True)
        typer.echo(f"lamplighter: the console is at {config.url}/", err=True)
        for line in admission.advice(entry, config.url):
            typer.echo(f"lamplighter: {line}", err=True)
        await server.serve(sockets=[listener])
        (config.data / ADDRESS).unlink(missing_ok=True)
    finally:
        await engine.close()


async def _say_what_is_missing(engine: Engine) -> None:
    try:
        await engine.runtime.check()
    except RuntimeUnavailable as error:
        log.warning("%s", error)


def _settle_memory() -> None:
    """Keep the collector from walking over what lives as long as the engine does."""
    gc.collect()
    gc.freeze()


def _endpoints(given: list[str]) -> dict[str, str]:
    endpoints = {}
    for each in given:
        service, sign, where = each.partition("=")
        if not service or not sign or not (where == AWS or where.startswith(("http://", "https://"))):
            raise typer.BadParameter(f"{each}: say SERVICE=URL, as in lambda=http://127.0.0.1:9000, or SERVICE=aws")
        endpoints[service] = where
    return endpoints


class _EveryLine(logging.Formatter):
    """Puts the time before every line of a message."""

    def format(self, record: logging.LogRecord) -> str:
        time = self.formatTime(record, "%Y-%m-%d %H:%M:%S")
        prefix = f"{time}.{int(record.msecs):03d}  "
        return "\n".join(prefix + line for line in super().format(record).split("\n"))


def _log_to_stderr(level: int) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_EveryLine("%(message)s"))
    root = logging.getLogger("lamplighter")
    root.setLevel(level)
    root.addHandler(handler)
