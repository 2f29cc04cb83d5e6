"""A secret is held for its place, and for nothing else."""

import pytest

from lamplighter.base.secret_references import environment_secrets, find_secret, is_same_secret, parse_reference

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/db-AbCdEf"


@pytest.mark.parametrize(
    ("text", "written", "variable"),
    [
        ("/a/db-password", "ssm:/a/db-password", "SSM_A_DB_PASSWORD"),
        ("arn:aws:ssm:us-east-1:123456789012:parameter/a/db-password", "ssm:/a/db-password", "SSM_A_DB_PASSWORD"),
        ("arn:aws:ssm:us-east-1:123456789012:parameter/word", "ssm:word", "SSM_WORD"),
        ("ssm:/word", "ssm:word", "SSM_WORD"),
        ("PATH", "ssm:PATH", "SSM_PATH"),
        (SECRET, "secretsmanager:prod/db-AbCdEf", "SECRETSMANAGER_PROD_DB_ABCDEF"),
        (f"{SECRET}:key::", "secretsmanager:prod/db-AbCdEf:key", "SECRETSMANAGER_PROD_DB_ABCDEF_KEY"),
        ("secretsmanager:prod/db:key", "secretsmanager:prod/db:key", "SECRETSMANAGER_PROD_DB_KEY"),
    ],
)
def test_a_place_has_a_name_of_its_own_in_a_file_and_in_a_process(text: str, written: str, variable: str) -> None:
    assert parse_reference(text).text == written
    assert parse_reference(text).variable == variable
    assert find_secret({written: "x"}, text) == find_secret({variable: "x"}, text) == "x"


def test_a_place_may_be_named_as_a_whole() -> None:
    assert find_secret({SECRET: "x"}, SECRET) == "x"


def test_two_places_have_two_values() -> None:
    held = {"ssm:/a/db": "one", "SSM_B_DB": "two"}
    assert (find_secret(held, "/a/db"), find_secret(held, "arn:aws:ssm:r:1:parameter/b/db")) == ("one", "two")


@pytest.mark.parametrize(
    "text", ["PATH", "/PATH", "/aws/secret-access-key", "AWS_SECRET_ACCESS_KEY", f"{SECRET}:PATH::", "/elsewhere"]
)
def test_no_variable_is_a_secret_that_does_not_say_so(text: str) -> None:
    held = {"PATH": "x", "AWS_SECRET_ACCESS_KEY": "x", "DB_PASSWORD": "x"}
    assert environment_secrets(held)("DB_PASSWORD", text) is None


def test_a_key_is_a_member_of_the_secret_or_a_line_of_its_own() -> None:
    held = {"secretsmanager:prod/db": '{"password": "x", "port": 5432}'}
    assert find_secret(held, f"{SECRET}:password::") == "x"
    assert find_secret(held, f"{SECRET}:port:AWSCURRENT:") == "5432"
    assert find_secret(held, f"{SECRET}:user::") is None
    assert find_secret(held, SECRET) == held["secretsmanager:prod/db"]
    assert find_secret(held | {"SECRETSMANAGER_PROD_DB_USER": "me"}, f"{SECRET}:user::") == "me"
    assert find_secret({"secretsmanager:prod/db": "no JSON"}, f"{SECRET}:user::") is None


def test_a_place_may_be_spelt_in_several_ways() -> None:
    assert is_same_secret("ssm:/a/db", "arn:aws:ssm:us-east-1:123456789012:parameter/a/db")
    assert is_same_secret("secretsmanager:prod/db", SECRET)
    assert not is_same_secret("ssm:/a/db", "ssm:/b/db")
    assert not is_same_secret(f"{SECRET}:a::", f"{SECRET}:b::")
