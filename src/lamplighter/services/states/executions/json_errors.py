"""What Step Functions says of text that is not JSON."""

from lamplighter.lang.json_errors import fault

OTHERWISE = "Invalid execution input."


def complaint(text: str) -> str:
    """What is wrong with a text that is not JSON."""
    found = fault(text) if text.strip() else None
    return found[0] if found is not None else OTHERWISE
