"""Answer HTTP requests: one port for all services, as an ASGI application on uvicorn.

Guarantees that no web page of another site can call the engine (`wire/access/host_header.py`,
`wire/access/cross_site.py`): the Host header must be one of the engine's names, and a call must carry an AWS signature
in its Authorization header, or be a presigned URL of S3. Without a signature, a request can open a link that SNS sent
(`wire/access/unsigned_requests.py`) or read the engine's state (`monitoring.py`). Guarantees that the size of a request
is limited, and that no answer is a stack trace.

If credentials are configured, the signature must be made with one of them. It may then be in the query, because it is
verified. Then only the links of SNS and `monitoring.PUBLIC_PATHS` stay open. The key's role must allow the operation
(`wire/access/roles.py`), and the call becomes an entry of the audit log, unless programs make it to exchange data.

Requests for console pages go to the console, which has its own protection and login (`console/security/guard.py`,
`console/security/login.py`). The console is loaded with the first such request. A push of Docker goes to the registry
(`registry/`), which has passwords of its own. See
https://asgi.readthedocs.io/en/latest/specs/www.html.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from lamplighter import monitoring
from lamplighter.base.errors import AccessDenied, AwsError, ServiceError, Unavailable
from lamplighter.base.json_text import Json
from lamplighter.base.modules import load_object
from lamplighter.base.threads import run_in_thread
from lamplighter.bus import Caller, CallerGone, first_result
from lamplighter.console import paths
from lamplighter.console.ports.local import LocalPort
from lamplighter.engine import object_bodies
from lamplighter.engine.engine import Engine
from lamplighter.engine.object_bodies import BodyMemory, Receive, Send
from lamplighter.engine.sessions import identify_caller, read_session, session_secret
from lamplighter.registry import paths as registry_paths
from lamplighter.registry.container_registry import ContainerRegistry
from lamplighter.store import audit_log
from lamplighter.store.audit_log import Actor
from lamplighter.wire import buckets, object_upload
from lamplighter.wire.access import cross_site, gate, roles, signatures, sigv2, unsigned_requests
from lamplighter.wire.access.credentials import Credentials, CredentialSet
from lamplighter.wire.access.host_header import AllowedHosts
from lamplighter.wire.access.people import People, no_users
from lamplighter.wire.access.temporary_credentials import SessionToken
from lamplighter.wire.access.trusted_proxies import find_caller_address
from lamplighter.wire.access.users import Users
from lamplighter.wire.http import HttpRequest, Response
from lamplighter.wire.protocols import compression
from lamplighter.wire.route import (
    RoutedRequest,
    encode_error,
    encode_result,
    has_many_values,
    route_request,
    takes_file,
)

Scope = MutableMapping[str, Json]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY_BYTES = 8 * 1024 * 1024
"""The most bytes of a request's body: AWS's largest request here has 1 MiB, which JSON can make six times as large."""

MAX_INLINE_BYTES = 32_768
"""The most bytes of a body that is decoded on the event loop, which takes a few milliseconds at most."""

T = TypeVar("T")

log = logging.getLogger("lamplighter.server")


class TooLarge(ServiceError, code="RequestEntityTooLargeException", status=413):
    """The request is larger than any that AWS accepts."""


@dataclass(frozen=True, slots=True)
class _Sender:
    """Where a request came from, and who signed it."""

    address: str
    key: Credentials | None
    """The credentials whose signature was verified; None if none was."""
    session: SessionToken | None = None
    """The session of temporary credentials, if they signed the request."""


@dataclass(slots=True)
class AwaitedBody:
    """The function that receives a body, and whether the caller still waits for it to be called.

    A caller that sends `Expect: 100-continue` sends no body if it gets the answer instead. The server would take its
    next request for the body, so the connection has to be closed: https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1.
    """

    receive: Receive
    is_awaited: bool

    @classmethod
    def of(cls, headers: Mapping[bytes, bytes], receive: Receive) -> "AwaitedBody":
        """Return the body of a request with these headers."""
        return cls(receive, headers.get(b"expect", b"").lower() == b"100-continue")

    async def __call__(self) -> MutableMapping[str, Json]:
        """Receive a piece of the body."""
        self.is_awaited = False
        return await self.receive()


@dataclass(frozen=True)
class HttpServer:
    """The ASGI application of one engine."""

    engine: Engine
    hosts: AllowedHosts
    """The names that a Host header may have."""
    credentials: CredentialSet | None = None
    """The accepted credentials. None accepts any, because only this machine can reach the port."""
    read_users: Callable[[], Users] = no_users
    """Returns the users of the console as they are now."""
    trusted_proxies: frozenset[str] = frozenset()
    """The addresses of reverse proxies that state the address of their caller."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server is about to stop: requests that still wait for an answer are then refused."""
    memory: BodyMemory = field(default_factory=BodyMemory)
    """What the transfers of objects may hold."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        self.engine.turns.wake()
        headers = dict(scope["headers"])
        request_id = self.engine.world.uuid()
        if self.trusted_proxies and scope.get("client"):
            peer, port = scope["client"]
            scope["client"] = find_caller_address(peer, scope["headers"], self.trusted_proxies), port
        path = unsigned_requests.resolve_certificate_link(scope["raw_path"])
        http = sigv2.headers_from_query(HttpRequest(scope["method"], path, scope["query_string"], headers, b""))
        body = AwaitedBody.of(headers, receive)
        try:
            cross_site.check_single_headers(scope["headers"])
            self.hosts.check(headers.get(b"host", b""))
            is_open = unsigned_requests.is_unsigned_allowed(http)
            if paths.is_page(http) and not is_open:
                await (await asyncio.to_thread(self._console))(scope, receive, send)
                return
            if registry_paths.is_for_registry(path):
                cross_site.check_origin(http)
                response = await self._registry.respond(http, body, _address(scope), request_id)
            else:
                sender = self._identify(http, _address(scope), is_open=is_open)
                http = await self._receive(http, sender, body)
                if compression.is_compressed(http) and not buckets.is_for_s3(http):  # there it is the object's
                    http = await _decode_in_thread(http, lambda: compression.decompress(http, MAX_BODY_BYTES))
                response = await self._answer(http, request_id, sender, lambda: self._until_caller_gone(body))
        except AwsError as error:
            refused = error
            response = await _decode_in_thread(http, lambda: self._encode_error(http, refused, request_id))
        except (CallerGone, ConnectionResetError):
            return
        finally:
            if http.file is not None:
                http.file.discard()
        if body.is_awaited:
            response = replace(response, headers=[*response.headers, (b"connection", b"close")])
        await self._send(response, send)

    async def _send(self, response: Response, send: Send) -> None:
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        if response.file is not None:
            await object_bodies.send_file(response.file, send, self.memory)
        else:
            await send({"type": "http.response.body", "body": response.body})

    def _identify(self, http: HttpRequest, address: str, *, is_open: bool) -> _Sender:
        """Return the caller whose signature a request needs; an open request needs none."""
        if is_open:  # an SNS link may be opened from any page: the secret in the link protects it
            return _Sender(address, None)
        cross_site.check_origin(http)
        session = read_session(self.engine, http)
        return _Sender(address, self._signer(http, session), session)

    async def _receive(self, http: HttpRequest, sender: _Sender, receive: Receive) -> HttpRequest:
        """Return the request with its body, after its signature is verified."""
        is_for_s3, signer = buckets.is_for_s3(http), sender.key
        if is_for_s3 and takes_file(self.engine.catalog, http):
            if signer is not None:
                signatures.verify_signature(http, signer.secret, self.engine.world.now())
                await self._check_upload(http, signer, sender)
            folder = self.engine.config.data_directory
            name, secret = self.engine.world.uuid(), signer.secret if signer is not None else None
            file = await object_bodies.receive_file(http, folder, name, secret, receive, self.memory)
            return replace(http, file=file)
        http = HttpRequest(http.method, http.path, http.query, http.headers, await _body(http.headers, receive))
        if signer is not None:
            await _decode_in_thread(
                http, lambda: signatures.verify_signature(http, signer.secret, self.engine.world.now())
            )
        if is_for_s3:
            await _decode_in_thread(http, lambda: object_upload.check_body(http))
        return http

    async def _check_upload(self, http: HttpRequest, key: Credentials, sender: _Sender) -> None:
        """Refuse an object whose sender may not store it, before its body takes room on the disk."""
        request = route_request(self.engine.catalog, http, self.engine.config.account)
        await self._admit(request, key, sender.address)
        caller = identify_caller(request, key, sender.session, sender.address)
        reader = self.engine.store.reader
        self.engine.bus.check_access(reader, caller, request.service, request.operation, request.params)

    def _encode_error(self, http: HttpRequest, error: AwsError, request_id: str) -> Response:
        if monitoring.is_own(http):
            return monitoring.encode_error(self.engine, http, error, request_id)
        return encode_error(self.engine.catalog, http, error, request_id)

    def _console(self) -> Application:
        return self._pages

    @cached_property
    def _pages(self) -> Application:
        """The console's application, loaded on first use: loading it costs as much as loading the engine."""
        build_app = load_object("lamplighter.console.app:build_app")
        made: Application = build_app(LocalPort(self.engine), self.engine.world, self.closing, self._people)
        return made

    @cached_property
    def _registry(self) -> ContainerRegistry:
        return ContainerRegistry(self.engine, self.credentials)

    @property
    def _people(self) -> People | None:
        return None if self.credentials is None else People(self.credentials, self.read_users)

    async def _answer(
        self,
        http: HttpRequest,
        request_id: str,
        sender: _Sender,
        until_caller_gone: Callable[[], Awaitable[None]],
    ) -> Response:
        if monitoring.is_own(http):
            changer = monitoring.Changer()
            self._refuse_role(http, sender)
            if sender.key is not None:
                changer = await self._admit_change(http, sender.key, sender.address)
            return await monitoring.respond(self.engine, http, request_id, changer)
        if unsigned_requests.is_subscription_page(http):
            return await self._subscription(http, request_id, sender.address)
        request = await _decode_in_thread(
            http, lambda: route_request(self.engine.catalog, http, self.engine.config.account)
        )
        trace = http.headers.get(b"x-amzn-trace-id", b"").decode("latin-1") or None
        caller = replace(identify_caller(request, sender.key, sender.session, sender.address), trace=trace)
        actor = None if sender.key is None else await self._admit(request, sender.key, sender.address)
        try:
            self.engine.bus.check_access(
                self.engine.store.reader, caller, request.service, request.operation, request.params
            )
            result = await self.engine.call(
                caller, request.service, request.operation, request.params, until_caller_gone, actor
            )
            if has_many_values(result):
                return await run_in_thread(lambda: encode_result(request, result, request_id))
            return encode_result(request, result, request_id)
        except (AwsError, CallerGone):
            raise
        except Exception as error:
            log.exception("%s %s failed (request %s)", request.service, request.operation, request_id)
            raise InternalFailure(request_id) from error

    async def _admit(self, request: RoutedRequest, key: Credentials, address: str) -> Actor | None:
        """Return who is to be recorded for a signed call, or None. Raises AccessDenied if the key's role forbids it."""
        service, operation = request.service, request.operation
        needed = roles.needed_role(service, operation, only_reads=await self.engine.bus.only_reads(service, operation))
        if key.role is roles.Role.RUN and roles.overrides_job(service, operation, request.params):
            needed = roles.Role.CHANGE
        is_recorded = key.audited and needed is not roles.Role.LOOK and not roles.is_data_operation(service, operation)
        actor = Actor(key.name, "key", address) if is_recorded else None
        if not key.role.allows(needed):
            reason = f"it needs the role {needed}, and the key of [{key.name}] has the role {key.role}"
            await self._record_refusal(actor, operation, request.params)
            raise AccessDenied(f"{key.name} is not authorized to perform: {service}:{operation}, because {reason}")
        return actor

    def _refuse_role(self, http: HttpRequest, sender: _Sender) -> None:
        """Raise AccessDenied for a role's session, if IAM is enforced: no policy can allow what AWS lacks."""
        session = sender.session
        if self.engine.bus.guard is None or session is None or not session.role:
            return
        if http.path in monitoring.NEEDED_ROLES:
            raise AccessDenied(f"{session.role} is not authorized to call {http.path.decode(errors='replace')}")

    async def _admit_change(self, http: HttpRequest, key: Credentials, address: str) -> monitoring.Changer:
        """Admit a signed request that changes something in the engine itself. Raises AccessDenied."""
        operation = http.path.rpartition(b"/")[2].decode()
        actor = Actor(key.name, "key", address) if key.audited else None
        needed = monitoring.NEEDED_ROLES[http.path]
        if not key.role.allows(needed):
            await self._record_refusal(actor, operation, {})
            raise AccessDenied(
                f"{operation} needs the role {needed}, and the key of [{key.name}] has the role {key.role}"
            )
        return monitoring.Changer(key.name, actor)

    async def _record_refusal(self, actor: Actor | None, operation: str, params: Json) -> None:
        if actor is not None:
            await audit_log.record_refusal(self.engine.store, actor, operation, params)

    async def _subscription(self, http: HttpRequest, request_id: str, address: str) -> Response:
        """Return the page that a link in a mail opens; what its button does is recorded."""
        respond = await asyncio.to_thread(load_object, "lamplighter.console.pages.subscription:respond")
        anonymous, actor = Caller("", ""), Actor("", audit_log.LINK, address)

        async def call(operation: str, params: Json) -> Json:
            only_reads = await self.engine.bus.only_reads("sns", operation)
            return await self.engine.call(anonymous, "sns", operation, params, actor=None if only_reads else actor)

        response: Response = await respond(call, http, request_id)
        return response

    def _signer(self, http: HttpRequest, session: SessionToken | None) -> Credentials | None:
        """Return the credentials that must have signed the request, or None if no signature is verified.

        Refuses unknown callers before the request's body is read.
        """
        if monitoring.is_own(http):
            monitoring.check_path(http)
            if monitoring.reads(http):
                self._admit_reader(http)
                return None
        if self.credentials is None:
            cross_site.check_authorization(http, self.engine.world.now())
            return None
        if monitoring.is_own(http):
            gate.refuse_token(http, self.credentials)
            if session is not None:  # the engine's own addresses are not AWS's: no policy could decide about them
                raise AccessDenied("temporary credentials call AWS's APIs only; this needs a key", status=403)
        if session is not None:
            return gate.find_session_signer(session, self.credentials, session_secret(self.engine, session))
        return gate.find_signer(http, self.credentials)

    def _admit_reader(self, http: HttpRequest) -> None:
        """Admit a request that reads one of the engine's own addresses."""
        now = self.engine.world.now()
        if (people := self._people) is None or http.path in monitoring.PUBLIC_PATHS:
            return
        if (role := monitoring.NEEDED_ROLES.get(http.path)) is not None:
            gate.admit_key(http, people.credentials, now, role)
        else:
            gate.admit_monitoring(http, people, now)

    async def _until_caller_gone(self, receive: Receive) -> None:
        await first_result(_until_disconnect(receive), self._closed())

    async def _closed(self) -> None:
        await self.closing.wait()
        raise Unavailable("the engine is stopping")


class InternalFailure(
    ServiceError, template="Internal error. The engine's log has details for request {}.", status=500
):
    """The engine has a bug; its log has the stack trace."""


def _address(scope: Scope) -> str:
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else ""


async def _decode_in_thread(http: HttpRequest, work: Callable[[], T]) -> T:
    """Run work whose duration grows with the request's body, in a thread if the body is large.

    Other requests then need not wait for it.
    """
    return await run_in_thread(work) if len(http.body) > MAX_INLINE_BYTES else work()


async def _until_disconnect(receive: Receive) -> None:
    """Wait for the client to disconnect, then raise `CallerGone`; the body has been read already."""
    while (await receive())["type"] != "http.disconnect":
        continue
    raise CallerGone


async def _body(headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        raise TooLarge(f"a request may have at most {MAX_BODY_BYTES} bytes")
    body, more = bytearray(), True
    while more:
        piece, more = await object_bodies.next_piece(receive)
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge(f"a request may have at most {MAX_BODY_BYTES} bytes")
    return bytes(body)
