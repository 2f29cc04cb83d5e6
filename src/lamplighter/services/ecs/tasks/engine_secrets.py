"""Find the secrets of a task's containers in this engine's Parameter Store and Secrets Manager.

A value of this machine (a `.env` file, an environment variable) comes first. See
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html: the ARN of a secret may
end with a JSON key, a stage and a version.
"""

from collections.abc import Iterator, Mapping
from functools import partial

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads_or
from lamplighter.base.secret_references import SECRETS_MANAGER, SSM, SecretLookup
from lamplighter.bus import Bus, Caller


async def add_engine_secrets(bus: Bus, caller: Caller, definition: Json, local: SecretLookup) -> SecretLookup:
    """Return a function that finds what `local` finds, and else what this engine has, for a task definition."""
    found: dict[str, str] = {}
    for name, source in _wanted(definition):
        if source not in found and local(name, source) is None:
            value = await _read(bus, caller, source)
            found |= {} if value is None else {source: value}
    return partial(_find, local, found) if found else local


def _find(local: SecretLookup, found: Mapping[str, str], name: str, source: str) -> str | None:
    value = local(name, source)
    return found.get(source) if value is None else value


def _wanted(definition: Json) -> Iterator[tuple[str, str]]:
    for container in definition["containerDefinitions"]:
        yield from ((each["name"], each["valueFrom"]) for each in container.get("secrets") or ())


async def _read(bus: Bus, caller: Caller, source: str) -> str | None:
    service = SECRETS_MANAGER if f":{SECRETS_MANAGER}:" in source else SSM
    if not bus.serves_any(service):
        return None
    try:
        if service == SSM:
            params = {"Name": source, "WithDecryption": True}
            return str((await bus.call(caller, SSM, "GetParameter", params))["Parameter"]["Value"])
        return await _read_secret(bus, caller, source)
    except AwsError:
        return None


async def _read_secret(bus: Bus, caller: Caller, source: str) -> str | None:
    """Return a secret's value, or the member that the reference names; None for another kind of value."""
    parts = source.split(":")
    key, stage, version = [*parts[7:], "", "", ""][:3]
    params = {"SecretId": ":".join(parts[:7])}
    params |= {"VersionStage": stage} if stage else {}
    params |= {"VersionId": version} if version else {}
    text: str | None = (await bus.call(caller, SECRETS_MANAGER, "GetSecretValue", params)).get("SecretString")
    if not key or text is None:
        return text
    document = loads_or(text, None)
    value = document.get(key) if isinstance(document, dict) else None
    return value if value is None or isinstance(value, str) else dumps(value)
