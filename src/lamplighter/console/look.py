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
from lamplighter.base.jsontext import Json, JsonError, loads
from lamplighter.console import lengths
from lamplighter.lang import zones

HERE = Path(__file__).parent
STATIC = HERE / "static"
SECTIONS = (("Jobs", "/", ("jobs", "runs")),)
"""What the head of every page leads to: title, path, and the first words of paths that belong to it."""


@dataclass(frozen=True)
class Look:
    """How everything looks."""

    title: str
    """What is looked at."""

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
            "job": lambda arn: f"/jobs/{path(arn)}",
            "run": lambda arn: f"/runs/{path(arn)}",
            "last": lambda arn: str(arn).rpartition(":")[2],
            "length": lengths.length,
            "utc": utc,
            "local": local,
            "iso": iso,
            "pretty": pretty,
            "quoted": lambda text: quote(str(text), safe=""),
        }
        templates.globals |= {"version": __version__, "title": self.title, "sections": SECTIONS, "static": _stamps()}
        return templates

    def fill(self, template: str, values: Mapping[str, Json]) -> str:
        """A template with its values."""
        return self._templates.get_template(template).render(values)


def _stamps() -> Mapping[str, str]:
    """The URL of each file, with what changes when the file does, so that browsers may keep it for good."""
    files = {file.relative_to(STATIC).as_posix(): file for file in STATIC.rglob("*") if file.is_file()}
    return {name: f"/static/{name}?{sha256(file.read_bytes()).hexdigest()[:12]}" for name, file in files.items()}


def path(arn: str) -> str:
    """An ARN as a part of a URL's path."""
    return quote(arn, safe=":/")


def utc(seconds: float) -> str:
    """An instant: 2026-01-01 18:00:00 UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def iso(seconds: float) -> str:
    """An instant as HTML's <time> wants it."""
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat(timespec='milliseconds')}".replace("+00:00", "Z")


def local(seconds: float, zone: str) -> str:
    """An instant as clocks of a place show it: Thu 01 Jan 03:00; in UTC where nobody knows the place."""
    try:
        shown = datetime.fromtimestamp(seconds, zones.zone(zone))
    except (LamplighterError, ValueError):
        shown = datetime.fromtimestamp(seconds, UTC)
    return f"{shown:%a %d %b %H:%M}"


def pretty(text: str) -> str:
    """A document, a line for each part of it; text that is no JSON as it is."""
    try:
        return json.dumps(loads(text), indent=2, ensure_ascii=False)
    except JsonError:
        return text
