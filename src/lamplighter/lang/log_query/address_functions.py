"""Provide the functions of queries that test IP addresses.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html.
"""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from lamplighter.lang.log_query.function import Function, Values
from lamplighter.lang.log_query.values import Value, to_text

PRIVATE_NETWORKS = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""https://www.rfc-editor.org/rfc/rfc1918#section-3"""

Address = IPv4Address | IPv6Address


def _address(value: Value) -> Address | None:
    try:
        return ip_address(to_text(value))
    except ValueError:
        return None


def _is_address(accepts: Callable[[Address], bool]) -> Function:
    def apply(values: Values) -> Value:
        found = _address(values[0])
        return int(found is not None and accepts(found))

    return Function(apply, 1, 1)


def _is_private(address: Address) -> bool:
    return isinstance(address, IPv4Address) and any(address in network for network in PRIVATE_NETWORKS)


def _is_in_subnet(kind: type[IPv4Network] | type[IPv6Network] | None) -> Function:
    def apply(values: Values) -> Value:
        found = _address(values[0])
        try:
            network = ip_network(to_text(values[1]), strict=False)
        except ValueError:
            return 0
        fits = kind is None or isinstance(network, kind)
        return int(fits and found is not None and found.version == network.version and found in network)

    return Function(apply, 2, 2)


def _to_number(values: Values) -> Value:
    found = _address(values[0])
    return int(found) if isinstance(found, IPv4Address) else None


ADDRESS_FUNCTIONS: Mapping[str, Function] = {
    "isvalidip": _is_address(lambda _address: True),
    "isvalidipv4": _is_address(lambda address: isinstance(address, IPv4Address)),
    "isvalidipv6": _is_address(lambda address: isinstance(address, IPv6Address)),
    "isipinsubnet": _is_in_subnet(None),
    "isipv4insubnet": _is_in_subnet(IPv4Network),
    "isipv6insubnet": _is_in_subnet(IPv6Network),
    "ipv4tonumber": Function(_to_number, 1, 1),
    "isprivateip": _is_address(_is_private),
    "ispublicip": _is_address(lambda address: address.is_global),
    "isreservedip": _is_address(lambda address: address.is_reserved),
}
