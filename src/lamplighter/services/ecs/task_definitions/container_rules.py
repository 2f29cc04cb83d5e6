"""Check what a container definition says about its network, its health, its start, its restarts and its limits.

Where AWS's words are known, the faults have them.
See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html.
"""

import re
from collections.abc import Mapping

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.ecs.errors import ClientError

MAX_PORT = 65535
MAX_PORT_RANGES, MAX_IGNORED_CODES = 100, 50
HEALTH_CHECK_LIMITS: Mapping[str, tuple[int, int]] = {
    "interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "startPeriod": (0, 300),
}  # fmt: skip
RESTART_PERIOD_LIMITS = (60, 1800)
"""Seconds."""
MAX_FARGATE_TIMEOUT = 120
"""The most seconds of startTimeout on Fargate."""
_PORT_RANGE = re.compile("([1-9][0-9]{0,4})-([1-9][0-9]{0,4})")


def check_container_rules(container: Json, definition: Json) -> None:
    """Raise ClientError if a container breaks a rule; `definition` has the parameters of RegisterTaskDefinition."""
    _check_ports(container, definition.get("networkMode"))
    _check_names(container, definition.get("networkMode"))
    _check_health_check(container)
    _check_start_timeout(container, definition)
    _check_restart_policy(container)
    _check_limits(container)
    _check_secrets(container)


def container_fault(container: Json, what: str) -> AwsError:
    """Return the error for a fault of a container."""
    return ClientError(f"Invalid setting for container '{container['name']}'. {what}")


def _check_ports(container: Json, mode: str | None) -> None:
    mappings = container.get("portMappings") or ()
    if mappings and mode == "none":
        raise ClientError("Port mappings are not supported when networkMode=none.")
    if sum(bool(port.get("containerPortRange")) for port in mappings) > MAX_PORT_RANGES:
        raise container_fault(container, f"It can have at most {MAX_PORT_RANGES} port ranges.")
    for port in mappings:
        if port.get("containerPortRange"):
            _check_port_range(container, port, mode)
            continue
        if not 1 <= (port.get("containerPort") or 0) <= MAX_PORT:
            raise ClientError(f"Invalid 'containerPort' setting for container '{container['name']}'.")
        if not 0 <= (port.get("hostPort") or 0) <= MAX_PORT:
            raise ClientError(f"Invalid 'hostPort' setting for container '{container['name']}'.")
        if mode in ("awsvpc", "host") and port.get("hostPort") not in (None, 0, port["containerPort"]):
            raise ClientError(
                f"When networkMode={mode}, the host ports and container ports in port mappings must match."
            )


def _check_port_range(container: Json, port: Json, mode: str | None) -> None:
    if mode == "host":
        raise container_fault(container, "A 'containerPortRange' is not supported when networkMode=host.")
    if port.get("containerPort") or port.get("hostPort"):
        raise container_fault(container, "Specify either a 'containerPortRange' or a 'containerPort'.")
    match = _PORT_RANGE.fullmatch(port["containerPortRange"])
    if match is None or not int(match[1]) <= int(match[2]) <= MAX_PORT:
        raise ClientError(f"Invalid 'containerPortRange' setting for container '{container['name']}'.")


def _check_names(container: Json, mode: str | None) -> None:
    if container.get("links") and mode not in (None, "bridge"):
        raise ClientError(f"Links are not supported when networkMode={mode}.")
    if mode in ("awsvpc", "host") and container.get("hostname"):
        raise ClientError(f"hostname is not supported on container when networkMode={mode}.")
    for name in ("dnsServers", "dnsSearchDomains"):
        if mode == "awsvpc" and container.get(name):
            raise ClientError(f"{name} is not supported on container when networkMode={mode}.")


def _check_health_check(container: Json) -> None:
    check = container.get("healthCheck")
    if check is None:
        return
    command = check.get("command") or []
    if not command or command[0] not in ("CMD", "CMD-SHELL", "NONE") or (len(command) == 1 and command[0] != "NONE"):
        raise container_fault(
            container, "The health check command must start with CMD or CMD-SHELL, and a command must follow."
        )
    for name, (least, most) in HEALTH_CHECK_LIMITS.items():
        if check.get(name) is not None and not least <= check[name] <= most:
            raise container_fault(container, f"The health check '{name}' must be between {least} and {most}.")


def _check_start_timeout(container: Json, definition: Json) -> None:
    seconds = container.get("startTimeout") or 0
    if seconds < 0:
        raise container_fault(container, "'startTimeout' must not be negative.")
    if "FARGATE" in (definition.get("requiresCompatibilities") or ()) and seconds > MAX_FARGATE_TIMEOUT:
        raise container_fault(container, f"'startTimeout' must be at most {MAX_FARGATE_TIMEOUT} for Fargate.")


def _check_restart_policy(container: Json) -> None:
    policy = container.get("restartPolicy") or {}
    period, (least, most) = policy.get("restartAttemptPeriod"), RESTART_PERIOD_LIMITS
    if period is not None and not least <= period <= most:
        raise container_fault(container, f"The 'restartAttemptPeriod' must be between {least} and {most}.")
    if len(policy.get("ignoredExitCodes") or ()) > MAX_IGNORED_CODES:
        raise container_fault(container, f"'ignoredExitCodes' can have at most {MAX_IGNORED_CODES} items.")


def _check_limits(container: Json) -> None:
    for limit in container.get("ulimits") or ():
        if -1 < limit["hardLimit"] < limit["softLimit"]:
            raise container_fault(
                container, f"The soft limit of ulimit '{limit['name']}' is greater than its hard limit."
            )
    for control in container.get("systemControls") or ():
        if not control.get("namespace") or not control.get("value"):
            raise container_fault(container, "A system control needs a 'namespace' and a 'value'.")
    linux = container.get("linuxParameters") or {}
    if not 0 <= linux.get("swappiness", 0) <= 100:
        raise container_fault(container, "'swappiness' must be between 0 and 100.")
    if linux.get("maxSwap") is not None and not container.get("memory"):
        raise container_fault(container, "'maxSwap' needs the 'memory' of the container.")


def _check_secrets(container: Json) -> None:
    secrets = [each["name"] for each in container.get("secrets") or ()]
    if repeated := next((name for name in secrets if secrets.count(name) > 1), None):
        raise ClientError(f"Duplicate secret names found: {repeated}. Each secret name must be unique.")
    variables = {each.get("name") for each in container.get("environment") or ()}
    if shared := next((name for name in secrets if name in variables), None):
        raise ClientError(
            "The secret name must be unique and not shared with any new or existing environment variables set on the "
            f"container, such as '{shared}'."
        )
