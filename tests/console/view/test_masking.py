"""Secrets are not shown."""

from hypothesis import given

from lamplighter.console.view.masking import MASK, is_secret, mask_secrets, restore_secrets
from tests.strategies import values


def test_what_sounds_like_a_secret_is_one() -> None:
    for name in ("DB_PASSWORD", "apiKey", "AWS_SECRET_ACCESS_KEY", "TaskToken", "DATABASE_URL", "HTTP_AUTH", "pwd"):
        assert is_secret(name), name
    for name in ("AUTHOR", "KEYS_LOADED", "REPORT", "monkey", "path"):
        assert not is_secret(name), name


def test_a_secret_is_masked_as_a_key_as_a_variable_and_inside_of_text() -> None:
    assert mask_secrets({"password": "x", "day": 1}) == {"password": MASK, "day": 1}
    assert mask_secrets([{"Name": "DB_PASSWORD", "Value": "x"}]) == [{"Name": "DB_PASSWORD", "Value": MASK}]
    assert mask_secrets({"Cause": '{"Environment":[{"Name":"API_KEY","Value":"x"}]}'}) == {
        "Cause": f'{{"Environment":[{{"Name":"API_KEY","Value":"{MASK}"}}]}}'
    }


@given(values)
def test_what_is_shown_and_not_edited_is_what_it_was(document: object) -> None:
    assert restore_secrets(mask_secrets(document), document) == document


def test_an_edit_keeps_the_secrets_beside_it() -> None:
    original = {"password": "x", "day": 1, "to": [{"token": "y"}]}
    edited = mask_secrets(original) | {"day": 2}
    assert restore_secrets(edited, original) == {"password": "x", "day": 2, "to": [{"token": "y"}]}
