"""A session is what its holder's secrets make, until it ends."""

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


def test_it_holds_until_it_ends() -> None:
    assert is_valid_session(SESSION, HOLDERS, NOW)
    assert is_valid_session(SESSION, HOLDERS, NOW + LIFETIME_MILLISECONDS - 1)
    assert not is_valid_session(SESSION, HOLDERS, NOW + LIFETIME_MILLISECONDS)


@pytest.mark.parametrize(
    "changed", [replace(ONE, secret="new"), replace(ONE, password="new"), replace(ONE, access_key="new"), OTHER]
)
def test_it_ends_when_what_it_was_made_of_changes(changed: Credentials) -> None:
    assert not is_valid_session(SESSION, {changed.access_key: changed}, NOW)


@given(st.integers(0, len(SESSION) - 1), st.characters(max_codepoint=255))
def test_no_letter_of_it_can_be_changed(at: int, letter: str) -> None:
    changed = SESSION[:at] + letter + SESSION[at + 1 :]
    assert is_valid_session(changed, HOLDERS, NOW) == (changed == SESSION)


@given(st.text())
def test_nothing_that_was_made_up_holds(text: str) -> None:
    assert not is_valid_session(text, HOLDERS, NOW)


def test_it_is_read_from_among_the_cookies_of_a_browser() -> None:
    shown = f"a=b; {cookie_name(HOLDERS)}={SESSION}; c=d".encode()
    assert has_valid_session(shown, HOLDERS, NOW)
    for cookies in (
        b"",
        b"a=b",
        shown.replace(SESSION.encode(), b""),
        b"\xff=;;",
        b"lamplighter-session=" + SESSION.encode(),
    ):
        assert not has_valid_session(cookies, HOLDERS, NOW)


def test_two_engines_of_a_host_keep_their_sessions_apart() -> None:
    assert cookie_name({"ONE": ONE}) != cookie_name({"OTHER": OTHER})


def test_a_password_opens_for_its_holder_and_nothing_else_does() -> None:
    assert find_holder("sesame", HOLDERS) == ONE
    assert find_holder("secret two", HOLDERS) == OTHER
    assert [find_holder(text, HOLDERS) for text in ("", "secret one", "Sesame", "sesame ")] == [None] * 4
