"""Run `lamplighter console`: serve the console of an AWS account or of another engine, to this machine only."""

import asyncio
import socket
from dataclasses import replace
from typing import Annotated

import typer

from lamplighter.base.world import real_world
from lamplighter.cli.runs.site import explain_errors
from lamplighter.cli.target import (
    DEFAULT_DATA,
    AwsOption,
    DataOption,
    EndpointUrlOption,
    ProfileOption,
    RegionOption,
    Target,
    find_target,
)
from lamplighter.cli.up.http import http_server
from lamplighter.cli.up.http.listen import listen, url_of
from lamplighter.console.app import build_app
from lamplighter.console.ports.aws import AwsPort
from lamplighter.console.ports.port import Place
from lamplighter.console.security.guard import LocalHostOnly
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
    where = find_target(endpoint_url=endpoint_url, aws=aws, profile=profile, region=region, data=data)
    with explain_errors(where):
        account = where.client("sts").get_caller_identity()["Account"] if aws else _account(where)
        with listen("127.0.0.1", port) as listener:
            asyncio.run(_serve(where, Place(account, where.region), listener))


def _account(where: Target) -> str:
    """Return the account of an engine, from the ARN of its default event bus."""
    found: str = where.client("events").describe_event_bus()["Arn"].split(":")[4]
    return found


async def _serve(where: Target, place: Place, listener: socket.socket) -> None:
    closing = asyncio.Event()
    outside = AwsPort(
        lambda service, region: replace(where, region=region).client(service),
        place,
        "AWS" if where.endpoint is None else "Engine",
        where.endpoint,
    )
    pages = LocalHostOnly(build_app(outside, real_world(), closing))
    typer.echo(f"lamplighter: the console of {where} is at {url_of(listener)}/", err=True)
    await http_server.serve(pages, closing, listener, file_descriptors.connection_limit())
