"""GetRandomPassword: length, kinds of characters, and what is left out.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
"""

import string

import pytest

from lamplighter.base.json_text import Json
from tests.services.refused_calls import refusal, refused

KINDS = {
    "Lowercase": string.ascii_lowercase,
    "Uppercase": string.ascii_uppercase,
    "Numbers": string.digits,
    "Punctuation": string.punctuation,
}
ALL = "".join(KINDS.values())


def test_a_password_has_32_characters_of_all_four_kinds(secrets: Json) -> None:
    password = secrets.get_random_password()["RandomPassword"]
    assert len(password) == 32
    assert set(password) <= set(ALL)
    assert all(set(password) & set(kind) for kind in KINDS.values())
    assert password != secrets.get_random_password()["RandomPassword"]


@pytest.mark.parametrize("length", [4, 8, 64, 65, 4096])
def test_a_password_has_the_length_that_was_asked_for(secrets: Json, length: int) -> None:
    password = secrets.get_random_password(PasswordLength=length)["RandomPassword"]
    assert len(password) == length
    assert all(set(password) & set(kind) for kind in KINDS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_an_excluded_kind_is_not_in_a_password(secrets: Json, kind: str) -> None:
    password = secrets.get_random_password(PasswordLength=512, **{f"Exclude{kind}": True})["RandomPassword"]
    assert not set(password) & set(KINDS[kind])
    others = {f"Exclude{each}": True for each in KINDS if each != kind}
    alone = secrets.get_random_password(PasswordLength=1, **others)["RandomPassword"]
    assert alone in KINDS[kind]


def test_a_space_is_one_more_kind(secrets: Json) -> None:
    assert " " not in secrets.get_random_password(PasswordLength=4096)["RandomPassword"]
    assert " " in secrets.get_random_password(PasswordLength=8, IncludeSpace=True)["RandomPassword"]


@pytest.mark.parametrize("length", [8, 65, 100])
def test_each_kind_is_in_a_password_even_if_one_character_of_it_is_left(secrets: Json, length: int) -> None:
    """One of 64 characters is missing in every fifth text of a hundred of them."""
    excluded = string.digits[1:] + string.punctuation
    for _ in range(30):
        password = secrets.get_random_password(PasswordLength=length, ExcludeCharacters=excluded)["RandomPassword"]
        assert "0" in password
        assert not set(password) & set(excluded)


def test_a_kind_may_be_missing_if_the_caller_allows_it(secrets: Json) -> None:
    password = secrets.get_random_password(PasswordLength=1, RequireEachIncludedType=False)["RandomPassword"]
    assert len(password) == 1
    assert refused(secrets.get_random_password, PasswordLength=3) == "InvalidParameterException"


def test_a_password_has_4096_characters_at_most(secrets: Json) -> None:
    assert refused(secrets.get_random_password, PasswordLength=4097) == "ValidationException"


def test_a_password_without_any_character_is_refused(secrets: Json) -> None:
    code, message = refusal(secrets.get_random_password, ExcludeCharacters=ALL)
    assert (code, "all characters are excluded" in message) == ("InvalidParameterException", True)
    spaces = secrets.get_random_password(ExcludeCharacters=ALL, IncludeSpace=True, PasswordLength=3)
    assert spaces["RandomPassword"] == "   "
