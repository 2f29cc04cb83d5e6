"""What an engine denies is refused where it is registered, and where it is run if it was registered before."""

import pytest

from lamplighter.services.ecs.errors import ClientError
from tests.services.ecs.ecs_harness import FARGATE, EcsHarness

ROOT = {
    "family": "root",
    "containerDefinitions": [{"name": "c", "image": "busybox", "memory": 64, "privileged": True}],
}


async def test_a_definition_that_asks_for_what_is_denied_is_not_registered(harness: EcsHarness) -> None:
    harness.deny = frozenset(["privileged"])
    harness.build()
    with pytest.raises(ClientError, match="does not run privileged containers"):
        await harness.ecs_call("RegisterTaskDefinition", **ROOT)
    await harness.start(definition=FARGATE)


async def test_one_that_was_registered_before_is_not_run(harness: EcsHarness) -> None:
    await harness.ecs_call("RegisterTaskDefinition", **ROOT)
    harness.deny = frozenset(["privileged"])
    await harness.restart()
    with pytest.raises(ClientError, match="--deny privileged"):
        await harness.ecs_call("RunTask", taskDefinition="root")
    harness.deny = frozenset(["commands", "host-mounts"])
    await harness.restart()
    assert len((await harness.ecs_call("RunTask", taskDefinition="root"))["tasks"]) == 1
