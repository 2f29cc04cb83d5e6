"""Docker and a registry: an image that wants a login, and what `doctor` says of each way in which a pull fails."""

import asyncio
import base64
import json
import subprocess
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Literal

import pytest

from lamplighter.base.world import real_world
from lamplighter.cli.doctor.known_causes import find_cause
from lamplighter.runtime.docker.runtime import DockerRuntime
from lamplighter.runtime.port import ContainerSpec, ImageUnavailable
from tests.docker_registry import PASSWORD, USER, Manner, Registry, registry

pytestmark = pytest.mark.docker
Make = Callable[[], DockerRuntime]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Make a runtime whose user has the Docker configuration of this folder, and take back what it ran."""
    made: list[DockerRuntime] = []

    def one() -> DockerRuntime:
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "DOCKER_CONFIG": str(tmp_path)}
        made.append(DockerRuntime(f"test-{uuid.uuid4()}", real_world().now, environment=environment))
        return made[-1]

    yield one
    for runtime in made:
        for name in await runtime.names():
            await runtime.stop(name, 0)
            await runtime.remove(name)
        await runtime.close()


def job(image: str) -> ContainerSpec:
    return ContainerSpec(name=f"test-{uuid.uuid4()}", image=image, command=("true",))


async def runs(runtime: DockerRuntime, server: Registry) -> bool:
    """Whether a container of the registry's image runs; the image is removed again."""
    container = job(server.image)
    started = await runtime.start(container)
    ended = await runtime.wait(container.name)
    await runtime.remove(container.name)
    await asyncio.to_thread(subprocess.run, ["docker", "rmi", server.image], check=True, capture_output=True)
    return started.pull_started_at is not None and ended.code == 0


@pytest.mark.parametrize("asks", ["basic", "bearer"])
async def test_an_image_that_wants_a_login_is_pulled_with_that_of_docker_login(
    make: Make, tmp_path: Path, asks: Literal["basic", "bearer"]
) -> None:
    with registry(Manner(asks=asks)) as server:
        runtime = make()
        with pytest.raises(ImageUnavailable) as refused:
            await runtime.start(job(server.image))
        found = find_cause(str(refused.value), runs_locally=True)
        assert found is not None
        assert "requires a login" in found.meaning
        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        (tmp_path / "config.json").write_text(json.dumps({"auths": {server.host: {"auth": auth}}}))
        assert await runs(runtime, server)


async def test_an_image_is_pulled_with_what_a_credential_helper_answers(make: Make, tmp_path: Path) -> None:
    helper = tmp_path / "docker-credential-tests"
    helper.write_text(f'#!/bin/sh\ncat > /dev/null\necho \'{{"Username": "{USER}", "Secret": "{PASSWORD}"}}\'\n')
    helper.chmod(0o755)
    with registry(Manner(asks="basic")) as server:
        (tmp_path / "config.json").write_text(json.dumps({"credHelpers": {server.host: "tests"}}))
        assert await runs(make(), server)


async def test_a_helper_that_fails_is_told_only_where_the_registry_wants_a_login(make: Make, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"credsStore": "no-such"}')
    manner = Manner()
    with registry(manner) as server:
        runtime = make()
        assert await runs(runtime, server)
        manner.asks = "basic"
        with pytest.raises(ImageUnavailable, match="docker-credential-no-such cannot be run: No such file") as refused:
            await runtime.start(job(server.image))
    found = find_cause(str(refused.value), runs_locally=True)
    assert found is not None
    assert "credentials of `docker login` cannot be read" in found.meaning


async def test_a_wrong_password_is_told_without_it(make: Make, tmp_path: Path) -> None:
    auth = base64.b64encode(b"reader:s3cret").decode()
    with registry(Manner(asks="bearer")) as server:
        (tmp_path / "config.json").write_text(json.dumps({"auths": {server.host: {"auth": auth}}}))
        with pytest.raises(ImageUnavailable) as refused:
            await make().start(job(server.image))
    found = find_cause(str(refused.value), runs_locally=True)
    assert found is not None
    assert "requires a login" in found.meaning
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("manner", "image", "means"),
    [
        (Manner(), "HOST/team/job:no-such-tag", "there is no such image"),
        (Manner(), "HOST/team/no-such-image:1", "there is no such image"),
        (Manner(), "HOST/team/job@sha256:" + "0" * 64, "there is no such image"),
        (Manner(), "127.0.0.1:1/team/job:1", "cannot reach"),
        (Manner(), "no-such-host.invalid/team/job:1", "cannot reach"),
        (Manner(hangs_up=True), "HOST/team/job:1", "cannot reach"),
        (Manner(status=403, code="DENIED", message="requested access"), "HOST/team/job:1", "may not pull it"),
        (Manner(status=429, code="TOOMANYREQUESTS", message="slow down"), "HOST/team/job:1", "limits pulls"),
        (Manner(status=500), "HOST/team/job:1", "the registry of the image failed"),
        (Manner(status=503), "HOST/team/job:1", "the registry of the image failed"),
        (Manner(only="s390x"), "HOST/team/job:1", "another kind of processor"),
        (Manner(), "localhost/reports/no-such-job:1", "was built on this machine"),
        (Manner(), "NOT:A:NAME", "not a valid image name"),
    ],
)
async def test_each_way_in_which_docker_fails_to_pull_is_told_apart(
    make: Make, manner: Manner, image: str, means: str
) -> None:
    with registry(manner) as server, pytest.raises(ImageUnavailable) as refused:
        await make().start(job(image.replace("HOST", server.host)))
    found = find_cause(str(refused.value), runs_locally=True)
    assert found is not None
    assert means in found.meaning
