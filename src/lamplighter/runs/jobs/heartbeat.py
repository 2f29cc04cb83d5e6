"""Make the pings with which a run reports to a monitor of heartbeats, in the protocol of Healthchecks.

A run sends `URL/start` when it begins and `URL` when it succeeds. When it does not succeed, it sends `URL/CODE` with
the exit code, or `URL/fail` if there is none. `?rid=` names the run, so that the monitor measures its duration. Pure.
See https://healthchecks.io/docs/http_api/.
"""

import hashlib
import re
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from lamplighter.base.json_text import Json, loads_or

PATHS: Mapping[str, str] = {
    "RUNNING": "/start", "SUCCEEDED": "", "FAILED": "/fail", "TIMED_OUT": "/fail", "ABORTED": "/fail",
}  # fmt: skip
"""The end of the URL by the status of a run."""
STATUSES = tuple(PATHS)
MAX_CODE = 255
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def make_ping(status: str, run: str, exit_code: int | None = None, text: str = "") -> Json:
    """Return a ping as a document: {path, rid, text}. `run` is the ARN of the run, `text` what the monitor shows."""
    path = PATHS[status]
    if path == "/fail" and exit_code is not None and 0 < exit_code <= MAX_CODE:
        path = f"/{exit_code}"
    return {"path": path, "rid": run_id(run), "text": text}


def run_id(run: str) -> str:
    """Return the UUID of a run: its name, if that is one, or else one that follows from its ARN."""
    name = run.rpartition(":")[2]
    if UUID.fullmatch(name):
        return name
    digest = hashlib.sha256(run.encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], f"5{digest[13:16]}", f"a{digest[17:20]}", digest[20:32]))


def read_ping(message: str) -> Json | None:
    """Return the ping in a message, or None if the message is none.

    A message whose ping could not be composed has only the status and the ARN of a run.
    """
    document = loads_or(message, None)
    if not isinstance(document, dict):
        return None
    if document.get("status") in PATHS and "run" in document:
        return make_ping(str(document["status"]), str(document["run"]))
    return document if document.keys() == {"path", "rid", "text"} else None


def ping_url(address: str, ping: Json) -> str:
    """Return the URL of a ping."""
    parts = urlsplit(address)
    query = "&".join(filter(None, (parts.query, f"rid={ping['rid']}")))
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + ping["path"], query=query))
