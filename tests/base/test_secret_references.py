"""A secret is found by its reference, and by nothing else."""

import pytest

from lamplighter.base.aws.secret_references import environment_secrets, find_secret, is_same_secret, parse_reference

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
def test_a_reference_has_its_own_name_in_a_secrets_file_and_as_a_variable(
    text: str, written: str, variable: str
) -> None:
    assert parse_reference(text).text == written
    assert parse_reference(text).variable == variable
    assert find_secret({written: "x"}, text) == find_secret({variable: "x"}, text) == "x"


def test_a_secret_is_found_by_its_full_arn() -> None:
    assert find_secret({SECRET: "x"}, SECRET) == "x"


def test_two_references_have_two_values() -> None:
    secrets = {"ssm:/a/db": "one", "SSM_B_DB": "two"}
    assert (find_secret(secrets, "/a/db"), find_secret(secrets, "arn:aws:ssm:r:1:parameter/b/db")) == ("one", "two")


@pytest.mark.parametrize(
    "text", ["PATH", "/PATH", "/aws/secret-access-key", "AWS_SECRET_ACCESS_KEY", f"{SECRET}:PATH::", "/elsewhere"]
)
def test_a_variable_that_is_not_named_as_a_secret_is_not_used(text: str) -> None:
    secrets = {"PATH": "x", "AWS_SECRET_ACCESS_KEY": "x", "DB_PASSWORD": "x"}
    assert environment_secrets(secrets)("DB_PASSWORD", text) is None


def test_a_key_is_read_from_the_json_of_the_secret_or_from_its_own_entry() -> None:
    secrets = {"secretsmanager:prod/db": '{"password": "x", "port": 5432}'}
    assert find_secret(secrets, f"{SECRET}:password::") == "x"
    assert find_secret(secrets, f"{SECRET}:port:AWSCURRENT:") == "5432"
    assert find_secret(secrets, f"{SECRET}:user::") is None
    assert find_secret(secrets, SECRET) == secrets["secretsmanager:prod/db"]
    assert find_secret(secrets | {"SECRETSMANAGER_PROD_DB_USER": "me"}, f"{SECRET}:user::") == "me"
    assert find_secret({"secretsmanager:prod/db": "no JSON"}, f"{SECRET}:user::") is None


def test_two_spellings_of_a_reference_are_the_same_secret() -> None:
    assert is_same_secret("ssm:/a/db", "arn:aws:ssm:us-east-1:123456789012:parameter/a/db")
    assert is_same_secret("secretsmanager:prod/db", SECRET)
    assert not is_same_secret("ssm:/a/db", "ssm:/b/db")
    assert not is_same_secret(f"{SECRET}:a::", f"{SECRET}:b::")
