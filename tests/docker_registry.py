"""An image registry on this machine, with one image of busybox; a test can require a login or let it fail.

Docker speaks plain HTTP with registries of 127.0.0.0/8. See https://distribution.github.io/distribution/spec/api/ and
https://distribution.github.io/distribution/spec/auth/token/.
"""

import base64
import gzip
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from tests.conftest import root_file_system

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
TOKEN = "a-token-of-the-registry"
USER, PASSWORD = "reader", "o:pen sesame"


@dataclass
class RegistryBehaviour:
    """The behaviour of a registry; a test may change it."""

    login: Literal["nobody", "basic", "bearer"] = "nobody"
    status: int | None = None
    """The status with which the registry refuses each request for a manifest."""
    code: str = "UNKNOWN"
    message: str = "it is said to fail"
    closes_connection: bool = False
    architecture: str | None = None
    """The only processor architecture of its image."""
    logins: list[str] = field(default_factory=list)
    """The Authorization headers that it received."""


class Registry(ThreadingHTTPServer):
    """Serves the repository `team/job`, tag `1`."""

    daemon_threads = True

    def __init__(self, behaviour: RegistryBehaviour) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviour = behaviour
        layer = root_file_system()
        packed = gzip.compress(layer, 1)
        unpacked = "sha256:" + hashlib.sha256(layer).hexdigest()
        config = json.dumps(
            {
                "architecture": behaviour.architecture or "amd64",
                "os": "linux",
                "config": {"Env": ["PATH=/bin"], "Labels": {"port": str(self.server_port)}},
                "rootfs": {"type": "layers", "diff_ids": [unpacked]},
            }
        ).encode()
        self.blobs = {_digest(each): each for each in (packed, config)}
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {
                    "mediaType": "application/vnd.docker.container.image.v1+json",
                    "size": len(config),
                    "digest": _digest(config),
                },
                "layers": [
                    {
                        "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                        "size": len(packed),
                        "digest": _digest(packed),
                    }
                ],
            }
        ).encode()
        self.manifests = {"1": (MANIFEST, manifest), _digest(manifest): (MANIFEST, manifest)}
        if behaviour.architecture is not None:
            entry = {
                "mediaType": MANIFEST,
                "size": len(manifest),
                "digest": _digest(manifest),
                "platform": {"architecture": behaviour.architecture, "os": "linux"},
            }
            listed = json.dumps({"schemaVersion": 2, "mediaType": LIST, "manifests": [entry]}).encode()
            self.manifests["1"] = self.manifests[_digest(listed)] = (LIST, listed)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def image(self) -> str:
        return f"{self.host}/team/job:1"


@contextmanager
def run_registry(behaviour: RegistryBehaviour) -> Iterator[Registry]:
    """Serve a registry."""
    server = Registry(behaviour)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Registry
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Write no log."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        behaviour, (path, _, _) = self.server.behaviour, self.path.partition("?")
        given = self.headers.get("Authorization", "")
        behaviour.logins += [given] if given else []
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if path == "/token":
            known = given == basic
            self._answer(200 if known else 401, "application/json", json.dumps({"token": TOKEN}).encode())
        elif behaviour.login == "basic" and given != basic:
            self._refuse(401, "UNAUTHORIZED", "authentication required", 'Basic realm="tests"')
        elif behaviour.login == "bearer" and given != f"Bearer {TOKEN}":
            realm = f'Bearer realm="http://{self.server.host}/token",service="tests",scope="repository:team/job:pull"'
            self._refuse(401, "UNAUTHORIZED", "authentication required", realm)
        elif path == "/v2/":
            self._answer(200, "application/json", b"{}")
        elif "/manifests/" in path:
            self._manifest(path)
        elif (blob := self.server.blobs.get(path.rpartition("/")[2])) is not None:
            self._answer(200, "application/octet-stream", blob)
        else:
            self._refuse(404, "BLOB_UNKNOWN", "blob unknown to registry")

    def _manifest(self, path: str) -> None:
        behaviour = self.server.behaviour
        if behaviour.closes_connection:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif behaviour.status is not None:
            self._refuse(behaviour.status, behaviour.code, behaviour.message)
        elif path.startswith("/v2/team/job/") and path.rpartition("/")[2] in self.server.manifests:
            kind, body = self.server.manifests[path.rpartition("/")[2]]
            self._answer(200, kind, body, {"Docker-Content-Digest": _digest(body)})
        elif path.startswith("/v2/team/job/"):
            self._refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")
        else:
            self._refuse(404, "NAME_UNKNOWN", "repository name not known to registry")

    def _refuse(self, status: int, code: str, message: str, challenge: str | None = None) -> None:
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self._answer(status, "application/json", body, {"WWW-Authenticate": challenge} if challenge else {})

    def _answer(self, status: int, kind: str, body: bytes, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
