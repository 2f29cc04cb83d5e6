"""By which names a server may be called: the Host header of a request has to be one of them.

A web page of another site reaches a server on this machine under a name that its author chose: a name of the author's
that leads here (DNS rebinding), or a spelling of loopback for which browsers do not say that another site asks
(`0.0.0.0`, `[::ffff:127.0.0.1]`). Promises to take a name only in the one spelling that this module knows: a dotted
IPv4 address, an IPv6 address in brackets, or a host name without a final dot, each with a port or without. Refuses the
unspecified address and IPv4 addresses that are written as IPv6 wherever the server listens.
See https://owasp.org/www-community/attacks/DNS_Rebinding and https://www.rfc-editor.org/rfc/rfc9112#section-3.2.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from lamplighter.base.errors import AccessDenied

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::[0-9]{1,5})?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""The last part of a name that is a number makes browsers read the whole as an IPv4 address (`127.1`, `0x7f.1`)."""

REMEDY = "call it by localhost or 127.0.0.1, or name the host with --allow-host where the engine is started"


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """The names of one server; localhost and the addresses of loopback are always among them."""

    names: frozenset[str] = frozenset()
    """Host names, or addresses, that its owner has given."""
    addresses: bool = False
    """Whether every IP address is one of them: where each call has to show credentials."""

    def check(self, header: bytes) -> None:
        """Refuse a Host header that names another server; AccessDenied."""
        if not _is_name(self, header):
            shown = header.decode("ascii", "backslashreplace")
            raise AccessDenied(f"this server does not answer to the host name '{shown}': {REMEDY}", status=403)

    def has(self, name: str) -> bool:
        """Whether a name in lower case, without a port, is one of them."""
        address = _address(name)
        if address is not None:
            given = self.addresses or str(address) in self.names
            return address.is_loopback or (given and not address.is_unspecified)
        if name.startswith("[") or _NUMBER.fullmatch(name.rpartition(".")[2]):
            return False
        return name in self.names or name == "localhost" or name.endswith(".localhost")


@lru_cache(maxsize=256)
def _is_name(hosts: AllowedHosts, header: bytes) -> bool:
    """Whether a Host header names a server; most callers say the same again and again."""
    found = _HOST.fullmatch(header.decode("latin-1").lower())
    return found is not None and hosts.has(found[1])


def _address(name: str) -> IPv4Address | IPv6Address | None:
    """The address that a name spells; None where it spells none, or in a way that hides an IPv4 address."""
    try:
        found = ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    if isinstance(found, IPv4Address):
        return None if name.startswith("[") else found
    return found if name.startswith("[") and found.ipv4_mapped is None else None
