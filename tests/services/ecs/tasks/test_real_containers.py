"""Whole tasks with real containers of Docker and with plain processes: health and dependencies."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.runtime.docker.runtime import DockerRuntime
from lamplighter.runtime.port import Runtime
from lamplighter.runtime.process.runtime import ProcessRuntime
from lamplighter.services.ecs.task_definitions import container_rules
from tests.output_lines import read_output
from tests.services.ecs.ecs_harness import NETWORK, EcsHarness

SHORT_LIMITS = {"interval": (1, 300), "timeout": (1, 60), "retries": (1, 10), "startPeriod": (0, 300)}
"""Checks once a second: AWS's shortest interval is five seconds."""


@pytest.fixture(params=[pytest.param("docker", marks=pytest.mark.docker), "process"])
async def real(
    request: pytest.FixtureRequest, harness: EcsHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator["RealContainers"]:
    monkeypatch.setattr(container_rules, "HEALTH_CHECK_LIMITS", SHORT_LIMITS)
    monkeypatch.setattr(container_rules, "RESTART_PERIOD_LIMITS", (1, 1800))
    image = request.getfixturevalue("docker_image") if request.param == "docker" else None
    now, engine = real_world().now, f"test-{uuid.uuid4()}"
    runtime: Runtime = DockerRuntime(engine, now) if image else ProcessRuntime(tmp_path / "processes", now)
    harness.runtime = runtime  # type: ignore[assignment]
    harness.world = replace(harness.world, uuid=real_world().uuid)  # tests that run together share one Docker
    harness.pause_seconds = 0.02
    harness.build_engine()
    yield RealContainers(harness, runtime, image)
    await harness.ecs.stop()
    for name in await runtime.names():
        await runtime.stop(name, 0)
        await runtime.remove(name)
    await runtime.close()


class RealContainers:
    """A harness whose containers really run."""

    def __init__(self, harness: EcsHarness, runtime: Runtime, image: str | None) -> None:
        self.harness = harness
        self.runtime = runtime
        self._image = image

    def container(self, name: str, script: str, **fields: Json) -> Json:
        image = {"image": self._image} if self._image else {}
        return {"name": name, "command": ["sh", "-c", script], "memory": 64, **image, **fields}

    def output(self, arn: str, container: str) -> list[str]:
        return [line.text for line in read_output(self.harness.ecs.outputs, arn.rpartition("/")[2], container)]

    async def run(self, *containers: Json, **fields: Json) -> str:
        await self.harness.ecs_call(
            "RegisterTaskDefinition", family="night", containerDefinitions=list(containers), **fields
        )
        network = {"networkConfiguration": NETWORK} if fields.get("networkMode") == "awsvpc" else {}
        answer = await self.harness.ecs_call("RunTask", taskDefinition="night", **network)
        assert answer["failures"] == []
        return str(answer["tasks"][0]["taskArn"])


async def test_a_job_starts_when_its_sidecar_is_healthy_and_the_sidecar_stops_after_it(real: RealContainers) -> None:
    ready = f"/tmp/ready-{uuid.uuid4()}"
    health_check = {"command": ["CMD-SHELL", f"test -e {ready}"], "interval": 1, "retries": 10}
    stop = f"trap 'rm {ready}; echo stopped; exit 0' TERM; echo up; mkdir -p /tmp; touch {ready}; "
    stop += "while true; do sleep 0.05; done"
    arn = await real.run(
        real.container("job", "echo ran", dependsOn=[{"containerName": "side", "condition": "HEALTHY"}]),
        real.container("side", stop, essential=False, healthCheck=health_check),
    )
    task = await real.harness.wait_for_end(arn)
    assert (task["stopCode"], [each["exitCode"] for each in task["containers"]]) == ("EssentialContainerExited", [0, 0])
    assert [each["healthStatus"] for each in task["containers"]] == ["UNKNOWN", "HEALTHY"]
    assert {"up", "stopped"} <= {*real.output(arn, "side")}


async def test_health_is_found_again_by_the_engine_that_follows_a_killed_one(real: RealContainers) -> None:
    health_check = {"command": ["CMD-SHELL", "exit 1"], "interval": 1, "retries": 1}
    arn = await real.run(real.container("job", "sleep 1000", healthCheck=health_check, stopTimeout=2))
    await real.harness.wait_for_status(arn, "RUNNING")
    await real.harness.restart()
    task = await real.harness.wait_for_health(arn, "job", "UNHEALTHY")
    assert (task["lastStatus"], task["healthStatus"]) == ("RUNNING", "UNHEALTHY")
    await real.harness.ecs_call("StopTask", task=arn)
    await real.harness.wait_for_end(arn)


async def test_a_restarted_container_has_the_network_that_the_others_of_its_task_still_have(
    real: RealContainers,
) -> None:
    show = "readlink /proc/self/ns/net"
    policy = {"enabled": True, "restartAttemptPeriod": 1}  # Docker may measure a run as shorter than it was
    arn = await real.run(
        real.container("side", f"{show}; sleep 2", essential=False, restartPolicy=policy),
        real.container("job", f"{show}; sleep 1000", stopTimeout=2),
        networkMode="awsvpc",
    )
    await real.harness.wait_for_status(arn, "RUNNING")
    await real.harness.wait_until(lambda: len(real.output(arn, "side")) > 1 and bool(real.output(arn, "job")))
    await real.harness.ecs_call("StopTask", task=arn)
    await real.harness.wait_for_end(arn)
    assert len({*real.output(arn, "side"), *real.output(arn, "job")}) == 1
    assert await real.runtime.names() == frozenset()
