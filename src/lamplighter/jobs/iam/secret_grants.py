"""Tell which permission an execution role needs to read a secret.

Guarantees for each secret the `valueFrom` for ECS and the permission, as text in which CloudFormation replaces account
and region. The job file names the user's own KMS keys under `aws: {kms: …}`.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html.
"""

from dataclasses import dataclass

from lamplighter.jobs.file.secrets import ARN_REFERENCE, SHORT_REFERENCE, has_random_suffix


@dataclass(frozen=True, slots=True)
class SecretGrant:
    """Where a secret is stored on AWS, and the permission to read it."""

    value: str
    """The `valueFrom` for ECS."""
    action: str
    resources: tuple[str, ...]
    """The ARNs that the execution role may read with the action."""


def parse_grant(text: str) -> SecretGrant:
    """Parse a valid reference into a `SecretGrant`."""
    long, short = ARN_REFERENCE.fullmatch(text), SHORT_REFERENCE.fullmatch(text)
    if long is not None:
        if long["service"] == "ssm":
            return SecretGrant(text, "ssm:GetParameters", (text,))
        secret_arn = ":".join(text.split(":")[:7])
        return SecretGrant(
            text,
            "secretsmanager:GetSecretValue",
            (secret_arn,) if has_random_suffix(secret_arn) else _with_any_suffix(secret_arn),
        )
    assert short is not None
    if short["service"] == "ssm":
        parameter_arn = _arn("ssm", f"parameter/{short['name'].removeprefix('/')}")
        return SecretGrant(parameter_arn, "ssm:GetParameters", (parameter_arn,))
    key = f":{short['key']}::" if short["key"] else ""
    secret_arn = _arn("secretsmanager", f"secret:{short['name']}")
    return SecretGrant(secret_arn + key, "secretsmanager:GetSecretValue", _with_any_suffix(secret_arn))


def _with_any_suffix(secret_arn: str) -> tuple[str, ...]:
    """Secrets Manager appends six random characters to a name; it also accepts an ARN without them."""
    return f"{secret_arn}-??????", secret_arn


def _arn(service: str, resource: str) -> str:
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"
