"""Mask secrets in documents.

A value is masked if its name looks like that of a secret: the value of a key, an environment variable as ECS and Step
Functions write it, or JSON text inside a text. Does not examine values: a secret under a harmless name is shown. After
an edit of the masked document, `console/view/unmasking.py` puts the secrets back.
"""

import re

from lamplighter.base.json_text import Json, JsonError, dumps, loads

MASK = "••••••"
MAX_LINE_LENGTH = 160
"""The most characters of a document in one line."""
MAX_SHOWN_DEPTH = 100
"""The deepest nesting of a document that is shown; Python limits the depth of recursion."""
_SECRET = re.compile(
    r"passw|passphrase|pwd|secret|token|api_?key|access_?key|private_?key|credential|connection_?string|"
    r"(^|_)(auth|dsn|key|database_url)$",
    re.IGNORECASE,
)


def is_secret(name: str) -> bool:
    """Return whether a name looks like that of a secret."""
    return _SECRET.search(name) is not None


def mask_secrets(document: Json, remaining_depth: int = MAX_SHOWN_DEPTH) -> Json:
    """Return the document with its secrets masked. What is nested deeper than `remaining_depth` is masked as a
    whole.
    """
    if isinstance(document, str):
        return _mask_text(document, remaining_depth)
    if not isinstance(document, list | dict):
        return document
    if remaining_depth == 0:
        return MASK
    if isinstance(document, list):
        return [mask_secrets(each, remaining_depth - 1) for each in document]
    named = document.get("Name", document.get("name"))
    secret = isinstance(named, str) and is_secret(named)
    return {key: _mask_member(key, value, remaining_depth - 1, secret=secret) for key, value in document.items()}


def _mask_member(key: str, value: Json, remaining_depth: int, *, secret: bool) -> Json:
    if secret:
        return MASK if key in ("Value", "value") else mask_secrets(value, remaining_depth)
    return MASK if is_secret(key) and isinstance(value, str | int | float) else mask_secrets(value, remaining_depth)


def _mask_text(text: str, remaining_depth: int) -> str:
    if text[:1] not in ("{", "["):
        return text
    try:
        return dumps(mask_secrets(loads(text), remaining_depth))
    except JsonError:
        return text


def mask_text(text: str) -> str:
    """Return a text with its secrets masked if it is JSON; return other text unchanged."""
    try:
        return dumps(mask_secrets(loads(text)))
    except JsonError:
        return text


def shorten_input(text: str) -> str:
    """Return the beginning of a document in one line, without secrets."""
    shown = mask_text(text)
    return shown if len(shown) <= MAX_LINE_LENGTH else f"{shown[: MAX_LINE_LENGTH - 1]}…"
