"""Where a secret is held, and under which names one box holds it.

ECS names a secret by `valueFrom`: the name or ARN of a parameter of Systems Manager, or the ARN of a secret of Secrets
Manager with a JSON key, a stage and a version behind it. A job file writes `ssm:/a/db` or `secretsmanager:db:key`.
Promises that each place has names of its own, so that two places have two values: the place as the job file writes it
(`ssm:/a/db`), which a `.env` takes, and the same in capitals as a variable of a process (`SSM_A_DB`). A variable that
does not begin like this is never a secret. See
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from lamplighter.base.json_text import JsonError, dumps, loads

Held = Callable[[str, str], str | None]
"""The value of the secret that a container knows by a name, from a place; None where there is none."""

_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}\Z")
SSM, SECRETS_MANAGER = "ssm", "secretsmanager"


@dataclass(frozen=True, slots=True)
class SecretReference:
    """One place."""

    service: str
    name: str
    key: str = ""
    """Of a secret that is a JSON object, the member."""

    @property
    def text(self) -> str:
        """As a job file writes it."""
        return f"{self.service}:{self.name}" + (f":{self.key}" if self.key else "")

    @property
    def variable(self) -> str:
        """The variable of a process that holds it."""
        return re.sub("[^A-Z0-9]+", "_", self.text.upper())


def parse_reference(text: str) -> SecretReference:
    """The place that `valueFrom`, or a job file, names."""
    parts = text.split(":")
    if parts[0] == "arn" and len(parts) > 6 and parts[2] == SECRETS_MANAGER:
        return SecretReference(SECRETS_MANAGER, parts[6], parts[7] if len(parts) > 7 else "")
    if parts[0] == SECRETS_MANAGER and len(parts) > 1:
        return SecretReference(SECRETS_MANAGER, parts[1], parts[2] if len(parts) > 2 else "")
    if parts[0] == "arn" and len(parts) > 5:
        return SecretReference(SSM, _path(":".join(parts[5:]).removeprefix("parameter").removeprefix("/")))
    return SecretReference(SSM, _path(text.removeprefix("ssm:")))


def _path(name: str) -> str:
    """A parameter's name: the ARN of one in a hierarchy does not show the slash that it begins with."""
    bare = name.removeprefix("/")
    return f"/{bare}" if "/" in bare else bare


def is_same_secret(one: str, other: str) -> bool:
    """Whether two texts name one place; of Secrets Manager, with and without the six characters behind a name."""
    return not {each.text for each in _spellings(parse_reference(one))}.isdisjoint(
        each.text for each in _spellings(parse_reference(other))
    )


def find_secret(held: Mapping[str, str], text: str) -> str | None:
    """The value that is held for a place."""
    # A parameter's bare name could be that of any variable.
    if text.startswith("arn:") and text in held:
        return held[text]
    for each in _spellings(parse_reference(text)):
        for name in (each.text, each.variable):
            if name in held:
                return held[name]
    for each in _spellings(parse_reference(text)):
        whole = SecretReference(each.service, each.name)
        for name in (whole.text, whole.variable):
            if each.key and name in held:
                return _member(held[name], each.key)
    return None


def environment_secrets(process: Mapping[str, str]) -> Held:
    """The secrets that a process holds, by their places alone."""
    return partial(_of_place, process)


def _of_place(process: Mapping[str, str], _name: str, text: str) -> str | None:
    return find_secret(process, text)


def _spellings(where: SecretReference) -> Iterator[SecretReference]:
    yield where
    if where.service == SECRETS_MANAGER and _SUFFIX.search(where.name):
        yield SecretReference(where.service, _SUFFIX.sub("", where.name), where.key)
    if where.service == SSM and "/" not in where.name:
        yield SecretReference(where.service, f"/{where.name}")


def _member(text: str, key: str) -> str | None:
    """A member of a secret that is a JSON object."""
    try:
        document = loads(text)
    except JsonError:
        return None
    value = document.get(key) if isinstance(document, dict) else None
    return value if value is None or isinstance(value, str) else dumps(value)
