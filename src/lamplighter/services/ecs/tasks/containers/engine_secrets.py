"""Find the secrets of a task's containers in this engine's Parameter Store and Secrets Manager.

A value of this machine (a `.env` file, an environment variable) comes first. See
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html: the ARN of a secret may
end with a JSON key, a stage and a version. If the engine enforces IAM, the execution role must be allowed to read what
the engine has.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from lamplighter.base.aws.secret_references import SECRETS_MANAGER, SSM, SecretLookup, read_member
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Bus, Caller


@dataclass(frozen=True, slots=True)
class TaskSecrets:
    """The secrets of a task's containers."""

    find: SecretLookup
    denied: Mapping[str, str] = field(default_factory=dict)
    """Why the execution role may not read a secret, by the secret's reference."""


async def add_engine_secrets(bus: Bus, caller: Caller, definition: Json, local: SecretLookup) -> TaskSecrets:
    """Return what `local` finds, and else what this engine has and the caller may read, for a task definition."""
    found: dict[str, str] = {}
    denied: dict[str, str] = {}
    for name, source in _wanted(definition):
        if source in found or source in denied or local(name, source) is not None:
            continue
        why = _denial(bus, caller, source)
        if why is not None:
            denied[source] = why
            continue
        value = await _read(bus, caller, source)
        found |= {} if value is None else {source: value}
    return TaskSecrets(partial(_find, local, found) if found else local, denied)


def _denial(bus: Bus, caller: Caller, source: str) -> str | None:
    """Return why the caller may not read a secret, or None if it may."""
    service = _service_of(source)
    params = {"Names": [source]} if service == SSM else {"SecretId": _secret_id(source)}
    try:
        bus.check_access(
            bus.store.reader, caller, service, "GetParameters" if service == SSM else "GetSecretValue", params
        )
    except AwsError as error:
        return f"{error.code}: {error.message}"
    return None


def _find(local: SecretLookup, found: Mapping[str, str], name: str, source: str) -> str | None:
    value = local(name, source)
    return found.get(source) if value is None else value


def _wanted(definition: Json) -> Iterator[tuple[str, str]]:
    for container in definition["containerDefinitions"]:
        yield from ((each["name"], each["valueFrom"]) for each in container.get("secrets") or ())


async def _read(bus: Bus, caller: Caller, source: str) -> str | None:
    service = _service_of(source)
    if not bus.serves_any(service):
        return None
    try:
        if service == SSM:
            params = {"Name": source, "WithDecryption": True}
            return str((await bus.call(caller, SSM, "GetParameter", params))["Parameter"]["Value"])
        return await _read_secret(bus, caller, source)
    except AwsError:
        return None


def _service_of(source: str) -> str:
    return SECRETS_MANAGER if f":{SECRETS_MANAGER}:" in source else SSM


def _secret_id(source: str) -> str:
    return ":".join(source.split(":")[:7])


async def _read_secret(bus: Bus, caller: Caller, source: str) -> str | None:
    """Return a secret's value, or the member that the reference names; None for another kind of value."""
    parts = source.split(":")
    key, stage, version = [*parts[7:], "", "", ""][:3]
    params = {"SecretId": _secret_id(source)}
    params |= {"VersionStage": stage} if stage else {}
    params |= {"VersionId": version} if version else {}
    text: str | None = (await bus.call(caller, SECRETS_MANAGER, "GetSecretValue", params)).get("SecretString")
    return read_member(text, key) if key and text is not None else text
