"""The address of a caller behind a reverse proxy."""

import pytest

from lamplighter.wire.access.trusted_proxies import find_caller_address

TRUSTED = {"127.0.0.1", "192.0.2.1"}


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.7", ["203.0.113.5"], "198.51.100.7"),  # a stranger invents a header
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("127.0.0.1", ["10.0.0.1, 203.0.113.5"], "203.0.113.5"),  # the caller of the proxy invented the first entry
        ("127.0.0.1", ["10.0.0.1", "203.0.113.5"], "203.0.113.5"),
        ("127.0.0.1", ["203.0.113.5, 192.0.2.1"], "203.0.113.5"),  # two trusted proxies
        ("127.0.0.1", ["203.0.113.5, 127.0.0.1, 192.0.2.1"], "203.0.113.5"),
        ("127.0.0.1", ["2001:DB8::1"], "2001:db8::1"),
        ("127.0.0.1", ["203.0.113.5, nonsense"], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", ["::ffff:203.0.113.5"], "203.0.113.5"),  # a proxy that listens on IPv6
        ("127.0.0.1", ["203.0.113.5, ::ffff:192.0.2.1"], "203.0.113.5"),
    ],
)
def test_only_what_trusted_proxies_have_appended_is_believed(peer: str, forwarded: list[str], address: str) -> None:
    headers = [(b"host", b"h"), *((b"x-forwarded-for", each.encode()) for each in forwarded)]
    assert find_caller_address(peer, headers, TRUSTED) == address
