"""The lines of the users file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.wire.access.password_hash import PasswordHash
from lamplighter.wire.access.roles import Role
from lamplighter.wire.access.users import InvalidUsers, User, check_name, check_password, format_users, parse_users

HASH = PasswordHash(2**14, 8, 5, "s" * 22, "0" * 64)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", fullmatch=True)
users = st.lists(
    st.builds(User, names, st.sampled_from(Role), st.just(HASH), st.integers(0, 10**9 - 1)),
    unique_by=lambda each: each.name.lower(),
    max_size=9,
)


@given(users)
def test_users_are_read_as_they_were_written(found: list[User]) -> None:
    by_name = {each.name: each for each in found}
    assert parse_users(format_users(by_name)) == by_name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a b",
        "a:b",
        "a\nb",
        "a\r\nSet-Cookie: x",
        "-rf",
        ".hidden",
        "@",
        "müller",
        "a" * 65,
        "a/b",
        "a\x00",
        "a\u2028",
    ],
)
def test_a_name_with_other_characters_is_refused(name: str) -> None:
    with pytest.raises(InvalidUsers, match="is not a name"):
        check_name(name)


def test_a_mail_address_is_a_name() -> None:
    check_name("anna.berg-1_x@example.com")


@pytest.mark.parametrize("password", ["", "short", "x" * 201, "anna@example.com", "ANNA@example.com"])
def test_a_password_that_is_short_or_equals_the_name_is_refused(password: str) -> None:
    with pytest.raises(InvalidUsers):
        check_password(password, "anna@example.com")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("anna", "has the form NAME:ROLE:HASH"),
        (f"anna:root:{HASH}", "the role is one of look, run, change"),
        (f"an na:run:{HASH}", "is not a name"),
        ("anna:run:secret", "not a hash of scrypt"),
        (f"berta:run:{HASH}:x", "has the form NAME:ROLE:HASH"),
        (f"ANNA:look:{HASH}", "there is another line for ANNA"),
    ],
)
def test_an_invalid_line_is_named_and_its_hash_is_not_shown(line: str, words: str) -> None:
    text = f"# comment\n\nanna:run:{HASH}\n{line}\n"
    with pytest.raises(InvalidUsers, match="line 4: ") as caught:
        parse_users(text)
    assert words in str(caught.value)
    assert "0" * 64 not in str(caught.value)
    assert "secret" not in str(caught.value)
