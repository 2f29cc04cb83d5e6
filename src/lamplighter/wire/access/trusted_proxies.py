"""Find the address of a caller behind a reverse proxy.

A proxy appends the address of its caller to `X-Forwarded-For`. Only the entries that trusted proxies appended are
believed: the last one, and the ones before it while they name trusted proxies. A caller can invent all others. See
https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For#security_and_privacy_concerns.
"""

from collections.abc import Collection, Iterable
from ipaddress import ip_address

HEADER = b"x-forwarded-for"


def normal_address(text: str) -> str:
    """Return the one text of an address: IPv4 also if IPv6 wraps it (::ffff:192.0.2.1); raise ValueError if invalid."""
    found = ip_address(text)
    return str(getattr(found, "ipv4_mapped", None) or found)


def find_caller_address(peer: str, headers: Iterable[tuple[bytes, bytes]], trusted: Collection[str]) -> str:
    """Return the address of the caller; `peer` is the address from which the connection comes.

    If a trusted proxy sends no valid address, the result is the address of that proxy.
    """
    entries = [each.strip() for name, value in headers if name == HEADER for each in value.decode("latin-1").split(",")]
    address = peer
    while entries and address in trusted:
        try:
            address = normal_address(entries.pop())
        except ValueError:
            return address
    return address
