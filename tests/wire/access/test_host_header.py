"""The names of a server, each in one spelling."""

import pytest

from lamplighter.base.errors import AccessDenied
from lamplighter.wire.access.host_header import AllowedHosts

LOOPBACK = AllowedHosts(frozenset({"127.0.0.1", "box.lan"}))
ABROAD = AllowedHosts(frozenset({"0.0.0.0", "box.lan"}), any_address=True)
LOCAL = ["localhost", "LocalHost", "job.localhost", "a.b-c.localhost", "127.0.0.1", "127.255.0.9", "[::1]", "box.lan"]
OTHERS = ["10.0.0.9", "192.0.2.1", "8.8.8.8", "[fd00::9]", "[2001:db8::1]"]
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
NEVER = ["", " ", "localhost evil", "local\thost", "localhost\x00", *f"{NAMES} {ADDRESSES} {PORTS}".split()]


def answers(hosts: AllowedHosts, header: str) -> bool:
    try:
        hosts.check(header.encode())
    except AccessDenied:
        return False
    return True


@pytest.mark.parametrize("port", ["", ":1", ":4566", ":65535"])
@pytest.mark.parametrize("host", LOCAL)
def test_names_and_addresses_of_loopback_and_given_names_are_served(host: str, port: str) -> None:
    assert answers(LOOPBACK, host + port)
    assert answers(ABROAD, host + port)


@pytest.mark.parametrize("host", OTHERS)
def test_other_addresses_are_served_only_where_calls_show_credentials(host: str) -> None:
    assert not answers(LOOPBACK, host)
    assert answers(ABROAD, f"{host}:4566")


@pytest.mark.parametrize("host", NEVER)
def test_no_other_name_and_no_other_spelling_is_served_anywhere(host: str) -> None:
    for hosts in (LOOPBACK, ABROAD, AllowedHosts()):
        assert not answers(hosts, host)
        assert not answers(hosts, f"{host}:4566")


def test_an_address_that_was_given_is_served_but_never_the_one_that_means_every_address() -> None:
    given = AllowedHosts(frozenset({"10.0.0.9", "fd00::9", "0.0.0.0", "::"}))
    assert answers(given, "10.0.0.9:80")
    assert answers(given, "[fd00:0::9]")
    assert not answers(given, "10.0.0.8")
    assert not answers(given, "0.0.0.0:80")
    assert not answers(given, "[::]:80")
