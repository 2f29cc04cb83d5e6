"""Provide the page functions with the request, AWS's APIs in one place (account and region), and the templates.

A page is an async function of a `Page`. A button is an async function of a `Page` and the form's fields, and cannot be
reached without the form's token. Its route states the role that it needs: the server refuses people with a lesser role,
and templates hide the button (`Page.may`). What a form changes is recorded in the audit log under the person's name.
See any module in `console/pages` for an example.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from lamplighter.base.errors import ServiceError, ValidationError, require
from lamplighter.base.json_text import Json
from lamplighter.console.calls import CallContext, Calls
from lamplighter.console.data.jobs.job_names import read_job_names
from lamplighter.console.ports.port import Place, place_of_arn
from lamplighter.console.security import forms
from lamplighter.console.view import clock
from lamplighter.console.view.clock import Clock
from lamplighter.console.view.templates import Templates
from lamplighter.runs.jobs.job_names import JobNames
from lamplighter.store.audit_limits import LimitedKind
from lamplighter.store.audit_log import Actor
from lamplighter.wire.access.people import Person
from lamplighter.wire.access.roles import Role

SCRIPT_HEADER, REDIRECT_HEADER = "x-lamplighter-script", "x-lamplighter-go-on"
"""Headers: a script sent the form, and the URL that the browser opens next (`static/forms.js`)."""
PART_HEADER = "x-lamplighter-part"
"""The header of a request by a script that shows a part of the answer (`static/parts.js`)."""


class NotAllowed(
    ServiceError,
    code="Not allowed",
    template="This needs the role “{}”, and {} has the role “{}”. Ask the operator of this engine.",
    status=403,
):
    """The visitor's role does not allow this."""


@dataclass(frozen=True, slots=True)
class Console(CallContext):
    """The objects that all pages of a console share."""

    templates: Templates
    closing: asyncio.Event
    """Set when the server is about to stop, so that all streams end."""


@dataclass(frozen=True, slots=True)
class Page(Calls):
    """One request as a page function receives it."""

    console: Console
    request: Request
    token: str
    """The token that the browser's forms contain."""
    once: str
    """The name of a run that a form of this page starts: a repeated form starts no second run."""
    schedule_zone: str = ""
    """The time zone of all schedules of the place; empty if they have several, or on AWS."""
    names: JobNames = field(default_factory=JobNames)
    """The names of the place's jobs."""

    @property
    def person(self) -> Person | None:
        """Who has logged in; None if the console requires no login, and everybody may do everything."""
        return person_of(self.request)

    @property
    def recorded_actor(self) -> Actor | None:
        """Who is recorded for what a form changes; None for a page, which changes nothing."""
        return actor_of(self.request) if self.request.method == "POST" else None

    @property
    def clock(self) -> Clock:
        """How this page shows times."""
        asked, remembered = self.query(clock.ZONE_QUERY), self.request.cookies.get(clock.ZONE_COOKIE)
        return clock.choose_clock(self.console.world.now() / 1000, asked, remembered, self.schedule_zone)

    def may(self, role: str) -> bool:
        """Return whether this visitor has a role; templates call it."""
        return self.person is None or self.person.role.allows(Role(role))

    def require(self, role: Role) -> None:
        """Raise `NotAllowed` unless this visitor has a role."""
        if self.person is not None and not self.may(role):
            raise NotAllowed(role, self.person.name, self.person.role)

    @property
    def has_session(self) -> bool:
        """Whether the visitor's session still lasts: streams check it, because they go on for long."""
        lasts: Callable[[], bool] = getattr(self.request.state, "session_lasts", lambda: True)
        return lasts()

    def at(self, arn: str) -> "Page":
        """Return the same page in the account and region of a resource. Raises ValidationError for an invalid ARN."""
        place = require(place_of_arn(arn), lambda: ValidationError(f"Invalid Arn: '{arn}'"))
        return replace(self, place=place)

    @property
    def arn(self) -> str:
        """The ARN in the request's path."""
        return str(self.request.path_params["arn"])

    @property
    def url(self) -> str:
        """The path of the resource's own page, without the parts that follow it."""
        first = self.request.url.path.split("/", 2)[1]
        return f"/{first}/{quote(self.arn, safe=':/')}"

    def own_url(self, zone: str | None) -> str:
        """Return this page's URL with a choice of the time zone, or with none; after a form, the resource's page."""
        path = quote(self.request.url.path, safe=":/")
        pairs = [pair for pair in self.request.query_params.multi_items() if pair[0] != clock.ZONE_QUERY]
        if self.request.method != "GET":
            path, pairs = self.url if "arn" in self.request.path_params else path, []
        query = urlencode(pairs + ([(clock.ZONE_QUERY, zone)] if zone else []))
        return f"{path}?{query}" if query else path

    def query(self, name: str) -> str | None:
        """Return a query parameter, or None if it is absent or empty."""
        return self.request.query_params.get(name) or None

    def read_query(self, **names: str) -> dict[str, str]:
        """Return the parameters of a call that query parameters contain: `read_query(NextToken="next")`."""
        found = {parameter: self.query(name) for parameter, name in names.items()}
        return {parameter: value for parameter, value in found.items() if value is not None}

    def query_number(self, name: str) -> int | None:
        """Return a query parameter as a number, or None if it is not one."""
        text = self.query(name) or ""
        return int(text) if re.fullmatch("[0-9]{1,12}", text) else None

    def with_query(self, **changes: str | int | None) -> str:
        """Return a link to this page with some query parameters changed, or left out if the value is None."""
        given = {**self.request.query_params, **changes}
        return f"?{urlencode({name: value for name, value in given.items() if value is not None})}"

    def without_filters(self, kept: Sequence[str] = ()) -> str:
        """Return a link to this page with its place and these query parameters only."""
        names = ("account", "region", clock.ZONE_QUERY, *kept)
        return f"?{urlencode({name: value for name in names if (value := self.query(name))})}"

    async def render_text(self, template: str, **values: Json) -> str:
        """Render a template as text."""
        places = [*await self.console.port.places(), *self.console.other_ports]
        shared = {"page": self, "place": self.place, "places": places, "token": self.token, "clock": self.clock}
        # The query that links to other sections need, unless this page is in the default account and region.
        # How long a list rests before it is read again; a page that needs not be read again sets None.
        shared["rest"] = self.port.list_poll_seconds
        shared["where"] = "" if self.place == places[0] else f"?{urlencode(asdict(self.place))}"
        return self.console.templates.render(template, shared | values)

    async def render(self, template: str, status: int = 200, **values: Json) -> Response:
        """Render a template as a page."""
        response = HTMLResponse(await self.render_text(template, status=status, **values), status)
        if forms.form_token(self.request) is None:
            forms.set_token(response, self.token, secure=forms.is_encrypted(self.request))
        return response

    def redirect(self, to: str) -> Response:
        """Redirect to another page after a button.

        If a script sent the form, return the URL in a header instead, and the script opens it.
        """
        response = RedirectResponse(to, 303)
        if SCRIPT_HEADER in self.request.headers:
            return Response(status_code=204, headers={REDIRECT_HEADER: response.headers["location"]})
        return response


ShowPage = Callable[[Page], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]
SubmitForm = Callable[[Page, Mapping[str, str]], Awaitable[Response]]


class RoleRoute(Route):
    """A route that states the role that it needs."""

    def __init__(self, path: str, endpoint: Endpoint, method: str, needs: Role) -> None:
        super().__init__(path, endpoint, methods=[method])
        self.needs = needs


def person_of(request: Request) -> Person | None:
    """Return who has logged in, or None."""
    found: Person | None = getattr(request.state, "person", None)
    return found


def actor_of(request: Request) -> Actor:
    """Return how the audit log names the sender of a request."""
    person = person_of(request)
    return Actor(person.name if person else "", "console", request.client.host if request.client else "")


def page_route(path: str, show: ShowPage, *, needs: Role = Role.LOOK) -> RoleRoute:
    """Create the route of a page."""

    async def endpoint(request: Request) -> Response:
        page = await _make_page_at_arn(request)
        page.require(needs)
        return await show(page)

    return RoleRoute(path, endpoint, "GET", needs)


def form_route(path: str, act: SubmitForm, *, needs: Role) -> RoleRoute:
    """Create the route of a button. Its form and the visitor's role are checked before `act` is called."""

    async def endpoint(request: Request) -> Response:
        given = await forms.read_fields(request)
        page = await _make_page_at_arn(request)
        try:
            page.require(needs)
            return await act(page, given)
        except NotAllowed:
            resource = str(request.path_params.get("arn", ""))
            action = f"send form {request.url.path.rpartition('/')[2]}"
            await page.port.record(actor_of(request), action, resource, "AccessDenied", LimitedKind.REFUSED)
            raise

    return RoleRoute(path, endpoint, "POST", needs)


async def _make_page_at_arn(request: Request) -> Page:
    """Return the page for a request, in the account and region of the path's ARN or of the query."""
    page = await make_page(request)
    page = page.at(page.arn) if "arn" in request.path_params else page
    return replace(page, names=await read_job_names(page))


async def make_page(request: Request) -> Page:
    """Return the page for a request in the account and region of the query, whatever its path is."""
    console: Console = request.app.state.console
    token = forms.form_token(request) or console.world.uuid()
    page = Page(console, await _requested_place(console, request), request, token, console.world.uuid())
    found = await page.call_internal("scheduler", "ListScheduleZones")
    return replace(page, schedule_zone=found["Zones"][0]) if found and len(found["Zones"]) == 1 else page


async def _requested_place(console: Console, request: Request) -> Place:
    default_place = (await console.port.places())[0]
    region = request.query_params.get("region") or default_place.region
    return Place(request.query_params.get("account") or default_place.account, region)
