"""Convert the answers of clients to plain JSON, as an engine answers."""

from datetime import datetime

from lamplighter.base.json_text import Json


def plain_json(value: Json) -> Json:
    """Convert an answer of boto3 to JSON, with times as seconds since the epoch."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, list):
        return [plain_json(each) for each in value]
    if isinstance(value, dict):
        return {key: plain_json(each) for key, each in value.items()}
    return value
