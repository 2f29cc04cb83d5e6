"""Run `lamplighter console`: serve the console of an AWS account or of another engine, to this machine only."""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from lamplighter.base.modules import load_object
from lamplighter.base.world import real_world
from lamplighter.cli.command_context import explain_errors
from lamplighter.cli.engine_health import read_health
from lamplighter.cli.http import http_server
from lamplighter.cli.http.listen import listen, listener_url
from lamplighter.cli.internal_calls import call_engine
from lamplighter.cli.site_options import (
    DEFAULT_DATA,
    AwsOption,
    DataOption,
    EndpointUrlOption,
    ProfileOption,
    RegionOption,
    SiteOptions,
)
from lamplighter.cli.target import Target, find_target, require_botocore
from lamplighter.cli.up.handover_file import read_handovers
from lamplighter.console.app import build_app
from lamplighter.console.ports.port import ConsolePort, Place
from lamplighter.console.security.guard import Interceptor, refuse_other_hosts
from lamplighter.engine import file_descriptors


def console(
    aws: AwsOption = False,  # noqa: FBT002 - typer's way
    profile: ProfileOption = None,
    region: RegionOption = None,
    endpoint_url: EndpointUrlOption = None,
    data: DataOption = DEFAULT_DATA,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.", min=0, max=65535)] = 4567,
) -> None:
    """Show the console of an AWS account or an engine, at an address of this machine."""
    options = SiteOptions(None, None, endpoint_url, aws, profile, region, data)
    with explain_errors(Target(None, "", options=options)):
        target = find_target(options)
    with explain_errors(target):
        require_botocore("lamplighter console")
        account = target.client("sts").get_caller_identity()["Account"] if aws else _read_account(target)
        place = Place(account, target.region)
        others = {at: box for at, box in _find_box(data).items() if at != place} if aws else {}
        with listen("127.0.0.1", port) as listener:
            asyncio.run(_serve(target, place, others, listener))


def _find_box(data: Path) -> dict[Place, ConsolePort]:
    """Return the port to the engine of this folder if jobs have moved between it and AWS: runs stay where they were.

    If the engine cannot be reached, print why, and return nothing.
    """
    options = SiteOptions(data=data)
    with suppress(typer.Exit), explain_errors(Target(None, "", options=options)):
        if read_handovers(data):
            box = find_target(options, when_stopped=True)
            with explain_errors(box):
                place = Place(_read_account(box), box.region)
                return {place: _make_port(box, place, "This box")}
    return {}


def _read_account(target: Target) -> str:
    """Return the account of an engine, from the ARN of its default event bus."""
    return str(target.client("events").describe_event_bus()["Arn"].split(":")[4])


def _make_port(target: Target, place: Place, title: str) -> ConsolePort:
    port: ConsolePort = load_object("lamplighter.console.ports.aws:AwsPort")(
        lambda service, region: replace(target, region=region).client(service),
        place,
        title,
        target.endpoint,
        lambda: None if target.endpoint is None or target.stopped else read_health(target.endpoint),
        partial(call_engine, target),
    )
    return port


async def _serve(target: Target, place: Place, others: Mapping[Place, ConsolePort], listener: socket.socket) -> None:
    closing, port = asyncio.Event(), _make_port(target, place, "AWS" if target.endpoint is None else "Engine")
    application = Interceptor(build_app(port, real_world(), closing, other_ports=others), refuse_other_hosts)
    serve = http_server.prepare_server(application, closing, listener, file_descriptors.max_connections())
    typer.echo(f"lamplighter: the console of {target} is at {listener_url(listener)}/", err=True)
    await serve()
