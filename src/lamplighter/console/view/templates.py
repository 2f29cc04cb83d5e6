"""Render the HTML templates, and format documents, durations and links for them (times: `clock.py`).

Guarantees that all values in a template are escaped.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lamplighter import __version__
from lamplighter.base.json_text import Json, JsonError, dumps, loads, loads_or
from lamplighter.base.masking import is_secret, mask_secrets, shorten_input
from lamplighter.console.view import clock, links
from lamplighter.console.view.line_segments import show_line
from lamplighter.console.view.links import arn_path
from lamplighter.console.view.runs import run_title
from lamplighter.runs.failures.failure_words import failed_containers
from lamplighter.runs.history import durations
from lamplighter.runs.run import run_seconds, status_words

PACKAGE = Path(__file__).parents[1]
STATIC = PACKAGE / "static"
SECTIONS = (
    ("Night", "/", ("night",)),
    ("Jobs", "/jobs", ("jobs", "runs", "scheduled-tasks")),
    ("Calendar", "/calendar", ("calendar",)),
    ("Tasks", "/tasks", ("tasks", "definitions")),
    ("Events", "/events", ("events", "rules")),
    ("Topics", "/topics", ("topics",)),
    ("Queues", "/queues", ("queues",)),
    ("Stacks", "/stacks", ("stacks",)),
)
"""The sections in the header of every page: title, path, and the first words of the paths that belong to it."""


@dataclass(frozen=True)
class Templates:
    """The environment of the HTML templates of one console."""

    title: str
    """The name of the engine or account that the console shows."""
    locked: bool = False
    """Whether the console requires a login, so that pages offer a logout."""

    @cached_property
    def _templates(self) -> Environment:
        templates = Environment(
            loader=FileSystemLoader(PACKAGE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        templates.filters |= {
            "job": self.job_path,
            "run": self.run_path,
            "last": lambda arn: str(arn).rpartition(":")[2],
            "path": arn_path,
            "masked": mask_secrets,
            "standing": stack_status,
            "delivery": lambda status: {"DELIVERED": "SUCCEEDED", "WAITING": "RUNNING"}.get(status, status),
            "document": parse_document,
            "is_secret": is_secret,
            "shown_line": show_line,
            "length": durations.format_duration,
            "took": run_seconds,
            "status_words": status_words,
            "utc": clock.format_utc,
            "iso": clock.format_iso,
            "pretty": self.format_masked,
            "one_line": shorten_input,
            "tojson_text": dumps,
            "quoted": lambda text: quote(str(text), safe=""),
        }
        templates.globals |= {
            "version": __version__,
            "title": self.title,
            "locked": self.locked,
            "sections": SECTIONS,
            "static": self.static_urls,
            "tab_title": run_title.tab_title,
            "status_icon": run_title.status_icon,
            "page_of": links.resource_path,
            "scheduled_task_page": links.scheduled_task_path,
            "named": links.resource_name,
            "failed_containers": failed_containers,
        }
        return templates

    @cached_property
    def static_urls(self) -> Mapping[str, str]:
        """The URL of each static file."""
        return _static_urls()

    def job_path(self, arn: str) -> str:
        """Return the path of a state machine's page."""
        return f"/jobs/{arn_path(arn)}"

    def run_path(self, arn: str) -> str:
        """Return the path of the page of an execution or a Map Run."""
        return f"/runs/{arn_path(arn)}"

    def format_masked(self, text: str) -> str:
        """Format a JSON text with masked secrets and indentation; return other text unchanged."""
        try:
            return format_json(mask_secrets(loads(text)))
        except JsonError:
            return text

    def render(self, template: str, values: Mapping[str, Json]) -> str:
        """Render a template with the given values."""
        return self._templates.get_template(template).render(values)


def _static_urls() -> Mapping[str, str]:
    """Return each file's URL with a hash of the file, so that browsers may cache it permanently."""
    files = {file.relative_to(STATIC).as_posix(): file for file in STATIC.rglob("*") if file.is_file()}
    return {name: f"/static/{name}?{sha256(file.read_bytes()).hexdigest()[:12]}" for name, file in files.items()}


def format_json(document: Json) -> str:
    """Format a document as indented JSON."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def stack_status(status: str) -> str:
    """Convert a status of CloudFormation to the status of a run."""
    if "FAILED" in status or "ROLLBACK" in status:
        return "FAILED"
    return "RUNNING" if status.endswith("IN_PROGRESS") else "SUCCEEDED"


def parse_document(text: str) -> Json:
    """Parse JSON text; return None if the text is not JSON."""
    return loads_or(text, None)
