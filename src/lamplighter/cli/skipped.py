"""Runs that did not begin beside another one of their job (`overlap: skip`): to AWS they are runs that succeeded.

Promises to know one by its output, which is what the machine of such a job ends with.
"""

from lamplighter.base.jsontext import Json, JsonError, loads

WHY = "another run of the job goes on"


def is_skip(status: str, output: str | None) -> bool:
    """Whether a run of this status and output was skipped."""
    if status != "SUCCEEDED" or not output:
        return False
    said = _read(output)
    return isinstance(said, dict) and said.keys() == {"skipped", "running"} and said["skipped"] is True


def _read(output: str) -> Json:
    try:
        return loads(output)
    except JsonError:
        return None
