"""Convert the answers of clients to plain JSON, as an engine answers."""

from datetime import datetime

from lamplighter.base.json_text import Json, convert_members


def plain_json(value: Json) -> Json:
    """Convert an answer of boto3 to JSON, with times as seconds since the epoch."""
    return value.timestamp() if isinstance(value, datetime) else convert_members(value, plain_json)
