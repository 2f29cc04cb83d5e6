"""Require a login to a console that has users or that other machines can reach: a password, then a session in a cookie.

Sessions are defined in `wire/access/console_session.py`. Guarantees that a visitor without a session sees only the
login page and its static files. A password can be guessed only a few times per minute from one address or IPv6 network.
An answer takes the same time and has the same words, whether the name exists or not. Hashes are computed in threads, a
few at a time (`hash_queue.py`), so that guesses keep neither the engine nor its memory busy. The login redirects only
to pages of the console. A console that only this machine can reach, and that has no users, requires no login.
"""

from dataclasses import dataclass, field
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from lamplighter.base.world import World
from lamplighter.console.page import PART_HEADER, actor_of
from lamplighter.console.ports.port import ConsolePort
from lamplighter.console.security import forms
from lamplighter.console.security.hash_queue import HashQueue, NoPlace
from lamplighter.console.security.password_guesses import GuessesBySource
from lamplighter.console.view.links import local_path
from lamplighter.console.view.templates import Templates
from lamplighter.store.audit_limits import LimitedKind
from lamplighter.store.audit_log import DONE, Actor
from lamplighter.wire.access import console_session
from lamplighter.wire.access.password_hash import BLOCK_SIZE, COST, PARALLELISM, SALT_LENGTH, PasswordHash, is_password
from lamplighter.wire.access.people import People, Person, of_owner

ABSENT_USER_HASH = PasswordHash(COST, BLOCK_SIZE, PARALLELISM, "0" * SALT_LENGTH, "0" * 64)
"""A hash that no password has; it takes the same time as that of a user."""


@dataclass(frozen=True, slots=True)
class Login:
    """The login page, the people who may log in, and the wrong guesses."""

    people: People
    world: World
    templates: Templates
    port: ConsolePort
    guesses: GuessesBySource = field(default_factory=GuessesBySource)
    hash_queue: HashQueue = field(default_factory=HashQueue)

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the login and the logout."""
        return [
            Route("/login", self.show_login, methods=["GET"]),
            Route("/login", self.log_in, methods=["POST"]),
            Route("/logout", self.log_out, methods=["POST"]),
        ]

    async def show_login(self, request: Request) -> Response:
        """Show the login page."""
        return self._login_page(request, request.query_params.get("next", "/"), "", 200, "")

    async def log_in(self, request: Request) -> Response:
        """Check a name and a password, and create a new session."""
        given = await forms.read_fields(request)
        has_users = bool(self.people.read_users())
        # Without users the page asks for no name: one that is sent must not begin another count of wrong guesses.
        next_path, name = given.get("next", "/"), given.get("name", "")[:64] if has_users else ""
        address, now = request.client.host if request.client else "", self.world.now()
        if pause := self.guesses.wait_milliseconds(address, now, name):
            message = f"Too many wrong passwords from this address: try again in {-(-pause // 1000)} s."
            return self._login_page(request, next_path, name, 429, message)
        # The guess counts before its hash is computed: otherwise, guesses that are sent together would all be accepted.
        wrong_guesses = self.guesses.add_wrong_guess(address, now, name)
        try:
            person = await self._identify(name, given.get("password", ""), wrong_guesses)
        except NoPlace:
            return self._login_page(request, next_path, name, 503, "Too many people log in now: try again soon.")
        if person is None:
            await self._record_failure(name, address)
            words = "Wrong name or password." if has_users else "Wrong password."
            return self._login_page(request, next_path, name, 422, words)
        self.guesses.forget(address, name)
        await self.port.record(Actor(person.name, "console", address), "log in", "", DONE, LimitedKind.LOGIN)
        response = RedirectResponse(local_path(next_path), 303)
        session = console_session.issue_session(person, now)
        self._set_session_cookie(request, response, session, console_session.LIFETIME_MILLISECONDS // 1000)
        return response

    async def _identify(self, name: str, password: str, wrong_guesses: int) -> Person | None:
        """Return who has this name and password, or None."""
        users, owners = self.people.read_users(), self.people.credentials
        if users:
            user = users.get(name)
            stored = ABSENT_USER_HASH if user is None else user.password
            is_user = await self.hash_queue.run(wrong_guesses, lambda: is_password(password, stored))
            if user is not None:
                return self.people.of_user(user) if is_user else None
            owners = {key: each for key, each in owners.items() if each.name == name}
        owner = console_session.find_owner_by_password(password, owners)
        return None if owner is None else of_owner(owner)

    async def _record_failure(self, name: str, address: str) -> None:
        """Record a failed login. An unknown name is not recorded: people type passwords into the wrong field."""
        is_known = name in self.people.read_users() or self.people.find_owner(name) is not None
        actor = Actor(name if is_known else "", "console", address)
        await self.port.record(actor, "log in", "", "wrong password", LimitedKind.FAILED_LOGIN)

    async def log_out(self, request: Request) -> Response:
        """Remove the session cookie from this browser."""
        await forms.read_fields(request)
        await self.port.record(actor_of(request), "log out", "", DONE, LimitedKind.LOGIN)
        response = RedirectResponse("/login", 303)
        self._set_session_cookie(request, response, "", 0)
        return response

    def require_session(self, scope: Scope) -> Response | None:
        """Return the redirection to the login page for a request that needs a session and has none; None for others.

        Pages find the person of the session, and whether the session still lasts, in the state of the request.
        """
        path, cookies = scope["path"], dict(scope["headers"]).get(b"cookie", b"")
        person = self._find_person(cookies)
        if person is not None:
            state = scope.setdefault("state", {})
            state["person"] = person
            state["session_lasts"] = lambda: self._find_person(cookies) is not None
            return None
        is_open = path in ("/login", "/favicon.ico") or path.startswith("/static/")
        return None if is_open else _redirect_to_login(Request(scope))

    def _find_person(self, cookies: bytes) -> Person | None:
        return console_session.person_of_cookies(cookies, self.people, self.world.now())

    def _set_session_cookie(self, request: Request, response: Response, value: str, seconds: int) -> None:
        secure = forms.is_encrypted(request)
        name = console_session.cookie_name(self.people.credentials)
        response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="strict", secure=secure, path="/")

    def _login_page(self, request: Request, next_path: str, name: str, status: int, message: str) -> Response:
        existing = forms.form_token(request)
        token = existing or self.world.uuid()
        has_users = bool(self.people.read_users())
        values = {"token": token, "next": next_path, "said": message, "has_users": has_users, "name": name}
        response = HTMLResponse(self.templates.render("login.html", values), status)
        if existing is None:
            forms.set_token(response, token, secure=forms.is_encrypted(request))
        return response


def _redirect_to_login(request: Request) -> Response:
    """Redirect to the login page, which leads back to this page.

    For a part of a page (a stream, `static/parts.js`), answer 401: the script reloads the page.
    """
    if PART_HEADER in request.headers or "text/event-stream" in request.headers.get("accept", ""):
        return PlainTextResponse("log in again\n", 401)
    query = f"?{request.url.query}" if request.url.query else ""
    to = f"{request.url.path}{query}" if request.method == "GET" else "/"
    return RedirectResponse(f"/login?next={quote(to, safe='')}", 303)
