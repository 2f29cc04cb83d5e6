"""Docker and a registry: an image that requires a login, and the cause that `doctor` shows for each pull error."""

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
from tests.docker_registry import PASSWORD, USER, Registry, RegistryBehaviour, run_registry

pytestmark = pytest.mark.docker
MakeRuntime = Callable[[], DockerRuntime]


@pytest.fixture
async def make_runtime(tmp_path: Path) -> AsyncIterator[MakeRuntime]:
    """Make a runtime whose user has the Docker configuration of this folder; remove its containers afterwards."""
    runtimes: list[DockerRuntime] = []

    def make() -> DockerRuntime:
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "DOCKER_CONFIG": str(tmp_path)}
        runtimes.append(DockerRuntime(f"test-{uuid.uuid4()}", real_world().now, environment=environment))
        return runtimes[-1]

    yield make
    for runtime in runtimes:
        for name in await runtime.names():
            await runtime.stop(name, 0)
            await runtime.remove(name)
        await runtime.close()


def job(image: str) -> ContainerSpec:
    return ContainerSpec(name=f"test-{uuid.uuid4()}", image=image, command=("true",))


async def pull_and_run(runtime: DockerRuntime, server: Registry) -> bool:
    """Run a container of the registry's image; return whether it was pulled and exited with 0. Remove the image."""
    container = job(server.image)
    started = await runtime.start(container)
    ended = await runtime.wait(container.name)
    await runtime.remove(container.name)
    await asyncio.to_thread(subprocess.run, ["docker", "rmi", server.image], check=True, capture_output=True)
    return started.pull_started_at is not None and ended.code == 0


@pytest.mark.parametrize("login", ["basic", "bearer"])
async def test_an_image_that_requires_a_login_is_pulled_with_that_of_docker_login(
    make_runtime: MakeRuntime, tmp_path: Path, login: Literal["basic", "bearer"]
) -> None:
    with run_registry(RegistryBehaviour(login=login)) as server:
        runtime = make_runtime()
        with pytest.raises(ImageUnavailable) as error:
            await runtime.start(job(server.image))
        found = find_cause(str(error.value), runs_locally=True)
        assert found is not None
        assert "requires a login" in found.meaning
        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        (tmp_path / "config.json").write_text(json.dumps({"auths": {server.host: {"auth": auth}}}))
        assert await pull_and_run(runtime, server)


async def test_an_image_is_pulled_with_the_login_of_a_credential_helper(
    make_runtime: MakeRuntime, tmp_path: Path
) -> None:
    helper = tmp_path / "docker-credential-tests"
    helper.write_text(f'#!/bin/sh\ncat > /dev/null\necho \'{{"Username": "{USER}", "Secret": "{PASSWORD}"}}\'\n')
    helper.chmod(0o755)
    with run_registry(RegistryBehaviour(login="basic")) as server:
        (tmp_path / "config.json").write_text(json.dumps({"credHelpers": {server.host: "tests"}}))
        assert await pull_and_run(make_runtime(), server)


async def test_a_failing_helper_is_reported_only_if_the_registry_requires_a_login(
    make_runtime: MakeRuntime, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text('{"credsStore": "no-such"}')
    behaviour = RegistryBehaviour()
    with run_registry(behaviour) as server:
        runtime = make_runtime()
        assert await pull_and_run(runtime, server)
        behaviour.login = "basic"
        with pytest.raises(ImageUnavailable, match="docker-credential-no-such cannot be run: No such file") as error:
            await runtime.start(job(server.image))
    found = find_cause(str(error.value), runs_locally=True)
    assert found is not None
    assert "credentials of `docker login` cannot be read" in found.meaning


async def test_a_wrong_password_is_reported_without_showing_it(make_runtime: MakeRuntime, tmp_path: Path) -> None:
    auth = base64.b64encode(b"reader:s3cret").decode()
    with run_registry(RegistryBehaviour(login="bearer")) as server:
        (tmp_path / "config.json").write_text(json.dumps({"auths": {server.host: {"auth": auth}}}))
        with pytest.raises(ImageUnavailable) as error:
            await make_runtime().start(job(server.image))
    found = find_cause(str(error.value), runs_locally=True)
    assert found is not None
    assert "requires a login" in found.meaning
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    ("behaviour", "image", "cause"),
    [
        (RegistryBehaviour(), "HOST/team/job:no-such-tag", "there is no such image"),
        (RegistryBehaviour(), "HOST/team/no-such-image:1", "there is no such image"),
        (RegistryBehaviour(), "HOST/team/job@sha256:" + "0" * 64, "there is no such image"),
        (RegistryBehaviour(), "127.0.0.1:1/team/job:1", "cannot reach"),
        (RegistryBehaviour(), "no-such-host.invalid/team/job:1", "cannot reach"),
        (RegistryBehaviour(closes_connection=True), "HOST/team/job:1", "cannot reach"),
        (
            RegistryBehaviour(status=403, code="DENIED", message="requested access"),
            "HOST/team/job:1",
            "may not pull it",
        ),
        (RegistryBehaviour(status=429, code="TOOMANYREQUESTS", message="slow down"), "HOST/team/job:1", "limits pulls"),
        (RegistryBehaviour(status=500), "HOST/team/job:1", "the registry of the image failed"),
        (RegistryBehaviour(status=503), "HOST/team/job:1", "the registry of the image failed"),
        (RegistryBehaviour(architecture="s390x"), "HOST/team/job:1", "another kind of processor"),
        (RegistryBehaviour(), "localhost/reports/no-such-job:1", "was built on this machine"),
        (RegistryBehaviour(), "NOT:A:NAME", "not a valid image name"),
    ],
)
async def test_each_cause_of_a_failed_pull_is_recognised(
    make_runtime: MakeRuntime, behaviour: RegistryBehaviour, image: str, cause: str
) -> None:
    with run_registry(behaviour) as server, pytest.raises(ImageUnavailable) as error:
        await make_runtime().start(job(image.replace("HOST", server.host)))
    found = find_cause(str(error.value), runs_locally=True)
    assert found is not None
    assert cause in found.meaning
