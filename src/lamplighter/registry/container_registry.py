"""Answer the requests of a push.

Guarantees that a push succeeds only if Docker on this machine has the image, and that the caller may push it: the
password stands for the credentials that requested it. See
https://github.com/opencontainers/distribution-spec/blob/main/spec.md#push.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from lamplighter.base.errors import AwsError, require
from lamplighter.bus import Caller
from lamplighter.engine.engine import Engine
from lamplighter.engine.object_bodies import Receive, next_piece
from lamplighter.engine.sessions import session_caller
from lamplighter.engine.task_credentials import task_has_ended
from lamplighter.registry.errors import (
    InvalidDigest,
    NoLogin,
    NotKept,
    RegistryFailure,
    RoleDenied,
    UnknownPath,
    encode_error,
)
from lamplighter.registry.paths import RegistryPath, parse_path
from lamplighter.registry.uploads import Uploads
from lamplighter.store import session_key
from lamplighter.store.audit_log import Actor
from lamplighter.wire.access.credentials import CredentialSet
from lamplighter.wire.access.registry_password import password_of, read_password
from lamplighter.wire.access.roles import Role
from lamplighter.wire.http import HttpRequest, Response, make_response

MAX_MANIFEST_BYTES = 4 * 1024 * 1024
VERSION = (b"docker-distribution-api-version", b"registry/2.0")


log = logging.getLogger("lamplighter.registry")


class ManifestTooLarge(AwsError):
    """The manifest has more than 4 MiB, the least that the specification wants registries to accept."""

    code = "MANIFEST_INVALID"
    status = 413


@dataclass(frozen=True, slots=True)
class _Push:
    """Who pushes."""

    caller: Caller
    actor: Actor | None
    """Who is recorded for it, or None."""


class ContainerRegistry:
    """The registry of one engine."""

    def __init__(self, engine: Engine, credentials: CredentialSet | None) -> None:
        self._engine = engine
        self._credentials = credentials
        self._uploads = Uploads()

    async def respond(self, http: HttpRequest, receive: Receive, address: str, request_id: str) -> Response:
        """Answer a request. Raises ConnectionResetError if the client disconnects."""
        try:
            push = self._identify(http, address)
            path = require(parse_path(http.path), UnknownPath)
            response = await self._answer(push, path, http, receive, request_id)
        except AwsError as error:
            response = encode_error(error, request_id)
        except ConnectionResetError:
            raise
        except Exception:
            log.exception("%s %s failed (request %s)", http.method, http.path.decode("latin-1"), request_id)
            response = encode_error(RegistryFailure(request_id), request_id)
        response.headers.append(VERSION)
        return response

    def _identify(self, http: HttpRequest, address: str) -> _Push:
        """Return who pushes. Raises `NoLogin` and `RoleDenied`."""
        engine, password = self._engine, password_of(http)
        key = session_key.read(engine.store.reader)
        found = require(None if password is None or key is None else read_password(key, password), NoLogin)
        region, session = found
        if session.expires * 1000 <= engine.world.now() or (session.task and task_has_ended(engine.bus, session)):
            raise NoLogin
        if self._credentials is None:
            return _Push(session_caller(session, region, "", address), None)
        holder = require(self._credentials.get(session.parent), NoLogin)
        if not holder.role.allows(Role.CHANGE):
            raise RoleDenied(holder.name, holder.role, Role.CHANGE)
        actor = Actor(holder.name, "key", address) if holder.audited else None
        return _Push(session_caller(session, region, holder.name, address), actor)

    async def _answer(
        self, push: _Push, path: RegistryPath, http: HttpRequest, receive: Receive, request_id: str
    ) -> Response:
        match path.kind, http.method:
            case "root", "GET" | "HEAD":
                return make_response(200, b"application/json", b"{}", request_id)
            case "upload", "POST" if not path.reference:
                return self._begin(push, path, request_id)
            case "upload", "PATCH" | "PUT":
                return await self._receive(push, path, http, receive, request_id)
            case "upload", "GET":
                return self._show_upload(path, 204, request_id)
            case "upload", "DELETE":
                self._uploads.cancel(path.repository, path.reference)
                return _empty(204, {}, request_id)
            case "blob" | "manifest", "HEAD" | "GET":
                return self._show_known(push, path, http.method, request_id)
            case "manifest", "PUT":
                return await self._put_manifest(push, path, receive, request_id)
        raise UnknownPath

    def _begin(self, push: _Push, path: RegistryPath, request_id: str) -> Response:
        self._check(push, path, "InitiateLayerUpload")
        key = self._engine.world.uuid()
        self._uploads.begin(path.repository, key)
        return self._show_upload(RegistryPath("upload", path.repository, key), 202, request_id)

    def _check(self, push: _Push, path: RegistryPath, operation: str) -> None:
        """Raise AccessDenied if IAM does not allow an action, and RepositoryNotFoundException."""
        engine, caller, named = self._engine, push.caller, {"repositoryName": path.repository}
        engine.bus.check_access(engine.store.reader, caller, "ecr", operation, named)
        owner = Caller(caller.account, caller.region)
        engine.bus.read(
            engine.store.reader, owner, "ecr", "DescribeRepositories", {"repositoryNames": [path.repository]}
        )

    async def _receive(
        self, push: _Push, path: RegistryPath, http: HttpRequest, receive: Receive, request_id: str
    ) -> Response:
        """Read a piece of a layer, which is the last one in a PUT."""
        self._check(push, path, "UploadLayerPart")
        more = True
        while more:
            data, more = await next_piece(receive)
            self._uploads.write(path.repository, path.reference, data)
        if http.method == "PATCH":
            return self._show_upload(path, 202, request_id)
        digest = parse_qs(http.query.decode("latin-1")).get("digest", [""])[0]
        self._uploads.finish(path.repository, path.reference, digest)
        return _made(f"/v2/{path.repository}/blobs/{digest}", digest, request_id)

    def _show_upload(self, path: RegistryPath, status: int, request_id: str) -> Response:
        last = max(self._uploads.size(path.repository, path.reference) - 1, 0)
        location = f"/v2/{path.repository}/blobs/uploads/{path.reference}"
        headers = {"location": location, "range": f"0-{last}", "docker-upload-uuid": path.reference}
        return _empty(status, headers, request_id)

    def _show_known(self, push: _Push, path: RegistryPath, method: str, request_id: str) -> Response:
        """Return the size of what was pushed. Its content is not kept."""
        self._check(push, path, "BatchCheckLayerAvailability" if method == "HEAD" else "BatchGetImage")
        size = self._uploads.known_size(path.repository, path.reference)
        if method == "GET" or size is None:
            raise NotKept
        response = _empty(200, {"docker-content-digest": path.reference}, request_id)
        others = [each for each in response.headers if each[0] != b"content-length"]
        return Response(200, [*others, (b"content-length", b"%d" % size)], b"")

    async def _put_manifest(self, push: _Push, path: RegistryPath, receive: Receive, request_id: str) -> Response:
        self._check(push, path, "PutImage")
        body = await _read_manifest(receive)
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if path.is_digest:  # a part of an index, whose own manifest follows with the tag
            if path.reference != digest:
                raise InvalidDigest
        else:
            given = {"repositoryName": path.repository, "imageManifest": body.decode("utf-8", "replace")}
            await self._engine.call(
                push.caller, "ecr", "PutImage", {**given, "imageTag": path.reference}, actor=push.actor
            )
        self._uploads.remember(path.repository, digest, len(body))
        return _made(f"/v2/{path.repository}/manifests/{digest}", digest, request_id)


def _made(location: str, digest: str, request_id: str) -> Response:
    return _empty(201, {"location": location, "docker-content-digest": digest}, request_id)


def _empty(status: int, headers: Mapping[str, str], request_id: str) -> Response:
    response = make_response(status, b"application/json", b"", request_id)
    response.headers.extend((name.encode(), value.encode()) for name, value in headers.items())
    return response


async def _read_manifest(receive: Receive) -> bytes:
    body, more = bytearray(), True
    while more:
        data, more = await next_piece(receive)
        body += data
        if len(body) > MAX_MANIFEST_BYTES:
            raise ManifestTooLarge(f"a manifest may have at most {MAX_MANIFEST_BYTES} bytes")
    return bytes(body)
