"""Read lists of tags, however a service spells them."""

from lamplighter.base.json_text import Json


def as_tags(given: Json) -> dict[str, str]:
    """Return tags by their keys."""
    if isinstance(given, dict):
        return {str(name): str(value) for name, value in given.items()}
    pairs = ((each.get("key", each.get("Key")), each.get("value", each.get("Value", ""))) for each in given or ())
    return {str(name): str(value) for name, value in pairs if name is not None}
