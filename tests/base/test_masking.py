"""Secrets are masked."""

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.masking import MASK, MAX_SHOWN_DEPTH, is_secret, mask_secrets


def test_a_variable_whose_name_looks_like_a_secret_is_a_secret() -> None:
    for name in ("DB_PASSWORD", "apiKey", "AWS_SECRET_ACCESS_KEY", "TaskToken", "DATABASE_URL", "HTTP_AUTH", "pwd"):
        assert is_secret(name), name
    for name in ("AUTHOR", "KEYS_LOADED", "REPORT", "monkey", "path"):
        assert not is_secret(name), name


def test_a_secret_is_masked_as_a_key_as_a_variable_and_inside_text() -> None:
    assert mask_secrets({"password": "x", "day": 1}) == {"password": MASK, "day": 1}
    assert mask_secrets([{"Name": "DB_PASSWORD", "Value": "x"}]) == [{"Name": "DB_PASSWORD", "Value": MASK}]
    assert mask_secrets({"Cause": '{"Environment":[{"Name":"API_KEY","Value":"x"}]}'}) == {
        "Cause": f'{{"Environment":[{{"Name":"API_KEY","Value":"{MASK}"}}]}}'
    }


def test_a_value_that_is_nested_too_deeply_is_masked() -> None:
    deep: Json = "shown"
    for _ in range(MAX_SHOWN_DEPTH):
        deep = [deep]
    assert "shown" in dumps(mask_secrets(deep))
    assert "shown" not in dumps(mask_secrets([deep]))
    assert "shown" not in dumps(mask_secrets({"text": dumps(deep)}))
