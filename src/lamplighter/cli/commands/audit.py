"""Run `lamplighter audit`: print who did what on an engine.

Exit codes: 0 printed; 1 the engine does not answer, or refuses.
"""

import json as json_module
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer

from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.command_context import explain_errors
from lamplighter.cli.engine_request import request_engine
from lamplighter.cli.runs.parse_instant import parse_instant
from lamplighter.cli.runs.text.formatting import format_instant
from lamplighter.cli.site_options import DEFAULT_DATA, DataOption, SiteOptions
from lamplighter.cli.target import Target, find_target

AUDIT_PATH = "/_lamplighter/audit"
WORDS = {"console": "console", "key": "signed call", "link": "link in a mail", "file": "users file"}


def audit(
    since: Annotated[str, typer.Option(help="Print what happened since: 90m, 4w, or 2026-12-31T03:00:00.")] = "24h",
    json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each entry.")] = False,  # noqa: FBT002 - typer's way
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Print who did what, the oldest first: logins, what people changed, and signed calls that change something."""
    start = max(0, parse_instant(since, real_world().now()))
    target = find_target(SiteOptions(data=data))
    entries = list(_read_entries(target, start))
    for entry in reversed(entries):
        document = {**entry, "time": _format_time(entry["time"])}
        typer.echo(json_module.dumps(document) if json else _line(entry))
    if not entries and not json:
        typer.echo(f"There were no changes since {format_instant(start)}.", err=True)


def _read_entries(target: Target, since: int) -> Iterator[Json]:
    """Yield the entries, the newest first; end the command if the engine does not answer."""
    before: Json = None
    while True:
        page = _read_page(target, {"since": since} | ({"before": before} if before is not None else {}))
        yield from page
        if not page:
            return
        before = page[-1]["id"]


def _read_page(target: Target, query: Json) -> list[Json]:
    with explain_errors(target):
        found: list[Json] = request_engine(target, "GET", AUDIT_PATH, **query)["entries"]
    return found


def _line(entry: Json) -> str:
    who = entry["who"] or ("owner of the users file" if entry["how"] == "file" else "unknown")
    place = WORDS.get(entry["how"], entry["how"]) + (f" {entry['address']}" if entry["address"] else "")
    what = " ".join(filter(None, (entry["action"], entry["resource"])))
    return f"{_format_time(entry['time'])}  {who} ({place}): {what}: {entry['outcome']}"


def _format_time(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
