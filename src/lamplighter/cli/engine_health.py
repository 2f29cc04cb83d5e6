"""Whether an engine of ours answers at an address, and how it is."""

import json
import urllib.error
import urllib.request

from lamplighter.base.json_text import Json, loads

HEALTH = "/_lamplighter/health"
PATIENCE = 5
"""Seconds."""


def read_health(url: str) -> Json:
    """What an engine says of its health; None where no engine of ours answers."""
    try:
        with urllib.request.urlopen(url.rstrip("/") + HEALTH, timeout=PATIENCE) as answer:  # noqa: S310 - the user's URL
            return _said(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return _said(error.read())
    except (OSError, ValueError):
        return None


def is_lamplighter(endpoint: str | None) -> bool:
    """Whether an engine of ours is behind an endpoint, rather than AWS or what else speaks as AWS does."""
    return endpoint is not None and read_health(endpoint) is not None


def _said(body: bytes) -> Json:
    try:
        said = loads(body)
    except (json.JSONDecodeError, ValueError):
        return None
    return said if isinstance(said, dict) and "status" in said and "version" in said else None
