"""Mask secrets in documents.

A value is masked if its name looks like that of a secret: the value of a key, an environment variable as ECS and Step
Functions write it, or JSON text inside a text. Guarantees that a masked document can be edited and the secrets put back
(`restore_secrets`). Does not examine values: a secret under a harmless name is shown.
"""

import re

from lamplighter.base.json_text import Json, JsonError, dumps, loads

MASK = "••••••"
_SECRET = re.compile(
    r"passw|passphrase|pwd|secret|token|api_?key|access_?key|private_?key|credential|connection_?string|"
    r"(^|_)(auth|dsn|key|database_url)$",
    re.IGNORECASE,
)


def is_secret(name: str) -> bool:
    """Return whether a name looks like that of a secret."""
    return _SECRET.search(name) is not None


def mask_secrets(document: Json) -> Json:
    """Return the document with its secrets masked."""
    if isinstance(document, list):
        return [mask_secrets(each) for each in document]
    if isinstance(document, str):
        return _text(document)
    if not isinstance(document, dict):
        return document
    named = document.get("Name", document.get("name"))
    if isinstance(named, str) and is_secret(named):
        return {key: MASK if key in ("Value", "value") else mask_secrets(value) for key, value in document.items()}
    return {key: _hidden(key, value) for key, value in document.items()}


def _hidden(key: str, value: Json) -> Json:
    return MASK if is_secret(key) and isinstance(value, str | int | float) else mask_secrets(value)


def _text(text: str) -> str:
    if text[:1] not in ("{", "["):
        return text
    try:
        return dumps(mask_secrets(loads(text)))
    except JsonError:
        return text


def restore_secrets(edited: Json, original: Json) -> Json:
    """Return the edited document with the original's secrets in the places that are still masked."""
    if edited == mask_secrets(original) or edited == MASK:
        return original
    if isinstance(edited, dict) and isinstance(original, dict):
        return {key: restore_secrets(value, original.get(key)) for key, value in edited.items()}
    if isinstance(edited, list) and isinstance(original, list):
        padded = [*original, *[None] * len(edited)]
        return [restore_secrets(value, padded[at]) for at, value in enumerate(edited)]
    return edited
