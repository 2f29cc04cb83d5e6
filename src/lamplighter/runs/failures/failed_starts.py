"""Say in plain words why a task did not start: the reasons of ECS and of Docker, as people would say them. Pure.

The words are short enough for the subject of a mail. A reason that is not known stays as it is. ECS's own words stand
where the details of a task are shown. See
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html.
"""

import re
from collections.abc import Sequence

from lamplighter.runs.printable_text import printable_line

_PULL, _FROM_DAEMON = r"CannotPull\w*Error: ", "(?:Error response from daemon: )?"
_NOT_ALLOWED = "(?:AccessDenied|not authorized to perform)"
_NO_ANSWER = (
    "dial tcp|i/o timeout|deadline exceeded|request canceled|no such host|connection (?:refused|reset|timed out)"
    "|network is unreachable|no route to host|handshake timeout"
)
_IMAGE = r'(?:denied for|manifest for|ref|reference) "?(?P<what>[^\s",]*[^\s",:])'
_NO_IMAGE = "not found|manifest unknown|name unknown|does not exist|No such image"
_REASONS: Sequence[tuple[str, str]] = (
    (r"failed to fetch secret (?:\S+?:secret:)?(?P<what>[^\s:]+)\S* from .*ResourceNotFound", "secret missing"),
    (r"unable to (?:pull|retrieve) secret.*invalid (?:ssm )?parameters: (?P<what>[^\s,;(]+)", "secret missing"),
    (rf"(?:{_PULL}|ecr registry auth).*{_NOT_ALLOWED}", "not allowed to pull its image"),
    (rf"unable to (?:pull|retrieve) secret.*{_NOT_ALLOWED}", "not allowed to read its secret"),
    (rf"{_PULL}.*//localhost/v2/", "image missing"),
    (rf"{_PULL}.*(?:{_NO_ANSWER})", "image not pulled: its registry does not answer"),
    (rf"{_PULL}.*{_IMAGE}.*(?:{_NO_IMAGE})", "image missing"),
    (rf"{_PULL}.*(?:{_NO_IMAGE})", "image missing"),
    (rf"{_PULL}{_FROM_DAEMON}(?P<what>.*)", "image not pulled"),
    (r"The Task state in AWS Step Functions execution .* was aborted", "stopped by its run"),
    (r'exec: "(?P<what>[^"]+)": (?:executable file not found|stat \S+ no such file)', "command not found"),
    (rf"(?:Cannot\w+ContainerError|ResourceInitializationError): {_FROM_DAEMON}(?P<what>.*)", "could not start"),
)
"""Patterns of reasons, and the words for them, to which `what` is added; the first match counts. Not compiled before
their first use, because most commands need none."""


def plain_reason(reason: str) -> str:
    """Return a reason for which a task stopped or did not start, in plain words and on one line."""
    line = printable_line(reason)
    known = ((re.search(pattern, line, re.IGNORECASE), words) for pattern, words in _REASONS)
    found, words = next(((found, words) for found, words in known if found is not None), (None, ""))
    if found is None:
        return line
    return ": ".join(filter(None, (words, found.groupdict().get("what"))))
