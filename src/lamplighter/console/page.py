"""What a page has at hand: the request, AWS's APIs at a place, and templates.

A page is an async function of a `Page`; a button is one of a `Page` and the form's fields, and cannot be reached
without the form's token. See any module beside this one for the pattern.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from lamplighter.base.errors import AwsError, ValidationError
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.console.data.run_cache import RunCache
from lamplighter.console.ports.port import ConsolePort, Place, place_of_arn
from lamplighter.console.security import forms
from lamplighter.console.view.templates import Templates

SCRIPT, GO_ON = "x-lamplighter-script", "x-lamplighter-go-on"
"""Headers: a script has sent the form, and where the browser goes on (`static/forms.js`)."""


@dataclass(frozen=True, slots=True)
class Console:
    """What all pages of one console share."""

    port: ConsolePort
    world: World
    templates: Templates
    closing: asyncio.Event
    """Set when the server is about to stop: nothing may stream on."""
    skipped_cache: RunCache[Sequence[str]] = field(default_factory=RunCache)
    """Runs that succeeded, and those that they made way for: none, but for runs that were skipped."""
    idle_cache: RunCache[float] = field(default_factory=RunCache)
    """Seconds between the parts of runs that were redriven (`console/view/run_duration.py`)."""


@dataclass(frozen=True, slots=True)
class Page:
    """One request, as a page function sees it."""

    console: Console
    request: Request
    place: Place
    token: str
    """What the browser's forms carry."""

    async def call(self, service: str, operation: str, **params: Json) -> Json:
        """Call an operation by its AWS name, in the place of this page."""
        return await self.console.port.call(self.place, service, operation, params)

    async def call_if_allowed(self, service: str, operation: str, **params: Json) -> Json:
        """The same where nothing depends on it: None where the credentials do not allow it."""
        try:
            return await self.call(service, operation, **params)
        except AwsError as error:
            if error.code.startswith(("AccessDenied", "UnauthorizedOperation", "NotAuthorized")):
                return None
            raise

    def at(self, arn: str) -> "Page":
        """The same page in the place of a resource; ValidationError where the text is no ARN."""
        place = place_of_arn(arn)
        if place is None:
            raise ValidationError(f"Invalid Arn: '{arn}'")
        return replace(self, place=place)

    @property
    def arn(self) -> str:
        """The resource that the path names."""
        found: str = self.request.path_params["arn"]
        return found

    @property
    def url(self) -> str:
        """The page of the resource that the path names, without what follows on it."""
        first = self.request.url.path.split("/", 2)[1]
        return f"/{first}/{quote(self.arn, safe=':/')}"

    def query(self, name: str) -> str | None:
        """A parameter of the query; None where it is not given."""
        return self.request.query_params.get(name) or None

    def query_number(self, name: str) -> int | None:
        """A parameter of the query that is a number; None where it is none."""
        text = self.query(name) or ""
        return int(text) if re.fullmatch("[0-9]{1,12}", text) else None

    async def render_text(self, template: str, **values: Json) -> str:
        """The template filled in, as text."""
        places = await self.console.port.places()
        shared = {"page": self, "place": self.place, "places": places, "token": self.token}
        # What a link to a whole section says of the place, where that is not where everybody begins.
        shared["where"] = "" if self.place == places[0] else f"?{urlencode(asdict(self.place))}"
        return self.console.templates.fill(template, shared | values)

    async def render(self, template: str, status: int = 200, **values: Json) -> Response:
        """The template filled in, as a page."""
        response = HTMLResponse(await self.render_text(template, **values), status)
        if forms.form_token(self.request) is None:
            forms.set_token(response, self.token, secure=self.request.url.scheme == "https")
        return response

    def redirect(self, to: str) -> Response:
        """Go on to another page, after a button; a form that a script sent is told where, and goes there itself."""
        response = RedirectResponse(to, 303)
        if SCRIPT in self.request.headers:
            return Response(status_code=204, headers={GO_ON: response.headers["location"]})
        return response


ShowPage = Callable[[Page], Awaitable[Response]]
SubmitForm = Callable[[Page, Mapping[str, str]], Awaitable[Response]]


def page_route(path: str, show: ShowPage) -> Route:
    """A page at a path."""

    async def endpoint(request: Request) -> Response:
        return await show(await _page(request))

    return Route(path, endpoint, methods=["GET"])


def form_route(path: str, act: SubmitForm) -> Route:
    """A button: what a form at a path does."""

    async def endpoint(request: Request) -> Response:
        given = await forms.read_fields(request)
        return await act(await _page(request), given)

    return Route(path, endpoint, methods=["POST"])


async def _page(request: Request) -> Page:
    """The page of a request, in the place of the resource that its path names, or that its query asks for."""
    console: Console = request.app.state.console
    token = forms.form_token(request) or console.world.uuid()
    page = Page(console, request, await _asked_for(console, request), token)
    return page.at(page.arn) if "arn" in request.path_params else page


async def _asked_for(console: Console, request: Request) -> Place:
    usual = (await console.port.places())[0]
    region = request.query_params.get("region") or usual.region
    return Place(request.query_params.get("account") or usual.account, region)
