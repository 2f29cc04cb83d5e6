"""The ports of tasks: what DescribeTasks shows, and when RunTask has the failure RESOURCE:PORTS."""

from collections.abc import Mapping

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.port import Port
from lamplighter.services.ecs.tasks.containers.container_network import (
    network_bindings,
    network_settings,
    own_ports,
    static_ports,
)
from tests.fake_runtime import Script
from tests.services.ecs.ecs_harness import EcsHarness

JOB = {"name": "job", "image": "busybox", "memory": 64}


def definition(mode: str | None, *mappings: Json) -> Json:
    mode_field: Json = {} if mode is None else {"networkMode": mode}
    return {"family": "web", "containerDefinitions": [{**JOB, "portMappings": list(mappings)}], **mode_field}


@pytest.mark.parametrize(
    ("mode", "mapping", "expected"),
    [
        (None, {"containerPort": 80, "hostPort": 8080}, {(8080, "tcp")}),
        ("bridge", {"containerPort": 80, "hostPort": 8080, "protocol": "udp"}, {(8080, "udp")}),
        ("bridge", {"containerPort": 80}, set()),
        ("bridge", {"containerPort": 80, "hostPort": 0}, set()),
        ("bridge", {"containerPortRange": "7000-7002"}, set()),
        ("host", {"containerPort": 80}, {(80, "tcp")}),
        ("awsvpc", {"containerPort": 80, "hostPort": 80}, set()),
        ("none", {"containerPort": 80}, set()),
    ],
)
def test_a_task_takes_the_ports_that_its_definition_states(mode: str | None, mapping: Json, expected: object) -> None:
    assert static_ports(definition(mode, mapping)) == expected


@pytest.mark.parametrize(
    ("mode", "published", "own"),
    [
        (None, (Port(80, 8080),), ()),
        ("bridge", (Port(80, 8080),), ()),
        ("awsvpc", (), ()),
        ("none", (), ()),
        ("host", (), (Port(80, 80),)),
    ],
)
def test_only_the_mode_bridge_publishes_ports_and_only_the_mode_host_shares_them(
    mode: str | None, published: tuple[Port, ...], own: tuple[Port, ...]
) -> None:
    given = definition(mode, {"containerPort": 80, "hostPort": 8080})
    container = given["containerDefinitions"][0]
    assert network_settings(given, container)["ports"] == published
    assert own_ports(given, container) == own


def test_bindings_show_single_ports_and_ranges() -> None:
    assert network_bindings([Port(80, 8080), Port(7000, 50000, "udp", 3), Port(1, None)]) == [
        {"bindIP": "0.0.0.0", "containerPort": 80, "hostPort": 8080, "protocol": "tcp"},
        {
            "bindIP": "0.0.0.0",
            "protocol": "udp",
            "containerPortRange": "7000-7002",
            "hostPortRange": "50000-50002",
        },
    ]


async def test_a_second_task_with_the_same_port_is_not_placed(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    await harness.ecs_call("RegisterTaskDefinition", **definition("bridge", {"containerPort": 80, "hostPort": 8080}))
    both = await harness.ecs_call("RunTask", taskDefinition="web", count=2)
    assert (len(both["tasks"]), [each["reason"] for each in both["failures"]]) == (1, ["RESOURCE:PORTS"])
    other = definition("host", {"containerPort": 8080}) | {"family": "other"}
    await harness.ecs_call("RegisterTaskDefinition", **other)
    refused = await harness.ecs_call("RunTask", taskDefinition="other")
    assert (refused["tasks"], [each["reason"] for each in refused["failures"]]) == ([], ["RESOURCE:PORTS"])
    assert ":container-instance/" in refused["failures"][0]["arn"]
    await harness.ecs_call("StopTask", task=both["tasks"][0]["taskArn"])
    await harness.wait_for_end(both["tasks"][0]["taskArn"])
    task = (await harness.ecs_call("RunTask", taskDefinition="other"))["tasks"][0]
    shown = await harness.wait_for_status(task["taskArn"], "RUNNING")
    binding: Mapping[str, Json] = {
        "bindIP": "0.0.0.0",
        "containerPort": 8080,
        "hostPort": 8080,
        "protocol": "tcp",
    }
    assert shown["containers"][0]["networkBindings"] == [binding]
