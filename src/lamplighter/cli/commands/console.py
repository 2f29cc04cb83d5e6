"""Run `lamplighter console`: serve the console of an AWS account or of another engine, to this machine only."""

import asyncio
import socket
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from lamplighter.base.modules import load_object
from lamplighter.base.world import real_world
from lamplighter.cli.command_context import explain_errors
from lamplighter.cli.engine_health import read_health
from lamplighter.cli.http import http_server
from lamplighter.cli.http.listen import listen, listener_url
from lamplighter.cli.internal_calls import call_engine
from lamplighter.cli.target import (
    DEFAULT_DATA,
    AwsOption,
    DataOption,
    EndpointUrlOption,
    ProfileOption,
    RegionOption,
    Target,
    find_target,
    require_botocore,
)
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
    with explain_errors(Target(None, "")):
        target = find_target(endpoint_url=endpoint_url, aws=aws, profile=profile, region=region, data=data)
    with explain_errors(target):
        require_botocore("lamplighter console")
        account = target.client("sts").get_caller_identity()["Account"] if aws else _read_account(target)
        with listen("127.0.0.1", port) as listener:
            asyncio.run(_serve(target, Place(account, target.region), listener))


def _read_account(target: Target) -> str:
    """Return the account of an engine, from the ARN of its default event bus."""
    return str(target.client("events").describe_event_bus()["Arn"].split(":")[4])


async def _serve(target: Target, place: Place, listener: socket.socket) -> None:
    closing = asyncio.Event()
    port: ConsolePort = load_object("lamplighter.console.ports.aws:AwsPort")(
        lambda service, region: replace(target, region=region).client(service),
        place,
        "AWS" if target.endpoint is None else "Engine",
        target.endpoint,
        lambda: None if target.endpoint is None else read_health(target.endpoint),
        partial(call_engine, target),
    )
    application = Interceptor(build_app(port, real_world(), closing), refuse_other_hosts)
    serve = http_server.prepare_server(application, closing, listener, file_descriptors.max_connections())
    typer.echo(f"lamplighter: the console of {target} is at {listener_url(listener)}/", err=True)
    await serve()
