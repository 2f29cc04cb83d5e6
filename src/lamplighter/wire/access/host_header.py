"""Reject requests whose Host header is not one of the server's names.

A web page of another site reaches a server on this machine under a name that the page's author chose. That is either
the author's domain that resolves to this machine (DNS rebinding), or a spelling of loopback for which browsers do not
report a cross-site request (`0.0.0.0`, `[::ffff:127.0.0.1]`). Guarantees that each name is accepted in one spelling
only: a dotted IPv4 address, an IPv6 address in brackets, or a host name without a final dot, each with or without a
port. Rejects the unspecified address and IPv4-mapped IPv6 addresses, whichever addresses the server listens on.
See https://owasp.org/www-community/attacks/DNS_Rebinding and https://www.rfc-editor.org/rfc/rfc9112#section-3.2.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from lamplighter.base.errors import AccessDenied

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::[0-9]{1,5})?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""Matches a number. If a name's last label is one, browsers read the name as an IPv4 address (`127.1`, `0x7f.1`)."""

REMEDY = "use localhost or 127.0.0.1, or start the engine with --allow-host and this name"


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """The allowed names of one server. localhost and the loopback addresses are always allowed."""

    names: frozenset[str] = frozenset()
    """Host names and addresses that the owner of the server allowed."""
    any_address: bool = False
    """Whether every IP address is allowed, because each call must present credentials."""

    def check(self, header: bytes) -> None:
        """Raise AccessDenied if the Host header names another server."""
        if not _is_allowed(self, header):
            shown = header.decode("ascii", "backslashreplace")
            raise AccessDenied(f"this server does not accept the host name '{shown}': {REMEDY}", status=403)

    def allows(self, name: str) -> bool:
        """Return whether a name is allowed. `name` is in lower case, without a port."""
        address = _address(name)
        if address is not None:
            is_listed = self.any_address or str(address) in self.names
            return address.is_loopback or (is_listed and not address.is_unspecified)
        if name.startswith("[") or _NUMBER.fullmatch(name.rpartition(".")[2]):
            return False
        return name in self.names or name == "localhost" or name.endswith(".localhost")


def parse_host_name(text: str) -> str:
    """Return a host name or address in the spelling of `AllowedHosts`; ValueError if no Host header can contain it."""
    name = text.lower().removeprefix("[").removesuffix("]")
    with suppress(ValueError):
        name = str(ip_address(name))
    header = f"[{name}]" if ":" in name else name
    found = _HOST.fullmatch(header)
    if found is None or found[1] != header or not AllowedHosts(frozenset([name])).allows(header):
        raise ValueError(f"{text!r} is not a host name or an address: write it without scheme, port and path")
    return name


@lru_cache(maxsize=256)
def _is_allowed(hosts: AllowedHosts, header: bytes) -> bool:
    """Return whether a Host header is allowed. Cached, because most callers send the same header each time."""
    found = _HOST.fullmatch(header.decode("latin-1").lower())
    return found is not None and hosts.allows(found[1])


def _address(name: str) -> IPv4Address | IPv6Address | None:
    """Parse a name as an IP address. Return None for other names and for spellings that hide an IPv4 address."""
    try:
        found = ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    if isinstance(found, IPv4Address):
        return None if name.startswith("[") else found
    return found if name.startswith("[") and found.ipv4_mapped is None else None
