"""What RegisterTaskDefinition refuses in a container definition, and what it adds."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.services.ecs.ecs_harness import EcsHarness

CONTAINER = {"name": "job", "image": "busybox", "memory": 64}
SETTING = "Invalid setting for container 'job'."


def ports(*mappings: Json) -> Json:
    return {"portMappings": list(mappings)}


@pytest.mark.parametrize(
    ("fields", "mode", "message"),
    [
        (
            ports({"containerPort": 80, "hostPort": 81}),
            "host",
            "When networkMode=host, the host ports and container ports in port mappings must match.",
        ),
        (
            ports({"containerPort": 80, "hostPort": 81}),
            "awsvpc",
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        ),
        (ports({"containerPort": 80}), "none", "Port mappings are not supported when networkMode=none."),
        (ports({"hostPort": 7000}), None, "Invalid 'containerPort' setting for container 'job'."),
        (ports({"containerPort": 65536}), None, "Invalid 'containerPort' setting for container 'job'."),
        (ports({"containerPort": 1, "hostPort": -1}), None, "Invalid 'hostPort' setting for container 'job'."),
        (
            ports({"containerPortRange": "9-8"}),
            "bridge",
            "Invalid 'containerPortRange' setting for container 'job'.",
        ),
        (
            ports({"containerPortRange": "8-9"}),
            "host",
            f"{SETTING} A 'containerPortRange' is not supported when networkMode=host.",
        ),
        ({"links": ["other"]}, "awsvpc", "Links are not supported when networkMode=awsvpc."),
        (
            {"links": ["other"]},
            None,
            f"{SETTING} It is linked to container 'other', which is not a container of the task.",
        ),
        ({"links": ["job"]}, None, "Container links should not have a cycle"),
        ({"hostname": "h"}, "awsvpc", "hostname is not supported on container when networkMode=awsvpc."),
        ({"dnsServers": ["1.1.1.1"]}, "awsvpc", "dnsServers is not supported on container when networkMode=awsvpc."),
        (
            {"healthCheck": {"command": ["curl", "localhost"]}},
            None,
            f"{SETTING} The health check command must start with CMD or CMD-SHELL, and a command must follow.",
        ),
        (
            {"healthCheck": {"command": ["CMD", "true"], "interval": 4}},
            None,
            f"{SETTING} The health check 'interval' must be between 5 and 300.",
        ),
        (
            {"healthCheck": {"command": ["CMD", "true"], "retries": 11}},
            None,
            f"{SETTING} The health check 'retries' must be between 1 and 10.",
        ),
        (
            {"restartPolicy": {"enabled": True, "restartAttemptPeriod": 59}},
            None,
            f"{SETTING} The 'restartAttemptPeriod' must be between 60 and 1800.",
        ),
        (
            {"restartPolicy": {"enabled": True, "ignoredExitCodes": list(range(51))}},
            None,
            f"{SETTING} 'ignoredExitCodes' can have at most 50 items.",
        ),
        (
            {"ulimits": [{"name": "nofile", "softLimit": 2, "hardLimit": 1}]},
            None,
            f"{SETTING} The soft limit of ulimit 'nofile' is greater than its hard limit.",
        ),
        (
            {"systemControls": [{"namespace": "net.core.somaxconn"}]},
            None,
            f"{SETTING} A system control needs a 'namespace' and a 'value'.",
        ),
        ({"linuxParameters": {"swappiness": 101}}, None, f"{SETTING} 'swappiness' must be between 0 and 100."),
        ({}, "sideways", "Invalid 'networkMode' setting: sideways must be one of bridge, host, awsvpc, none."),
    ],
)
async def test_a_faulty_container_is_refused(harness: EcsHarness, fields: Json, mode: str | None, message: str) -> None:
    mode_field: Json = {} if mode is None else {"networkMode": mode}
    with pytest.raises(AwsError) as caught:
        await harness.ecs_call(
            "RegisterTaskDefinition", family="f", containerDefinitions=[CONTAINER | fields], **mode_field
        )
    assert (caught.value.code, caught.value.message) == ("ClientException", message)


@pytest.mark.parametrize(
    ("mode", "given", "shown"),
    [
        ("awsvpc", {"containerPort": 80}, {"containerPort": 80, "hostPort": 80, "protocol": "tcp"}),
        ("host", {"containerPort": 80}, {"containerPort": 80, "hostPort": 80, "protocol": "tcp"}),
        (
            "bridge",
            {"containerPort": 80, "protocol": "udp"},
            {"containerPort": 80, "hostPort": 0, "protocol": "udp"},
        ),
        ("bridge", {"containerPortRange": "8-9"}, {"containerPortRange": "8-9", "protocol": "tcp"}),
    ],
)
async def test_port_mappings_are_shown_with_their_defaults(
    harness: EcsHarness, mode: str, given: Json, shown: Json
) -> None:
    answer = await harness.ecs_call(
        "RegisterTaskDefinition", family="f", networkMode=mode, containerDefinitions=[CONTAINER | ports(given)]
    )
    assert answer["taskDefinition"]["containerDefinitions"][0]["portMappings"] == [shown]


async def test_a_health_check_is_shown_with_its_defaults(harness: EcsHarness) -> None:
    check = {"command": ["CMD-SHELL", "exit 0"], "timeout": 10}
    answer = await harness.ecs_call(
        "RegisterTaskDefinition", family="f", containerDefinitions=[CONTAINER | {"healthCheck": check}]
    )
    shown = answer["taskDefinition"]["containerDefinitions"][0]["healthCheck"]
    assert shown == {"command": ["CMD-SHELL", "exit 0"], "interval": 30, "timeout": 10, "retries": 3}
