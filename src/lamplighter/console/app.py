"""Build the console as an ASGI application.

To add a page, write a module in `pages` with a function of a `Page` and a `ROUTES`, and a template. The route of a form
states the role that it needs. Then add its routes
to `PAGES` below, the first word of its path to `paths.py`, its title to `view.templates.SECTIONS`, and a test to
`tests/console`.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from lamplighter.base.errors import AwsError
from lamplighter.base.world import World
from lamplighter.console.calls import is_missing
from lamplighter.console.page import Console, make_page, person_of
from lamplighter.console.pages import (
    audit,
    event_streams,
    logs,
    night,
    night_actions,
    queues,
    recent_events,
    rules,
    scheduled_tasks,
    search,
    shortcuts,
    stacks,
    task_definitions,
    task_list,
    tasks,
    time_zone,
    topics,
)
from lamplighter.console.pages.jobs import calendar, job, jobs
from lamplighter.console.pages.runs import map_run, run, run_events, start_run
from lamplighter.console.ports.port import ConsolePort, Place
from lamplighter.console.security.compression import Compression
from lamplighter.console.security.cross_site_links import reload_visit
from lamplighter.console.security.guard import Interceptor, SecurityHeaders, refuse_other_sites
from lamplighter.console.security.login import Login
from lamplighter.console.static import ICON_ROUTE, ConsoleFiles
from lamplighter.console.view.templates import Templates
from lamplighter.wire.access.people import People

PAGES: tuple[BaseRoute, ...] = (
    *night.ROUTES,
    *night_actions.ROUTES,
    *jobs.ROUTES,
    *start_run.ROUTES,
    *job.ROUTES,
    *logs.ROUTES,
    *event_streams.ROUTES,
    *run_events.ROUTES,
    *map_run.ROUTES,
    *run.ROUTES,
    *rules.ROUTES,
    *recent_events.ROUTES,
    *queues.ROUTES,
    *task_list.ROUTES,
    *tasks.ROUTES,
    *scheduled_tasks.ROUTES,
    *task_definitions.ROUTES,
    *topics.ROUTES,
    *stacks.ROUTES,
    *calendar.ROUTES,
    *search.ROUTES,
    *audit.ROUTES,
    *shortcuts.ROUTES,
    *time_zone.ROUTES,
)
"""The routes of all pages; the first match answers. A path that ends in an ARN comes after the longer paths."""


HEADLINES = {403: "Not allowed", 404: "Not found"}
INTERNAL_ERROR = 500
"""An error for which, as for visitors without a session, the page has no frame: that needs the engine's answers."""


def build_app(
    port: ConsolePort,
    world: World,
    closing: asyncio.Event,
    people: People | None = None,
    other_ports: Mapping[Place, ConsolePort] = MappingProxyType({}),
) -> ASGIApp:
    """Build the console for a port, and the ports of other places.

    Streams end when `closing` is set. If there are `people`, a login is required.
    """
    templates = Templates(port.title, locked=people is not None)
    login = Login(people, world, templates, port) if people is not None else None
    app = Starlette(
        routes=[*PAGES, *(login.routes() if login else ()), ICON_ROUTE, Mount("/static", ConsoleFiles())],
        exception_handlers={
            AwsError: _aws_error_page,
            HTTPException: _http_error_page,
            Exception: _internal_error_page,
        },
    )
    app.state.console = Console(port, world, templates, closing, other_ports=other_ports)
    if login:
        app.add_middleware(Interceptor, login.require_session)
    app.add_middleware(Interceptor, reload_visit)
    app.add_middleware(Interceptor, refuse_other_sites)
    return SecurityHeaders(Compression(app))


async def _aws_error_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, AwsError)
    status = 404 if is_missing(error) else error.status
    return await _error_page(request, status, error.code, error.message)


async def _http_error_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return await _error_page(request, error.status_code, error.detail, f"There is no page at {request.url.path}")


async def _internal_error_page(request: Request, _error: Exception) -> Response:
    message = "An error in the console prevented this page. The console's log has the details."
    return await _error_page(request, INTERNAL_ERROR, "InternalFailure", message)


async def _error_page(request: Request, status: int, code: str, message: str) -> Response:
    console: Console = request.app.state.console
    values = {"headline": HEADLINES.get(status, "This did not work"), "code": code, "message": message}
    if status != INTERNAL_ERROR and not (console.templates.locked and person_of(request) is None):
        with suppress(AwsError):
            return await (await make_page(request)).render("error.html", status, **values)
    return HTMLResponse(console.templates.render("error.html", values | {"status": status}), status)
