"""A client of the engine's registry, and the password with which it logs in."""

import http.client
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import closing

from lamplighter.base.json_text import Json, dumps, loads

MANIFEST = dumps({"schemaVersion": 2, "config": {"digest": f"sha256:{'0' * 64}"}, "layers": []}).encode()
"""The manifest of an image that no Docker has."""


def password_of(ecr: Json) -> str:
    """Return the password in a new token, as `aws ecr get-login-password` prints it."""
    (data,) = ecr.get_authorization_token()["authorizationData"]
    user, _, password = b64decode(data["authorizationToken"]).decode().partition(":")
    assert user == "AWS"
    return password


def basic(password: str, user: str = "AWS") -> Mapping[str, str]:
    """Return the header of a login."""
    return {"authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


class RegistryClient:
    """A client that sends what it is asked to, and returns statuses and codes."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._port = port
        self._headers = headers

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Mapping[str, str], str]:
        """Return the status, the headers in lower case and the code of the error, if there is one."""
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)) as connection:
            connection.request(method, path, body, {**self._headers, **headers})
            answer = connection.getresponse()
            text = answer.read().decode()
            found = {name.lower(): value for name, value in answer.getheaders()}
            code = loads(text)["errors"][0]["code"] if text.startswith('{"errors"') else ""
            return answer.status, found, code
