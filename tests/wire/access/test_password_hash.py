"""Hashes of passwords."""

import pytest

from lamplighter.wire.access.password_hash import (
    MAX_COST,
    InvalidHash,
    PasswordHash,
    hash_password,
    is_password,
    parse_hash,
)

SALT = "abcdefghijklmnopqrstuv"
STORED = hash_password("correct horse", SALT)


def test_a_password_has_its_own_hash_only() -> None:
    assert is_password("correct horse", STORED)
    assert not is_password("correct horsf", STORED)
    assert not is_password("", STORED)
    assert hash_password("correct horse", SALT[::-1]).digest != STORED.digest


def test_a_hash_is_stored_with_its_parameters() -> None:
    assert parse_hash(str(STORED)) == STORED
    weaker = PasswordHash(2**10, 8, 1, SALT, "")
    older = PasswordHash(2**10, 8, 1, SALT, "0" * 64)
    assert parse_hash(str(older)) == older
    assert not is_password("correct horse", older)
    assert str(weaker).startswith("scrypt$1024$8$1$")


def test_the_same_letter_from_another_keyboard_is_the_same_password() -> None:
    assert is_password("cafe\u0301 um zehn", hash_password("caf\u00e9 um zehn", SALT))


@pytest.mark.parametrize(
    "text",
    [
        "", "secret", str(STORED)[:-1], str(STORED).replace("scrypt", "md5"), str(STORED).replace("$16384$", "$16385$"),
        str(STORED).replace("$16384$", f"${MAX_COST * 2}$"), str(STORED).replace("$16384$", "$1$"),
        str(STORED).replace("$8$", "$0$"), str(STORED).replace("$5$", "$99$"), f"{STORED}\n",
    ],
)  # fmt: skip
def test_a_hash_that_is_damaged_or_too_costly_is_refused(text: str) -> None:
    with pytest.raises(InvalidHash):
        parse_hash(text)
