"""A console session is derived from the secrets of its holder, and is valid until it ends."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.wire.access.console_session import (
    LIFETIME_MILLISECONDS,
    cookie_name,
    find_holder,
    has_valid_session,
    is_valid_session,
    issue_session,
)
from lamplighter.wire.access.credentials import Credentials

NOW = 1_767_225_600_000
ONE, OTHER = Credentials("ONE", "secret one", "sesame"), Credentials("OTHER", "secret two", "secret two")
HOLDERS = {"ONE": ONE, "OTHER": OTHER}
SESSION = issue_session(ONE, NOW)


def test_a_session_is_valid_until_its_end() -> None:
    assert is_valid_session(SESSION, HOLDERS, NOW)
    assert is_valid_session(SESSION, HOLDERS, NOW + LIFETIME_MILLISECONDS - 1)
    assert not is_valid_session(SESSION, HOLDERS, NOW + LIFETIME_MILLISECONDS)


@pytest.mark.parametrize(
    "changed", [replace(ONE, secret="new"), replace(ONE, password="new"), replace(ONE, access_key="new"), OTHER]
)
def test_a_session_ends_when_a_secret_of_its_holder_changes(changed: Credentials) -> None:
    assert not is_valid_session(SESSION, {changed.access_key: changed}, NOW)


@given(st.integers(0, len(SESSION) - 1), st.characters(max_codepoint=255))
def test_a_session_with_a_changed_character_is_invalid(at: int, letter: str) -> None:
    changed = SESSION[:at] + letter + SESSION[at + 1 :]
    assert is_valid_session(changed, HOLDERS, NOW) == (changed == SESSION)


@given(st.text())
def test_an_invented_session_is_invalid(text: str) -> None:
    assert not is_valid_session(text, HOLDERS, NOW)


def test_a_session_is_read_from_the_cookies_of_a_browser() -> None:
    header = f"a=b; {cookie_name(HOLDERS)}={SESSION}; c=d".encode()
    assert has_valid_session(header, HOLDERS, NOW)
    for cookies in (
        b"",
        b"a=b",
        header.replace(SESSION.encode(), b""),
        b"\xff=;;",
        b"lamplighter-session=" + SESSION.encode(),
    ):
        assert not has_valid_session(cookies, HOLDERS, NOW)


def test_two_engines_on_one_host_have_different_session_cookies() -> None:
    assert cookie_name({"ONE": ONE}) != cookie_name({"OTHER": OTHER})


def test_a_holder_is_found_only_by_the_exact_password() -> None:
    assert find_holder("sesame", HOLDERS) == ONE
    assert find_holder("secret two", HOLDERS) == OTHER
    assert [find_holder(text, HOLDERS) for text in ("", "secret one", "Sesame", "sesame ")] == [None] * 4
