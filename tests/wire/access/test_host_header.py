"""The host names of a server, each in only one spelling."""

import pytest

from lamplighter.base.errors import AccessDenied
from lamplighter.wire.access.host_header import AllowedHosts, parse_host_name

LOOPBACK = AllowedHosts(frozenset({"127.0.0.1", "box.lan"}))
ANY_ADDRESS = AllowedHosts(frozenset({"0.0.0.0", "box.lan"}), any_address=True)
LOCAL_HOSTS = [
    "localhost",
    "LocalHost",
    "job.localhost",
    "a.b-c.localhost",
    "127.0.0.1",
    "127.255.0.9",
    "[::1]",
    "box.lan",
]
OTHER_ADDRESSES = ["10.0.0.9", "192.0.2.1", "8.8.8.8", "[fd00::9]", "[2001:db8::1]"]
NAMES = """
: :4566 evil.example localhost.evil.example evillocalhost .localhost a..localhost localhost. 127.0.0.1. box.lan.
user@localhost user:password@127.0.0.1 localhost/ http://localhost localhost,localhost lócalhost ｌocalhost
"""
ADDRESSES = """
0.0.0.0 0 [::] [0:0:0:0:0:0:0:0] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:10.0.0.9] [0:0:0:0:0:ffff:127.0.0.1]
127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0x7f.0.0.1 0177.0.0.1 127.0.0.01 127.0.0.1.1 256.0.0.1 127.0.0.256
1.localhost.0x1 a.1 [127.0.0.1] ::1 [::1 ::1] [] [::1%lo] [::1%25lo] ١٢٧.0.0.1
"""
PORTS = "localhost:x localhost: localhost:-1 localhost:456600 localhost:1:2 [::1]: [::1]x 127.0.0.1:"
REJECTED = ["", " ", "localhost evil", "local\thost", "localhost\x00", *f"{NAMES} {ADDRESSES} {PORTS}".split()]


def is_accepted(hosts: AllowedHosts, header: str) -> bool:
    try:
        hosts.check(header.encode())
    except AccessDenied:
        return False
    return True


@pytest.mark.parametrize("port", ["", ":1", ":4566", ":65535"])
@pytest.mark.parametrize("host", LOCAL_HOSTS)
def test_loopback_names_and_addresses_and_configured_names_are_accepted(host: str, port: str) -> None:
    assert is_accepted(LOOPBACK, host + port)
    assert is_accepted(ANY_ADDRESS, host + port)


@pytest.mark.parametrize("host", OTHER_ADDRESSES)
def test_other_addresses_are_accepted_only_if_any_address_is_allowed(host: str) -> None:
    assert not is_accepted(LOOPBACK, host)
    assert is_accepted(ANY_ADDRESS, f"{host}:4566")


@pytest.mark.parametrize("host", REJECTED)
def test_any_other_name_or_spelling_is_always_rejected(host: str) -> None:
    for hosts in (LOOPBACK, ANY_ADDRESS, AllowedHosts()):
        assert not is_accepted(hosts, host)
        assert not is_accepted(hosts, f"{host}:4566")


def test_a_configured_address_is_accepted_unless_it_is_the_wildcard_address() -> None:
    hosts = AllowedHosts(frozenset({"10.0.0.9", "fd00::9", "0.0.0.0", "::"}))
    assert is_accepted(hosts, "10.0.0.9:80")
    assert is_accepted(hosts, "[fd00:0::9]")
    assert not is_accepted(hosts, "10.0.0.8")
    assert not is_accepted(hosts, "0.0.0.0:80")
    assert not is_accepted(hosts, "[::]:80")


@pytest.mark.parametrize(
    ("given", "name", "header"),
    [
        ("Jobs.Example.com", "jobs.example.com", "jobs.example.com:4566"),
        ("10.0.0.9", "10.0.0.9", "10.0.0.9"),
        ("FD00:0::9", "fd00::9", "[fd00::9]:80"),
        ("[fd00::9]", "fd00::9", "[fd00::9]"),
    ],
)
def test_a_name_that_an_owner_allows_is_accepted_in_a_header(given: str, name: str, header: str) -> None:
    assert parse_host_name(given) == name
    assert is_accepted(AllowedHosts(frozenset([name])), header)


@pytest.mark.parametrize(
    "given", ["http://jobs", "jobs:8080", "jobs/console", "jobs.", "*.example.com", "0.0.0.0", "", "a b", "127.1"]
)
def test_a_name_that_no_header_can_have_is_refused_with_what_to_write(given: str) -> None:
    with pytest.raises(ValueError, match="is not a host name or an address: write it without scheme, port and path"):
        parse_host_name(given)
