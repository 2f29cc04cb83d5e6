"""Choose consecutive free ports of this machine: Docker itself chooses only single ones.

ECS chooses them in the same way: "the Amazon ECS agent finds open ports on the host and automatically binds them to the
container ports". Another program may take a port before the container starts; then the caller chooses again.
See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html.
"""

import socket
from collections.abc import Set as AbstractSet
from dataclasses import replace

from lamplighter.runtime.port import ContainerSpec, Port, cannot_start

FIRST_PORT, LAST_PORT = 49153, 65535
"""The range of ports from which ECS chooses."""


def with_free_ranges(container: ContainerSpec, tried: AbstractSet[int] = frozenset()) -> ContainerSpec:
    """Return the container with a free range of this machine for each range of its ports. Raises `CannotStart`.

    The ports that the caller has `tried` in vain are not chosen again.
    """
    if not any(map(_is_open, container.ports)):
        return container
    ports, taken = list[Port](), set(tried)
    for port in container.ports:
        if _is_open(port):
            port = replace(port, host=_free_range(port, taken))  # noqa: PLW2901 - the chosen one replaces the wish
            taken.update(_host_numbers(port))
        ports.append(port)
    return replace(container, ports=tuple(ports))


def chosen_numbers(container: ContainerSpec, chosen: ContainerSpec) -> frozenset[int]:
    """Return the ports that `with_free_ranges` has chosen for a container."""
    pairs = zip(container.ports, chosen.ports, strict=True)
    return frozenset(number for wish, port in pairs if _is_open(wish) for number in _host_numbers(port))


def _is_open(port: Port) -> bool:
    """Return whether a range of this machine has to be chosen."""
    return port.count > 1 and port.host is None


def _host_numbers(port: Port) -> range:
    first = port.host or 0
    return range(first, first + port.count)


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
