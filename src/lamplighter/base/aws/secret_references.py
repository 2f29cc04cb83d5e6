"""Parse references to secrets, and find their values in a `.env` file or in environment variables.

ECS names a secret by `valueFrom`: the name or ARN of a Systems Manager parameter, or the ARN of a Secrets Manager
secret. A JSON key, a stage and a version may follow the latter. A job file writes `ssm:/a/db` or
`secretsmanager:db:key`.

A reference has two names under which this machine can hold its value. The first is the text of the job file
(`ssm:/a/db`), which a `.env` file accepts. The second is the same text in capitals as an environment variable
(`SSM_A_DB`). So no `valueFrom` can read a variable without such a prefix. See
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from lamplighter.base.json_text import dumps, loads_or

SecretLookup = Callable[[str, str], str | None]
"""A function of a name in the container and a reference; it returns the secret's value, or None."""

_RANDOM_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}\Z")
SSM, SECRETS_MANAGER = "ssm", "secretsmanager"


@dataclass(frozen=True, slots=True)
class SecretReference:
    """A reference to a secret in Systems Manager or Secrets Manager."""

    service: str
    name: str
    key: str = ""
    """The member to read if the secret is a JSON object."""

    @property
    def text(self) -> str:
        """The reference as a job file writes it."""
        return f"{self.service}:{self.name}" + (f":{self.key}" if self.key else "")

    @property
    def variable(self) -> str:
        """The name of the environment variable that holds the value."""
        return re.sub("[^A-Z0-9]+", "_", self.text.upper())


def parse_reference(text: str) -> SecretReference:
    """Parse a reference from `valueFrom` or from a job file."""
    parts = text.split(":")
    if parts[0] == "arn" and len(parts) > 6 and parts[2] == SECRETS_MANAGER:
        return SecretReference(SECRETS_MANAGER, parts[6], parts[7] if len(parts) > 7 else "")
    if parts[0] == SECRETS_MANAGER and len(parts) > 1:
        return SecretReference(SECRETS_MANAGER, parts[1], parts[2] if len(parts) > 2 else "")
    if parts[0] == "arn" and len(parts) > 5:
        return SecretReference(SSM, _parameter_name(":".join(parts[5:]).removeprefix("parameter").removeprefix("/")))
    return SecretReference(SSM, _parameter_name(text.removeprefix("ssm:")))


def _parameter_name(name: str) -> str:
    """Return a parameter's name with its leading slash, which the ARN of a parameter in a hierarchy does not show."""
    bare = name.removeprefix("/")
    return f"/{bare}" if "/" in bare else bare


def is_same_secret(one: str, other: str) -> bool:
    """Return whether two texts refer to the same secret, with or without Secrets Manager's random suffix."""
    return not spellings(one).isdisjoint(spellings(other))


def spellings(text: str) -> frozenset[str]:
    """Return the texts of a reference; those of another reference to the same secret have one of them, too."""
    return frozenset(each.text for each in _spellings(parse_reference(text)))


def find_secret(values: Mapping[str, str], text: str) -> str | None:
    """Return the value that `values` has for a reference, or None."""
    # Only an ARN is looked up as written: a parameter's bare name could be the name of any variable.
    if text.startswith("arn:") and text in values:
        return values[text]
    for each in _spellings(parse_reference(text)):
        for name in (each.text, each.variable):
            if name in values:
                return values[name]
    for each in _spellings(parse_reference(text)):
        secret = SecretReference(each.service, each.name)
        for name in (secret.text, secret.variable):
            if each.key and name in values:
                return read_member(values[name], each.key)
    return None


def environment_secrets(process: Mapping[str, str]) -> SecretLookup:
    """Return a function that finds secrets in a process's environment; it ignores their names in the container."""
    return partial(_find_by_reference, process)


def _find_by_reference(process: Mapping[str, str], _name: str, text: str) -> str | None:
    return find_secret(process, text)


def _spellings(reference: SecretReference) -> Iterator[SecretReference]:
    yield reference
    if reference.service == SECRETS_MANAGER and _RANDOM_SUFFIX.search(reference.name):
        yield SecretReference(reference.service, _RANDOM_SUFFIX.sub("", reference.name), reference.key)
    if reference.service == SSM and "/" not in reference.name:
        yield SecretReference(reference.service, f"/{reference.name}")


def read_member(text: str, key: str) -> str | None:
    """Return a member of a secret that is a JSON object, or None."""
    document = loads_or(text, None)
    value = document.get(key) if isinstance(document, dict) else None
    return value if value is None or isinstance(value, str) else dumps(value)
