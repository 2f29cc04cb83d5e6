"""Require a login to a console that other machines can reach: a password, then a session in a cookie.

Sessions are defined in `wire/access/console_session.py`. Guarantees that a visitor without a session sees only the
login page and its static files. A password can be guessed only a few times per minute from one address or IPv6 network.
The login redirects only to pages of the console. A console that only this machine can reach has no holders and requires
no login.
"""

from dataclasses import dataclass, field
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from lamplighter.base.world import World
from lamplighter.console.security import forms
from lamplighter.console.security.password_guesses import GuessesBySource
from lamplighter.console.view.links import local_path
from lamplighter.console.view.templates import Templates
from lamplighter.wire.access import console_session
from lamplighter.wire.access.credentials import CredentialSet


@dataclass(frozen=True, slots=True)
class Login:
    """The login page, the holders who may log in, and the wrong guesses by address."""

    credentials: CredentialSet
    world: World
    templates: Templates
    guesses: GuessesBySource = field(default_factory=GuessesBySource)

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the login and the logout."""
        return [
            Route("/login", self.show_login, methods=["GET"]),
            Route("/login", self.log_in, methods=["POST"]),
            Route("/logout", self.log_out, methods=["POST"]),
        ]

    async def show_login(self, request: Request) -> Response:
        """Show the login page."""
        return self._login_page(request, request.query_params.get("next", "/"), 200, "")

    async def log_in(self, request: Request) -> Response:
        """Check a password and create the session."""
        given = await forms.read_fields(request)
        address, now = request.client.host if request.client else "", self.world.now()
        if pause := self.guesses.wait_milliseconds(address, now):
            message = f"Too many wrong passwords from this address: try again in {-(-pause // 1000)} s."
            return self._login_page(request, given.get("next", "/"), 429, message)
        holder = console_session.find_holder(given.get("password", ""), self.credentials)
        if holder is None:
            self.guesses.add_wrong_guess(address, now)
            return self._login_page(request, given.get("next", "/"), 422, "Wrong password.")
        self.guesses.forget(address)
        response = RedirectResponse(local_path(given.get("next", "/")), 303)
        self._set_session_cookie(
            request, response, console_session.issue_session(holder, now), console_session.LIFETIME_MILLISECONDS // 1000
        )
        return response

    async def log_out(self, request: Request) -> Response:
        """Remove the session cookie from this browser."""
        await forms.read_fields(request)
        response = RedirectResponse("/login", 303)
        self._set_session_cookie(request, response, "", 0)
        return response

    def require_session(self, scope: Scope) -> Response | None:
        """Return the redirection to the login page for a request that needs a session and has none; None for others."""
        path, cookie = scope["path"], dict(scope["headers"]).get(b"cookie", b"")
        is_open = path in ("/login", "/favicon.ico") or path.startswith("/static/")
        if is_open or console_session.has_valid_session(cookie, self.credentials, self.world.now()):
            return None
        return _redirect_to_login(Request(scope))

    def _set_session_cookie(self, request: Request, response: Response, value: str, seconds: int) -> None:
        secure = request.url.scheme == "https"
        name = console_session.cookie_name(self.credentials)
        response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="strict", secure=secure, path="/")

    def _login_page(self, request: Request, next_path: str, status: int, message: str) -> Response:
        existing = forms.form_token(request)
        token = existing or self.world.uuid()
        response = HTMLResponse(
            self.templates.render("login.html", {"token": token, "next": next_path, "said": message}), status
        )
        if existing is None:
            forms.set_token(response, token, secure=request.url.scheme == "https")
        return response


def _redirect_to_login(request: Request) -> Response:
    """Redirect to the login page, which leads back to this page.

    For a part of a page (htmx, a stream), answer that the browser has to reload the page.
    """
    if "hx-request" in request.headers or "text/event-stream" in request.headers.get("accept", ""):
        return PlainTextResponse("log in again\n", 401, {"hx-refresh": "true"})
    query = f"?{request.url.query}" if request.url.query else ""
    to = f"{request.url.path}{query}" if request.method == "GET" else "/"
    return RedirectResponse(f"/login?next={quote(to, safe='')}", 303)
