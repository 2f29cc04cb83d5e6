"""Templates, and how times, lengths and links are written.

Promises that whatever a template is given is escaped.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lamplighter import __version__
from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.console.view import durations
from lamplighter.console.view.masking import is_secret, mask_secrets
from lamplighter.lang.schedule import time_zones

HERE = Path(__file__).parents[1]
STATIC = HERE / "static"
SECTIONS = (
    ("Jobs", "/", ("jobs", "runs")),
    ("Calendar", "/calendar", ("calendar",)),
    ("Tasks", "/tasks", ("tasks", "definitions")),
    ("Events", "/events", ("events", "rules")),
    ("Topics", "/topics", ("topics",)),
    ("Queues", "/queues", ("queues",)),
    ("Stacks", "/stacks", ("stacks",)),
)
"""What the head of every page leads to: title, path, and the first words of paths that belong to it."""


@dataclass(frozen=True)
class Templates:
    """How everything looks."""

    title: str
    """What is looked at."""
    locked: bool = False
    """Whether who looks has logged in, and may log out."""

    @cached_property
    def _templates(self) -> Environment:
        templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        templates.filters |= {
            "job": self.job,
            "run": self.run,
            "last": lambda arn: str(arn).rpartition(":")[2],
            "path": arn_path,
            "masked": mask_secrets,
            "standing": stack_status,
            "delivery": lambda status: {"DELIVERED": "SUCCEEDED", "WAITING": "RUNNING"}.get(status, status),
            "document": parse_document,
            "is_secret": is_secret,
            "length": durations.format_duration,
            "took": durations.run_seconds,
            "utc": format_utc,
            "local": format_local,
            "iso": format_iso,
            "pretty": self.pretty,
            "tojson_text": dumps,
            "quoted": lambda text: quote(str(text), safe=""),
        }
        templates.globals |= {
            "version": __version__,
            "title": self.title,
            "locked": self.locked,
            "sections": SECTIONS,
            "static": _stamps(),
        }
        return templates

    def job(self, arn: str) -> str:
        """The page of a state machine."""
        return f"/jobs/{arn_path(arn)}"

    def run(self, arn: str) -> str:
        """The page of an execution or a Map Run."""
        return f"/runs/{arn_path(arn)}"

    def pretty(self, text: str) -> str:
        """A document without its secrets, a line for each part of it; text that is no JSON as it is."""
        try:
            return format_json(mask_secrets(loads(text)))
        except JsonError:
            return text

    def fill(self, template: str, values: Mapping[str, Json]) -> str:
        """A template with its values."""
        return self._templates.get_template(template).render(values)


def _stamps() -> Mapping[str, str]:
    """The URL of each file, with what changes when the file does, so that browsers may keep it for good."""
    files = {file.relative_to(STATIC).as_posix(): file for file in STATIC.rglob("*") if file.is_file()}
    return {name: f"/static/{name}?{sha256(file.read_bytes()).hexdigest()[:12]}" for name, file in files.items()}


def format_json(document: Json) -> str:
    """A document as JSON, a line for each part of it."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def stack_status(status: str) -> str:
    """What a status of CloudFormation means, in the words of a run."""
    if "FAILED" in status or "ROLLBACK" in status:
        return "FAILED"
    return "RUNNING" if status.endswith("IN_PROGRESS") else "SUCCEEDED"


def parse_document(text: str) -> Json:
    """JSON text, read; None where it is none."""
    try:
        return loads(text)
    except JsonError:
        return None


def arn_path(arn: str) -> str:
    """An ARN as a part of a URL's path."""
    return quote(arn, safe=":/")


def format_utc(seconds: float) -> str:
    """An instant: 2026-01-01 18:00:00 UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def format_iso(seconds: float) -> str:
    """An instant as HTML's <time> wants it."""
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat(timespec='milliseconds')}".replace("+00:00", "Z")


def format_local(seconds: float, zone: str) -> str:
    """An instant as clocks of a place show it: Thu 01 Jan 03:00; in UTC where nobody knows the place."""
    try:
        shown = datetime.fromtimestamp(seconds, time_zones.find_zone(zone))
    except (LamplighterError, ValueError):
        shown = datetime.fromtimestamp(seconds, UTC)
    return f"{shown:%a %d %b %H:%M}"
