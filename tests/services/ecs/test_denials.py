"""What an engine denies is refused where it is registered, and where it is run if it was registered before."""

import pytest

from lamplighter.services.ecs.errors import ClientError
from tests.services.ecs.rig import FARGATE, Rig

ROOT = {
    "family": "root",
    "containerDefinitions": [{"name": "c", "image": "busybox", "memory": 64, "privileged": True}],
}


async def test_a_definition_that_asks_for_what_is_denied_is_not_registered(rig: Rig) -> None:
    rig.deny = frozenset(["privileged"])
    rig.build()
    with pytest.raises(ClientError, match="does not run privileged containers"):
        await rig.call("RegisterTaskDefinition", **ROOT)
    await rig.start(definition=FARGATE)


async def test_one_that_was_registered_before_is_not_run(rig: Rig) -> None:
    await rig.call("RegisterTaskDefinition", **ROOT)
    rig.deny = frozenset(["privileged"])
    await rig.restart()
    with pytest.raises(ClientError, match="--deny privileged"):
        await rig.call("RunTask", taskDefinition="root")
    rig.deny = frozenset(["commands", "host-mounts"])
    await rig.restart()
    assert len((await rig.call("RunTask", taskDefinition="root"))["tasks"]) == 1
