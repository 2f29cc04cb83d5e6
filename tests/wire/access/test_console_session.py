"""A console session is derived from what must stay the same about its person, and is valid until it ends."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.wire.access.console_session import (
    LIFETIME_MILLISECONDS,
    cookie_name,
    find_owner_by_password,
    find_person,
    issue_session,
    person_of_cookies,
)
from lamplighter.wire.access.credentials import Credentials, CredentialSet
from lamplighter.wire.access.password_hash import PasswordHash
from lamplighter.wire.access.people import People, of_owner
from lamplighter.wire.access.roles import Role
from lamplighter.wire.access.users import User

NOW = 1_767_225_600_000
ONE, OTHER = Credentials("ONE", "secret one", "sesame"), Credentials("OTHER", "secret two", "secret two")
OWNERS = {"ONE": ONE, "OTHER": OTHER}
HASH = PasswordHash(2**14, 8, 5, "s" * 22, "0" * 64)
ANNA = User("anna", Role.RUN, HASH)
PEOPLE = People(OWNERS, lambda: {"anna": ANNA})
SESSION = issue_session(of_owner(ONE), NOW)
SESSION_OF_ANNA = issue_session(PEOPLE.of_user(ANNA), NOW)


def is_valid_session(session: str, credentials: CredentialSet, now: int) -> bool:
    return find_person(session, People(credentials), now) is not None


def test_a_session_is_valid_until_its_end() -> None:
    for session in (SESSION, SESSION_OF_ANNA):
        assert find_person(session, PEOPLE, NOW + LIFETIME_MILLISECONDS - 1)
        assert not find_person(session, PEOPLE, NOW + LIFETIME_MILLISECONDS)


def test_a_session_says_who_has_logged_in() -> None:
    owner, anna = find_person(SESSION, PEOPLE, NOW), find_person(SESSION_OF_ANNA, PEOPLE, NOW)
    assert owner is not None
    assert anna is not None
    assert (owner.name, owner.role) == ("default", Role.CHANGE)
    assert (anna.name, anna.role) == ("anna", Role.RUN)


@pytest.mark.parametrize(
    "changed",
    [
        replace(ONE, secret="new"),
        replace(ONE, password="new"),
        replace(ONE, access_key="new"),
        replace(ONE, role=Role.LOOK),
        replace(ONE, logs_in=False),
        OTHER,
    ],
)
def test_a_session_ends_when_something_about_its_owner_changes(changed: Credentials) -> None:
    assert not is_valid_session(SESSION, {changed.access_key: changed}, NOW)


@pytest.mark.parametrize(
    "users",
    [
        {},
        {"anna": replace(ANNA, role=Role.CHANGE)},
        {"anna": replace(ANNA, password=replace(HASH, digest="1" * 64))},
        {"Anna": replace(ANNA, name="Anna")},
    ],
)
def test_the_session_of_a_user_ends_with_the_user_the_role_or_the_password(users: dict[str, User]) -> None:
    assert find_person(SESSION_OF_ANNA, People(OWNERS, lambda: users), NOW) is None


def test_the_users_file_alone_forges_no_session() -> None:
    forged = issue_session(People({"ONE": replace(ONE, secret="guessed")}).of_user(ANNA), NOW)
    assert find_person(forged, PEOPLE, NOW) is None


def test_an_owner_and_a_user_of_one_name_are_two_people() -> None:
    user = replace(ANNA, name="ONE")
    people = People(OWNERS, lambda: {"ONE": user})
    swapped = SESSION.replace(".k", ".u")
    assert find_person(swapped, people, NOW) is None


@given(st.integers(0, len(SESSION) - 1), st.characters(max_codepoint=255))
def test_a_session_with_a_changed_character_is_invalid(at: int, letter: str) -> None:
    changed = SESSION[:at] + letter + SESSION[at + 1 :]
    assert is_valid_session(changed, OWNERS, NOW) == (changed == SESSION)


@given(st.text())
def test_an_invented_session_is_invalid(text: str) -> None:
    assert not is_valid_session(text, OWNERS, NOW)


def test_a_session_is_read_from_the_cookies_of_a_browser() -> None:
    header = f"a=b; {cookie_name(OWNERS)}={SESSION}; c=d".encode()
    assert person_of_cookies(header, PEOPLE, NOW)
    for cookies in (
        b"",
        b"a=b",
        header.replace(SESSION.encode(), b""),
        b"\xff=;;",
        b"lamplighter-session=" + SESSION.encode(),
    ):
        assert not person_of_cookies(cookies, PEOPLE, NOW)


def test_two_engines_on_one_host_have_different_session_cookies() -> None:
    assert cookie_name({"ONE": ONE}) != cookie_name({"OTHER": OTHER})


def test_an_owner_is_found_only_by_the_exact_password() -> None:
    assert find_owner_by_password("sesame", OWNERS) == ONE
    assert find_owner_by_password("secret two", OWNERS) == OTHER
    assert [find_owner_by_password(text, OWNERS) for text in ("", "secret one", "Sesame", "sesame ")] == [None] * 4
