"""Read the health of a lamplighter engine, and detect whether one listens at an address."""

import json

from lamplighter.base.json_text import Json, loads
from lamplighter.cli.read_url import read_url

HEALTH_PATH = "/_lamplighter/health"


def read_health(url: str) -> Json:
    """Return the health document of the engine at a URL, or None if no lamplighter engine answers there."""
    try:
        return parse_health(read_url(url.rstrip("/") + HEALTH_PATH).body)
    except (OSError, ValueError):
        return None


def is_lamplighter(endpoint: str | None) -> bool:
    """Return whether an endpoint is a lamplighter engine, and not AWS or another server with AWS's APIs."""
    return endpoint is not None and read_health(endpoint) is not None


def parse_health(body: bytes) -> Json:
    """Return the health document in an answer, or None if it is none."""
    try:
        document = loads(body)
    except (json.JSONDecodeError, ValueError):
        return None
    return document if isinstance(document, dict) and "status" in document and "version" in document else None
