"""The door of a console that strangers can reach: a password, then a session (`wire/access/console_session.py`) in a
cookie.

Promises that without a session there is nothing but the login and the files of its look; that a password can be guessed
a few times a minute only, from one address or IPv6 network; and that nobody is led anywhere else after it. Where there
are no holders, because only this machine reaches the console, there is no door.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lamplighter.base.world import World
from lamplighter.console.security import forms
from lamplighter.console.view.links import local_path
from lamplighter.console.view.templates import Templates
from lamplighter.wire.access import console_session, password_throttle
from lamplighter.wire.access.credentials import CredentialSet
from lamplighter.wire.access.password_throttle import PasswordGuesses

MOST = 1000
"""Addresses whose wrong guesses are remembered."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who may come in, and who has guessed."""

    holders: CredentialSet
    world: World
    look: Templates
    guesses: dict[str, PasswordGuesses] = field(default_factory=dict)

    def routes(self) -> list[BaseRoute]:
        """The login and the way out."""
        return [
            Route("/login", self.show_login, methods=["GET"]),
            Route("/login", self.log_in, methods=["POST"]),
            Route("/logout", self.log_out, methods=["POST"]),
        ]

    async def show_login(self, request: Request) -> Response:
        """Log in"""
        return self._asked(request, request.query_params.get("next", "/"), 200, "")

    async def log_in(self, request: Request) -> Response:
        """Take a password."""
        given = await forms.read_fields(request)
        address, now = guess_group(request.client.host if request.client else ""), self.world.now()
        guesses = self.guesses.get(address, PasswordGuesses())
        if pause := password_throttle.wait_milliseconds(guesses, now):
            said = f"Too many wrong passwords from this address: try again in {-(-pause // 1000)} s."
            return self._asked(request, given.get("next", "/"), 429, said)
        holder = console_session.find_holder(given.get("password", ""), self.holders)
        if holder is None:
            self._note(address, password_throttle.add_wrong_guess(guesses, now))
            return self._asked(request, given.get("next", "/"), 422, "That is not the password.")
        self.guesses.pop(address, None)
        response = RedirectResponse(local_path(given.get("next", "/")), 303)
        self._keep(request, response, console_session.issue_session(holder, now), console_session.LIFETIME // 1000)
        return response

    async def log_out(self, request: Request) -> Response:
        """Forget the session of this browser."""
        await forms.read_fields(request)
        response = RedirectResponse("/login", 303)
        self._keep(request, response, "", 0)
        return response

    def has_session(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request shows a session."""
        return console_session.has_valid_session(headers.get(b"cookie", b""), self.holders, self.world.now())

    def _keep(self, request: Request, response: Response, value: str, seconds: int) -> None:
        secure = request.url.scheme == "https"
        name = console_session.cookie_name(self.holders)
        response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="strict", secure=secure, path="/")

    def _asked(self, request: Request, onwards: str, status: int, said: str) -> Response:
        had = forms.form_token(request)
        token = had or self.world.uuid()
        response = HTMLResponse(self.look.fill("login.html", {"token": token, "next": onwards, "said": said}), status)
        if had is None:
            forms.set_token(response, token, secure=request.url.scheme == "https")
        return response

    def _note(self, address: str, guesses: PasswordGuesses) -> None:
        """Remember, and forget the oldest where there are too many: a botnet costs no memory."""
        self.guesses.pop(address, None)
        self.guesses[address] = guesses
        if len(self.guesses) > MOST:
            del self.guesses[next(iter(self.guesses))]


def guess_group(address: str) -> str:
    """Whose guesses are counted together: who has one IPv6 address has a whole /64 of them."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((found, 64), strict=False)) if found.version == 6 else address


class LoginRequired:
    """An application behind a door."""

    def __init__(self, app: ASGIApp, door: Login) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of who has come in, and show others the door."""
        path: str = scope["path"]
        is_open = path in ("/login", "/favicon.ico") or path.startswith("/static/")
        if is_open or self._door.has_session(dict(scope["headers"])):
            await self._app(scope, receive, send)
        else:
            await _shown_the_door(Request(scope))(scope, receive, send)


def _shown_the_door(request: Request) -> Response:
    """The login, which leads back; for a part of a page (htmx, a stream), that the page is to be loaded again."""
    if "hx-request" in request.headers or "text/event-stream" in request.headers.get("accept", ""):
        return PlainTextResponse("log in again\n", 401, {"hx-refresh": "true"})
    query = f"?{request.url.query}" if request.url.query else ""
    to = f"{request.url.path}{query}" if request.method == "GET" else "/"
    return RedirectResponse(f"/login?next={quote(to, safe='')}", 303)
