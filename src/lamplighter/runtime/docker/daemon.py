"""Connect to Docker's daemon and translate its errors.

Guarantees one error, `RuntimeUnavailable`, for all the ways in which a daemon can be away, and ECS's words for the
requests that it refuses: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html.
Any answer that is not the daemon's word about the request is an outage, such as a 500 because containerd hangs or a 403
of an authorization plugin. But a container that cannot be created or started is a 500, too: see `UnclearRefusal`.
This module never retries: only the caller knows whether a request may be repeated.
"""

import contextlib
import json
import re
from collections.abc import Iterator

import aiohttp
from aiodocker import Docker, DockerError

from lamplighter.base.errors import LamplighterError
from lamplighter.runtime.port import CannotStart, ImageUnavailable, InvalidRuntimeAddress, RuntimeUnavailable

_DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
_ADVICE = "start Docker, or choose plain processes with --runtime process"
_MISSING_FOLDER = re.compile("bind source path does not exist: (.+)")
_PORT_TAKEN = re.compile("address already in use|port is already allocated")
_OWN_WORDS = (0, 400, 404, 409)
"""The statuses with which the daemon speaks about a request and its container; 0 is that of an error within a pull."""
RETRY_SECONDS = 0.05, 2.0
"""The first and the longest pause before a request to a daemon that did not answer is repeated."""


class ImageMissing(LamplighterError):
    """The image is not on this machine; its registry may have it."""


class PortTaken(CannotStart):
    """Another program of this machine has a port that the container needs."""


class UnclearRefusal(RuntimeUnavailable):
    """A refusal of a start that may be about the container or about the daemon; `refusal` is the error if it works."""

    def __init__(self, refusal: LamplighterError) -> None:
        super().__init__(f"Docker does not answer ({refusal}): {_ADVICE}")
        self.refusal = refusal


def connect(address: str | None) -> Docker:
    """Return a client; if `address` is None, it connects to the daemon that the `docker` command would use."""
    try:
        client = Docker(address)
    except AssertionError:  # no DOCKER_HOST, no context, no socket: aiodocker fails, but Docker may start later
        client = Docker(_DEFAULT_ADDRESS)
    except (ValueError, DockerError) as error:
        raise InvalidRuntimeAddress(f"DOCKER_HOST or Docker's context is invalid ({error}): {_ADVICE}") from error
    # Each running container holds two connections, aiohttp's limit is 100, and aiodocker has no setting for it.
    client.connector._limit = 0  # noqa: SLF001
    return client


@contextlib.contextmanager
def docker_errors() -> Iterator[None]:
    """Raise `RuntimeUnavailable` instead of the various errors that mean that Docker does not answer."""
    try:
        yield
    except (aiohttp.ClientError, OSError, EOFError, json.JSONDecodeError) as error:
        raise RuntimeUnavailable(f"Docker does not answer ({error!r}): {_ADVICE}") from error
    except DockerError as error:
        if error.status in _OWN_WORDS:
            raise
        raise RuntimeUnavailable(f"Docker does not answer ({error.message}): {_ADVICE}") from error


@contextlib.contextmanager
def ignore_status(status: int) -> Iterator[None]:
    """Suppress a `DockerError` with this status."""
    try:
        yield
    except DockerError as error:
        if error.status != status:
            raise


def create_error(error: DockerError) -> Exception:
    """Return the exception for an error of the create request."""
    if error.status == 404 and error.message.startswith("No such image"):
        return ImageMissing(error.message)
    if "invalid reference format" in error.message:
        return pull_error(error)
    if missing := _MISSING_FOLDER.search(error.message):
        return CannotStart(
            f"CannotCreateContainerError: the folder {missing[1]} does not exist on this machine: create it"
        )
    return _refusal(error, CannotStart(f"CannotCreateContainerError: {_daemon_message(error)}"))


def pull_error(error: DockerError, no_login: str | None = None) -> Exception:
    """Return the exception for an error of a pull; `no_login` is why the registry's credentials could not be read."""
    why = "" if no_login is None else f" (without a login: {no_login})"
    return _refusal(error, ImageUnavailable(f"CannotPullContainerError: {_daemon_message(error)}{why}"))


def start_error(error: DockerError) -> Exception:
    """Return the exception for an error of the start request."""
    return _refusal(error, start_failure(_daemon_message(error)))


def start_failure(why: str) -> CannotStart:
    """Return the exception for a start that has failed, given Docker's words."""
    kind = PortTaken if _PORT_TAKEN.search(why) else CannotStart
    return kind(f"CannotStartContainerError: {why}")


def _refusal(error: DockerError, refusal: LamplighterError) -> Exception:
    return refusal if error.status in _OWN_WORDS else UnclearRefusal(refusal)


def _daemon_message(error: DockerError) -> str:
    return f"Error response from daemon: {error.message}"
