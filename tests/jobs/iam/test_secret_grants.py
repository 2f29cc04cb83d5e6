"""The ARN of a secret that ECS receives, and the permission that the execution role needs for it."""

import pytest

from lamplighter.jobs.file.secrets import is_secret_reference
from lamplighter.jobs.iam.secret_grants import SecretGrant, parse_grant

HERE = "${AWS::Region}:${AWS::AccountId}"
PARAMETER = f"arn:${{AWS::Partition}}:ssm:{HERE}:parameter"
SECRET = f"arn:${{AWS::Partition}}:secretsmanager:{HERE}:secret"
LONG = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a/b-x1y2z3"
SHORT = LONG.removesuffix("-x1y2z3")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ssm:/a/b", SecretGrant(f"{PARAMETER}/a/b", "ssm:GetParameters", (f"{PARAMETER}/a/b",))),
        ("ssm:a", SecretGrant(f"{PARAMETER}/a", "ssm:GetParameters", (f"{PARAMETER}/a",))),
        (
            "secretsmanager:a/b",
            SecretGrant(f"{SECRET}:a/b", "secretsmanager:GetSecretValue", (f"{SECRET}:a/b-??????", f"{SECRET}:a/b")),
        ),
        (
            "secretsmanager:a/b:key",
            SecretGrant(
                f"{SECRET}:a/b:key::", "secretsmanager:GetSecretValue", (f"{SECRET}:a/b-??????", f"{SECRET}:a/b")
            ),
        ),
        (LONG, SecretGrant(LONG, "secretsmanager:GetSecretValue", (LONG,))),
        (SHORT, SecretGrant(SHORT, "secretsmanager:GetSecretValue", (f"{SHORT}-??????", SHORT))),
        (f"{SHORT}:key::", SecretGrant(f"{SHORT}:key::", "secretsmanager:GetSecretValue", (f"{SHORT}-??????", SHORT))),
        (f"{LONG}:key::", SecretGrant(f"{LONG}:key::", "secretsmanager:GetSecretValue", (LONG,))),
        (
            "arn:aws:ssm:eu-west-1:123456789012:parameter/a",
            SecretGrant(
                "arn:aws:ssm:eu-west-1:123456789012:parameter/a",
                "ssm:GetParameters",
                ("arn:aws:ssm:eu-west-1:123456789012:parameter/a",),
            ),
        ),
    ],
)
def test_a_secret_reference_becomes_an_arn_and_the_permission_to_read_exactly_that_secret(
    text: str, expected: SecretGrant
) -> None:
    assert is_secret_reference(text)
    assert parse_grant(text) == expected
