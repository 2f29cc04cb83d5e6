"""References to secrets, and what a template writes for them."""

import pytest

from lamplighter.jobs.file.secrets import dynamic_reference, is_parameter_reference, is_secret_reference


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "/a", "ssm:", "ssm:/a:key", "secretsmanager:", "secretsmanager:a:b:c", "ssm:/a b", "s3:a",
        "arn:aws:s3:::a", "arn:aws:ssm:eu-west-1::parameter/a", "arn:aws:secretsmanager:eu-west-1:123456789012:a",
        "ssm:/${a}",
    ],
)  # fmt: skip
def test_a_text_that_is_not_a_secret_reference_is_rejected(text: str) -> None:
    assert not is_secret_reference(text)


@pytest.mark.parametrize(
    ("text", "written", "is_parameter"),
    [
        ("ssm:/a/db", "{{resolve:ssm:/a/db}}", True),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/a/db", "{{resolve:ssm:/a/db}}", True),
        ("secretsmanager:db:key", "{{resolve:secretsmanager:db:SecretString:key}}", False),
        ("secretsmanager:ssm:key", "{{resolve:secretsmanager:ssm:SecretString:key}}", False),
        ("https://example.com/ssm:x", "https://example.com/ssm:x", False),
    ],
)
def test_a_template_reads_a_secret_from_its_own_service(text: str, written: str, *, is_parameter: bool) -> None:
    assert (dynamic_reference(text), is_parameter_reference(text)) == (written, is_parameter)
