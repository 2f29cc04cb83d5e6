"""Plan the ports, links and names of a container, as the network mode of its task allows them.

On one machine the modes mean:

- **bridge** (or none stated): Docker's own network; `hostPort` is a port of this machine, and 0 or none lets Docker
  choose one. `networkBindings` shows the ports.
- **host**: the network of this machine; ports are those of the program itself.
- **awsvpc**: the containers of a task share a network of their own. Their ports are reached at the task's address in
  Docker's network, and no port of this machine is taken, so that many tasks run side by side.
- **none**: no network.

A plain process has the network of this machine in each mode.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#network_mode.
"""

from collections.abc import Sequence
from typing import TypedDict

from lamplighter.base.aws.task_definition_metadata import NETWORK_LABEL
from lamplighter.base.json_text import Json
from lamplighter.runtime.port import Port

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - what AWS shows for a port that every address of the machine has


class NetworkSettings(TypedDict):
    """The fields of a `ContainerSpec` about the network."""

    docker_network: str | None
    ports: tuple[Port, ...]
    hostname: str | None
    dns_servers: tuple[str, ...]
    dns_domains: tuple[str, ...]
    no_network: bool


def network_settings(definition: Json, given: Json) -> NetworkSettings:
    """Return the network of a container, without its links."""
    mode = definition.get("networkMode")
    label = (given.get("dockerLabels") or {}).get(NETWORK_LABEL) or None
    return NetworkSettings(
        docker_network=mode if mode in ("host", "none") else label,
        ports=() if mode in ("host", "none", "awsvpc") else tuple(container_ports(given)),
        hostname=given.get("hostname") or None,
        dns_servers=tuple(given.get("dnsServers") or ()),
        dns_domains=tuple(given.get("dnsSearchDomains") or ()),
        no_network=bool(given.get("disableNetworking")),
    )


def container_ports(given: Json) -> list[Port]:
    """Return the port mappings of a container definition."""
    return [_port(mapping) for mapping in given.get("portMappings") or ()]


def _port(mapping: Json) -> Port:
    protocol = "udp" if mapping.get("protocol") == "udp" else "tcp"  # "ECS treats any other specified value as tcp."
    if mapping.get("containerPortRange"):
        first, last = (int(each) for each in mapping["containerPortRange"].split("-"))
        return Port(first, None, protocol, last - first + 1)
    return Port(mapping["containerPort"], mapping.get("hostPort") or None, protocol)


def own_ports(definition: Json, given: Json) -> tuple[Port, ...]:
    """Return the ports of this machine that the program of a container opens itself."""
    if definition.get("networkMode") != "host" and (given.get("image") or definition.get("networkMode") == "awsvpc"):
        return ()
    return tuple(Port(each.container, each.container, each.protocol, each.count) for each in container_ports(given))


def static_ports(definition: Json) -> frozenset[tuple[int, str]]:
    """Return the ports of this machine that a task takes by its definition, each with its protocol."""
    if definition.get("networkMode") in ("awsvpc", "none"):
        return frozenset()
    is_host = definition.get("networkMode") == "host"
    ports = (port for given in definition["containerDefinitions"] for port in container_ports(given))
    numbers = ((port.container if is_host else port.host, port) for port in ports)
    return frozenset(
        (first + number, port.protocol) for first, port in numbers if first is not None for number in range(port.count)
    )


def network_bindings(ports: Sequence[Port]) -> list[Json]:
    """Return `networkBindings` for the ports of this machine by which a container is reached."""
    return [_binding(port, port.host) for port in ports if port.host is not None]


def _binding(port: Port, host: int) -> Json:
    if port.count == 1:
        return {"bindIP": ANY_ADDRESS, "containerPort": port.container, "hostPort": host, "protocol": port.protocol}
    return {
        "bindIP": ANY_ADDRESS,
        "protocol": port.protocol,
        "containerPortRange": f"{port.container}-{port.container + port.count - 1}",
        "hostPortRange": f"{host}-{host + port.count - 1}",
    }
