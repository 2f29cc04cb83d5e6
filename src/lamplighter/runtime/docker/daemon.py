"""The connection to Docker's daemon: what counts as no answer, and what its refusals mean.

Promises one error, RuntimeUnavailable, for all the ways in which a daemon can be away, and ECS's words for what it
refuses: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html. Refuses to retry:
whoever may ask again knows it.
"""

import contextlib
import json
from collections.abc import Iterator

import aiohttp
from aiodocker import Docker, DockerError

from lamplighter.base.errors import LamplighterError
from lamplighter.runtime.port import CannotStart, ImageUnavailable, RuntimeUnavailable

_DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
_ADVICE = "start Docker, or choose plain processes with --runtime process"
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0


class InvalidAddress(LamplighterError):
    """What is said to be Docker's address is none."""


class ImageMissing(LamplighterError):
    """The image is not here; its registry may have it."""


def connect(address: str | None) -> Docker:
    """Make a client; None for the address means what the `docker` command would talk to."""
    try:
        client = Docker(address)
    except AssertionError:  # no DOCKER_HOST, no context, no socket: aiodocker gives up, we wait for Docker to come
        client = Docker(_DEFAULT_ADDRESS)
    except (ValueError, DockerError) as error:
        raise InvalidAddress(f"DOCKER_HOST or Docker's context names no Docker ({error}): {_ADVICE}") from error
    # Each container that runs holds two connections, aiohttp stops at 100, and aiodocker has no setting for it.
    client.connector._limit = 0  # noqa: SLF001
    return client


@contextlib.contextmanager
def docker_errors() -> Iterator[None]:
    """Call by one name all the ways in which Docker can fail to answer."""
    try:
        yield
    except (aiohttp.ClientError, OSError, EOFError, json.JSONDecodeError) as error:
        raise RuntimeUnavailable(f"Docker does not answer ({error!r}): {_ADVICE}") from error
    except DockerError as error:
        if _is_away(error):
            raise RuntimeUnavailable(f"Docker does not answer ({error.message}): {_ADVICE}") from error
        raise


@contextlib.contextmanager
def ignore_status(status: int) -> Iterator[None]:
    """Let a refusal with this status pass."""
    try:
        yield
    except DockerError as error:
        if error.status != status:
            raise


def create_error(error: DockerError) -> Exception:
    """Say what a refusal to create means."""
    if error.status == 404 and error.message.startswith("No such image"):
        return ImageMissing(error.message)
    if "invalid reference format" in error.message:
        return pull_error(error)
    return error if _is_away(error) else CannotStart(f"CannotCreateContainerError: {_response(error)}")


def pull_error(error: DockerError, no_login: str | None = None) -> Exception:
    """Say what a refusal to pull means; `no_login`: why the credentials of its registry could not be read."""
    if _is_away(error):
        return error
    why = "" if no_login is None else f" (without a login: {no_login})"
    return ImageUnavailable(f"CannotPullContainerError: {_response(error)}{why}")


def start_error(error: DockerError) -> Exception:
    """Say what a refusal to start means."""
    return error if _is_away(error) else CannotStart(f"CannotStartContainerError: {_response(error)}")


def retry_pauses() -> Iterator[float]:
    """Give the seconds to wait for Docker to come back, each twice the one before, up to a bound."""
    pause = _SHORTEST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE)


def _is_away(error: DockerError) -> bool:
    return error.status in (503, 900)  # 900 is aiodocker's own: no connection


def _response(error: DockerError) -> str:
    return f"Error response from daemon: {error.message}"
