"""Compose Step Functions' messages about text that is not JSON."""

from lamplighter.lang.jackson_errors import find_fault

DEFAULT_MESSAGE = "Invalid execution input."


def json_error_message(text: str) -> str:
    """Return the message for a text that is not JSON."""
    found = find_fault(text) if text.strip() else None
    return found[0] if found is not None else DEFAULT_MESSAGE
