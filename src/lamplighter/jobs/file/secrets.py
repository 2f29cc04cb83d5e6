"""Where a secret is held: ssm:/path, secretsmanager:name, secretsmanager:name:key, or an ARN of either.

Promises for each what ECS takes as `valueFrom` and what the execution role has to be allowed, as text in which
CloudFormation fills in account and region. Refuses keys of KMS: who has one of their own gives a role of their own. On
this box a secret is a line of `.env` or a variable of the process.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html.
"""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

_SHORT = re.compile(r"(?P<service>ssm|secretsmanager):(?P<name>[A-Za-z0-9/_+=.@-]+)(:(?P<key>[A-Za-z0-9_.-]+))?")
_LONG = re.compile(r"arn:[a-z-]+:(?P<service>ssm|secretsmanager):[a-z0-9-]+:[0-9]+:(?P<name>(parameter|secret)[:/].+)")


@dataclass(frozen=True, slots=True)
class SecretSource:
    """One secret."""

    value: str
    """What ECS is told."""
    action: str
    resources: tuple[str, ...]
    """What the execution role may read for it."""


def is_secret_source(text: str) -> bool:
    """Whether a text says where a secret is held."""
    short = _SHORT.fullmatch(text)
    return bool(_LONG.fullmatch(text)) or (short is not None and not (short["service"] == "ssm" and short["key"]))


def _held(text: str) -> str:
    if not is_secret_source(text):
        instead = "write ssm:/path, secretsmanager:name, secretsmanager:name:key or an ARN"
        raise ValueError(f"`{text}` is no place of a secret|{instead}")
    return text


Secret = Annotated[str, AfterValidator(_held)]
"""Where a secret is held."""


def parse_source(text: str) -> SecretSource:
    """What a text says of a secret."""
    long, short = _LONG.fullmatch(text), _SHORT.fullmatch(text)
    if long is not None:
        if long["service"] == "ssm":
            return SecretSource(text, "ssm:GetParameters", (text,))
        held = ":".join(text.split(":")[:7])
        return SecretSource(
            text, "secretsmanager:GetSecretValue", (held,) if has_random_suffix(held) else _of_any_suffix(held)
        )
    assert short is not None
    if short["service"] == "ssm":
        where = _arn("ssm", f"parameter/{short['name'].removeprefix('/')}")
        return SecretSource(where, "ssm:GetParameters", (where,))
    key = f":{short['key']}::" if short["key"] else ""
    held = _arn("secretsmanager", f"secret:{short['name']}")
    return SecretSource(held + key, "secretsmanager:GetSecretValue", _of_any_suffix(held))


def has_random_suffix(name: str) -> bool:
    """Whether Secrets Manager takes a name, or an ARN, for one that has its six characters already."""
    return re.search("-[A-Za-z0-9]{6}$", name) is not None


def is_ambiguous_name(text: str) -> bool:
    """Whether a secret that is named without its ARN cannot be found by its name."""
    short = _SHORT.fullmatch(text)
    return short is not None and short["service"] == "secretsmanager" and has_random_suffix(short["name"])


def _of_any_suffix(held: str) -> tuple[str, ...]:
    """Secrets Manager puts six characters behind a name that nobody knows beforehand, and takes an ARN without them."""
    return f"{held}-??????", held


def _arn(service: str, resource: str) -> str:
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"
