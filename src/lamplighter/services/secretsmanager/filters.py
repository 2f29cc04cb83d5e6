"""Evaluate the filters of ListSecrets and BatchGetSecretValue.

A value matches the beginning of a text, and of its words where the key is `all` or a description; `!` in front of it
excludes. See https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_search-secret.html.
"""

import re
from collections.abc import Iterable, Sequence

from lamplighter.base.json_text import Json
from lamplighter.services.secretsmanager.tables.secrets import Secret

_WORD_END = re.compile(r"[\s/_+=.@!-]+")


def matches_filters(filters: Sequence[Json], secret: Secret) -> bool:
    """Return whether a secret has what all filters want; one of a filter's values is enough."""
    return all(_matches(each.get("Key", "all"), each.get("Values") or [], secret) for each in filters)


def _matches(key: str, values: Sequence[str], secret: Secret) -> bool:
    wanted = [value for value in values if not value.startswith("!")]
    unwanted = [value.removeprefix("!") for value in values if value.startswith("!")]
    if any(_has(key, value, secret) for value in unwanted):
        return False
    return not wanted or any(_has(key, value, secret) for value in wanted)


def _has(key: str, value: str, secret: Secret) -> bool:
    match key:
        case "name":
            return secret.name.startswith(value)
        case "tag-key":
            return any(each.startswith(value) for each in secret.tags)
        case "tag-value":
            return any(each.startswith(value) for each in secret.tags.values())
        case "description":
            return _has_words(value, [str(secret.body.get("Description", ""))])
        case "all":
            texts = [secret.name, str(secret.body.get("Description", "")), *secret.tags, *secret.tags.values()]
            return _has_words(value, texts)
        case _:
            return False  # no secret here has a primary region or an owning service


def _has_words(value: str, texts: Iterable[str]) -> bool:
    words = [word.lower() for text in texts for word in _WORD_END.split(text)]
    return all(any(word.startswith(each) for word in words) for each in _WORD_END.split(value.lower()) if each)
