"""Choose consecutive free ports of this machine: Docker itself chooses only single ones.

ECS chooses them in the same way: "the Amazon ECS agent finds open ports on the host and automatically binds them to the
container ports". Another program may take a port before the container starts; then the container cannot start.
See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html.
"""

import socket
from dataclasses import replace

from lamplighter.runtime.port import ContainerSpec, Port, cannot_start

FIRST_PORT, LAST_PORT = 49153, 65535
"""The range of ports from which ECS chooses."""


def with_free_ranges(container: ContainerSpec) -> ContainerSpec:
    """Return the container with a free range of this machine for each range of its ports. Raises `CannotStart`."""
    if all(port.count == 1 for port in container.ports):
        return container
    ports, taken = list[Port](), set[int]()
    for port in container.ports:
        if port.count > 1 and port.host is None:
            port = replace(port, host=_free_range(port, taken))  # noqa: PLW2901 - the chosen one replaces the wish
            taken.update(range(port.host or 0, (port.host or 0) + port.count))
        ports.append(port)
    return replace(container, ports=tuple(ports))


def _free_range(port: Port, taken: set[int]) -> int:
    """Return the first of enough consecutive free ports."""
    length = 0
    for number in range(FIRST_PORT, LAST_PORT + 1):
        length = length + 1 if number not in taken and _is_free(number, port.protocol) else 0
        if length == port.count:
            return number - port.count + 1
    raise cannot_start(f"this machine has no {port.count} consecutive free ports")


def _is_free(number: int, protocol: str) -> bool:
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("", number))
        except OSError:
            return False
    return True
