"""A denied feature is refused at registration, and also by RunTask if the definition was registered before."""

import pytest

from lamplighter.services.ecs.errors import ClientError
from tests.services.ecs.ecs_harness import FARGATE, EcsHarness

ROOT = {
    "family": "root",
    "containerDefinitions": [{"name": "c", "image": "busybox", "memory": 64, "privileged": True}],
}


async def test_a_definition_with_a_denied_feature_is_not_registered(harness: EcsHarness) -> None:
    harness.deny = frozenset(["privileged"])
    harness.build_engine()
    with pytest.raises(ClientError, match="does not run privileged containers"):
        await harness.ecs_call("RegisterTaskDefinition", **ROOT)
    await harness.register_and_run_task(definition=FARGATE)


async def test_an_earlier_definition_with_a_denied_feature_is_not_run(harness: EcsHarness) -> None:
    await harness.ecs_call("RegisterTaskDefinition", **ROOT)
    harness.deny = frozenset(["privileged"])
    await harness.restart()
    with pytest.raises(ClientError, match="--deny privileged"):
        await harness.ecs_call("RunTask", taskDefinition="root")
    harness.deny = frozenset(["commands", "host-mounts"])
    await harness.restart()
    assert len((await harness.ecs_call("RunTask", taskDefinition="root"))["tasks"]) == 1
