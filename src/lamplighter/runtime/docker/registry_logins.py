"""Find the credentials of `docker login` for a pull: Docker's daemon stores none, so that the client must send them.

Guarantees the same credentials as those that the `docker` command finds. The registry of an image follows Docker's own
rule. Its credentials are in `config.json` (of $DOCKER_CONFIG, or of ~/.docker): from the helper program of that
registry (`credHelpers`), from the one of all registries (`credsStore`), or in the entry under `auths`. The file is read
for each pull, so that a new login takes effect immediately. Error messages contain no secret: a helper's output is
quoted only if the helper failed.
See https://docs.docker.com/reference/cli/docker/login/ and https://github.com/docker/docker-credential-helpers.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, JsonError, dumps, loads, loads_or

DOCKER_HUB = "docker.io"
HUB_KEY = "https://index.docker.io/v1/"
"""The key of a Docker Hub login in `config.json`, and the address by which the daemon names Docker Hub."""
TOKEN_USER = "<token>"  # noqa: S105 - a helper's name for "no user: the secret is an identity token"
NOT_FOUND_MESSAGES = (
    "credentials not found in native keychain",
    "no credentials server url",
    "no credentials username",
)
"""The beginnings of a helper's messages that mean that it has no credentials for this registry."""
HELPER_TIMEOUT = 30.0
"""The most seconds in which a helper must answer: some call a cloud service."""
MAX_QUOTED_CHARACTERS = 200
_HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class LoginUnreadable(LamplighterError):
    """The credentials cannot be read; the text states why."""


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """The credentials for one registry."""

    address: str
    user: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)

    @property
    def auth(self) -> Json:
        """Return the JSON document for the header X-Registry-Auth."""
        return {
            "username": self.user,
            "password": self.password,
            "identitytoken": self.identity_token,
            "registrytoken": self.registry_token,
            "serveraddress": self.address,
        }

    @property
    def is_empty(self) -> bool:
        """Return whether it contains no credentials, as the entry of a registry whose credentials a helper keeps."""
        return not (self.user or self.password or self.identity_token or self.registry_token)


def registry_of(image: str) -> str:
    """Return the registry's host in an image's name, `docker.io` if the name contains none.

    The part before the first slash is a host if it cannot be anything else:
    https://pkg.go.dev/github.com/distribution/reference#ParseNormalizedNamed.
    """
    first, slash, _ = image.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost" or first != first.lower())
    host = first if is_host else DOCKER_HUB
    return DOCKER_HUB if host == "index.docker.io" else host


def full_image_name(image: str) -> str:
    """Return an image's name with its registry: `busybox:1` is `docker.io/library/busybox:1`."""
    host = registry_of(image)
    if host != DOCKER_HUB:
        return image
    path = image.removeprefix("index.docker.io/").removeprefix(f"{DOCKER_HUB}/")
    return f"{host}/{path}" if "/" in path else f"{host}/library/{path}"


async def find_login(image: str, environment: Mapping[str, str]) -> RegistryLogin | None:
    """Return the credentials for the registry of an image, or None if there are none. Raises `LoginUnreadable`."""
    config = await asyncio.to_thread(_read_config, environment)
    host = registry_of(image)
    key = HUB_KEY if host == DOCKER_HUB else host
    helper = _text_map(config, "credHelpers").get(key) or config.get("credsStore")
    found = await _login_of_helper(str(helper), key, environment) if helper else _login_of_file(config, key)
    return None if found is None or found.is_empty else found


# --- config.json ----------------------------------------------------------------------------------------------------


def _read_config(environment: Mapping[str, str]) -> Json:
    """Return Docker's configuration, or {} if there is none."""
    folder, home = environment.get("DOCKER_CONFIG"), environment.get("HOME")
    try:
        file = Path(folder or (Path(home) if home else Path.home()) / ".docker") / "config.json"
        text = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError, RuntimeError):  # RuntimeError: this user has no home directory
        return {}
    except OSError as error:
        raise LoginUnreadable(f"Docker's config.json cannot be read: {error.strerror or error}") from None
    config = loads_or(text, None) if text.strip() else {}
    if not isinstance(config, dict):
        raise LoginUnreadable(f"{file} is not a JSON document")
    return config


def _text_map(config: Json, name: str) -> dict[str, str]:
    given = config.get(name)
    return {key: value for key, value in given.items() if isinstance(value, str)} if isinstance(given, dict) else {}


def _login_of_file(config: Json, key: str) -> RegistryLogin | None:
    auths = config.get("auths")
    if not isinstance(auths, dict):
        return None
    entry = auths.get(key) or next((each for name, each in auths.items() if _hostname(name) == key), None)
    if not isinstance(entry, dict):
        return None
    user, password = entry.get("username") or "", entry.get("password") or ""
    if entry.get("auth"):
        user, password = _decode_auth(str(entry["auth"]), key)
    return RegistryLogin(key, user, password, entry.get("identitytoken") or "", entry.get("registrytoken") or "")


def _hostname(name: str) -> str:
    """Return the host and port of a key that an old `docker login` wrote as a URL."""
    if "://" in name:
        try:
            return urlsplit(name).netloc
        except ValueError:
            return ""
    return name.partition("/")[0]


def _decode_auth(text: str, key: str) -> tuple[str, str]:
    try:
        user, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        user = colon = password = ""
    if not colon:
        raise LoginUnreadable(f"the entry of {key} in Docker's config.json is damaged: run `docker login {key}`")
    return user, password.rstrip("\0")


# --- helper programs ------------------------------------------------------------------------------------------------


async def _login_of_helper(helper: str, key: str, environment: Mapping[str, str]) -> RegistryLogin | None:
    name = f"docker-credential-{helper}"
    if not _HELPER_NAME.fullmatch(helper):
        raise LoginUnreadable(f"Docker's config.json has an invalid credential helper name: {dumps(helper)}")
    code, stdout, stderr = await _run_helper(name, key, environment)
    if code != 0:
        message = (stdout or stderr).strip()
        if message.lower().startswith(NOT_FOUND_MESSAGES):
            return None
        line = " ".join(message.split())[:MAX_QUOTED_CHARACTERS]
        raise LoginUnreadable(f"{name} failed with exit code {code}: {line or 'no reason given'}")
    try:
        answer = loads(stdout)
        user, secret = answer["Username"], answer["Secret"]
    except (JsonError, KeyError, TypeError):
        raise LoginUnreadable(f"{name} did not answer with a user and a secret") from None
    if user == TOKEN_USER:
        return RegistryLogin(key, identity_token=str(secret))
    return RegistryLogin(key, str(user), str(secret))


async def _run_helper(name: str, key: str, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Run a helper's `get`; return its exit code, its standard output and its standard error."""
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            name, "get", stdin=pipe, stdout=pipe, stderr=pipe, env=dict(environment)
        )
    except OSError as error:
        raise LoginUnreadable(f"the credential helper {name} cannot be run: {error.strerror or error}") from None
    try:
        async with asyncio.timeout(HELPER_TIMEOUT):
            stdout, stderr = await process.communicate(key.encode())
    except TimeoutError:
        raise LoginUnreadable(f"{name} did not answer within {HELPER_TIMEOUT:.0f} seconds") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, stdout.decode(errors="replace"), stderr.decode(errors="replace")
