"""Find the execution that a text names, such as an alert with a link to the page of a run. Pure."""

import re

_EXECUTION = re.compile(r"arn:aws[a-z-]*:states:[a-z0-9-]+:[0-9]{12}:execution:[^\s:\"'<>]+:[^\s:\"'<>?#)/,;\\]+")


def named_execution(text: str) -> str | None:
    """Return the first ARN of an execution in a text, also within a URL, or None."""
    found = _EXECUTION.search(text)
    return None if found is None else found[0].rstrip(".")
