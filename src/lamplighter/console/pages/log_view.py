"""Show one log: its pages of lines, the lines that contain a text, single lines, new lines as they arrive, and a file.

The page of a run's logs and the page of a task share this view. Guarantees that any part of a log can be reached, and
that the view works without scripts. A link to lines names their ids (`line=12` or `line=12..20`).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.responses import PlainTextResponse, Response

from lamplighter.base.errors import AwsError
from lamplighter.console.data.logs.log_lines import Line, LinePage, Log, MatchCount, Place
from lamplighter.console.data.logs.log_source import LogSource, describe_gaps, open_log
from lamplighter.console.data.tasks import container_output
from lamplighter.console.page import Page, RoleRoute, page_route
from lamplighter.console.pages.runs import live_run
from lamplighter.console.pages.runs.live_run import StreamEvent
from lamplighter.lang.line_text import LineSearch
from lamplighter.runs.tasks.log_stream import LogStream

GRACE_SECONDS = 2.0
"""Seconds without new lines after a container's end until its log counts as complete."""
CONTEXTS = (0, 2, 5, 20)
"""How many lines can be shown before and after a match."""
RANGE = ".."
"""What is between the first and the last id of a range of lines in a link."""
NO_LINES = LinePage((), None, None)


@dataclass(frozen=True, slots=True)
class LogTarget:
    """A container's log that a page shows."""

    stream: LogStream
    is_running: bool
    """Whether the container may still write."""
    name: str
    """The name of its file."""
    url: str
    """The path of the page."""
    parts_url: str
    """The path below which the parts of the view are."""
    query: Mapping[str, str]
    """The parameters that choose this log on the page."""


FindTarget = Callable[[Page], Awaitable[LogTarget | None]]


@dataclass(frozen=True, slots=True)
class LogView:
    """All that the template of a log shows."""

    target: LogTarget
    lines: LinePage
    place: Place
    marked: Sequence[str]
    """The ids of the first and the last line that the link names; empty without such a link."""
    search: LineSearch | None
    context: int
    count: MatchCount | None
    """How many lines contain the searched text; None without a search or if this part need not know."""
    source: LogSource
    notes: Sequence[str]

    @property
    def query(self) -> str:
        """The query of this log, with the search."""
        given = {"find": self.search.text, "context": str(self.context)} if self.search else {}
        return urlencode({**self.target.query, **given})

    @property
    def log_query(self) -> str:
        """The query of this log without the search."""
        return urlencode(self.target.query)

    @property
    def position(self) -> str:
        """Where the stream of new lines continues after this page: after which line, and what has been searched."""
        last = self.lines.lines[-1].id if self.lines.lines else self.place.line
        return f"{last}~{self.lines.through}" if self.search else last

    @property
    def contexts(self) -> Sequence[int]:
        """How many lines can be shown before and after a match."""
        return CONTEXTS

    def is_marked(self, line: Line) -> bool:
        """Return whether a line is one of those that the link names."""
        if not self.marked or self.source.log is None:
            return False
        first, key, last = (self.source.log.compare_key(each) for each in (self.marked[0], line.id, self.marked[-1]))
        return first is not None and key is not None and last is not None and first <= key <= last


async def read_view(page: Page, target: LogTarget) -> LogView:
    """Read what the query asks for: a page of lines, or of matches."""
    source = await open_log(page, target.stream)
    notes = list(describe_gaps(source, target.stream, is_running=target.is_running))
    marked = _marked_lines(page, source.log)
    search = None if marked else read_search(page)
    place, context = _requested_place(page, marked), _requested_context(page)
    if source.log is None:
        return LogView(target, NO_LINES, place, (), search, context, None, source, notes)
    lines = await (source.log.read(place) if search is None else source.log.search(place, search, context))
    counted = search is not None and (place.at == "last" or page.query("count") is not None)
    count = await source.log.count(search, lines.through) if search and counted else None
    view = LogView(target, lines, place, marked, search, context, count, source, notes)
    if (marked and not any(view.is_marked(each) for each in lines.lines)) or (page.query("line") and not marked):
        notes.append(f"This log has no line {page.query('line')}. It may be of another container, or be deleted.")
    return view


def read_search(page: Page) -> LineSearch | None:
    """Return what the query searches for, or None."""
    find = page.query("find")
    return None if find is None else LineSearch(find)


def _marked_lines(page: Page, log: Log | None) -> Sequence[str]:
    text = page.query("line")
    ids = text.split(RANGE, 1) if text else []
    return ids if log is not None and all(log.compare_key(each) for each in ids) else ()


def _requested_place(page: Page, marked: Sequence[str]) -> Place:
    if marked:
        return Place("around", marked[0])
    if before := page.query("before"):
        return Place("before", before)
    if after := page.query("after"):
        return Place("after", after)
    return Place("first" if page.query("at") == "first" else "last")


def _requested_context(page: Page) -> int:
    requested = page.query_number("context") or 0
    return min(requested, max(CONTEXTS))


def log_routes(path: str, find_target: FindTarget) -> Sequence[RoleRoute]:
    """Return the routes of the log's parts, below a path."""

    def part_route(name: str, show: Callable[[Page, LogTarget], Awaitable[Response]]) -> RoleRoute:
        async def show_part(page: Page) -> Response:
            target = await find_target(page)
            if target is None:
                raise AwsError("No such container writes a log.", code="NotFound", status=404)
            return await show(page, target)

        return page_route(f"{path}/{name}", show_part)

    return (
        part_route("file", _download),
        part_route("line", _show_line),
        part_route("lines", _show_lines),
    )


async def _show_lines(page: Page, target: LogTarget) -> Response:
    """Return a page of lines as a part of the view, which a script inserts."""
    return await page.render("log_part.html", view=await read_view(page, target))


async def _show_line(page: Page, target: LogTarget) -> Response:
    """Return a whole line as text, however long it is."""
    line = page.query("line") or ""
    source = await open_log(page, target.stream)
    found = await source.log.read_line(line) if source.log else None
    if found is None:
        raise AwsError(f"This log has no line {line}.", code="NotFound", status=404)
    return PlainTextResponse(f"{found.message}\n")


async def _download(page: Page, target: LogTarget) -> Response:
    """Return all lines as a file."""
    return container_output.log_as_file(page, target.stream, target.name)


async def follow(page: Page, find_target: FindTarget) -> AsyncIterator[StreamEvent]:
    """Yield new lines, or new matches, until the log is complete."""
    position = page.query("after") or ""
    silent_seconds = 0.0
    while True:
        target = await find_target(page)
        if target is None:
            return
        view = await _read_new_lines(page, target, position)
        while view is not None and view.lines.lines:
            position, silent_seconds = view.position, 0.0
            yield StreamEvent("lines", await page.render_text("log_part.html", view=view), position)
            view = await _read_new_lines(page, target, position)
        position = view.position if view else position
        if not target.is_running and silent_seconds > GRACE_SECONDS:
            yield StreamEvent("end", "")
            return
        if await live_run.wait_or_stop(page, page.port.poll_seconds):
            return
        silent_seconds += page.port.poll_seconds


async def _read_new_lines(page: Page, target: LogTarget, position: str) -> LogView | None:
    """Return what follows a position; None if there is no log yet."""
    source = await open_log(page, target.stream)
    if source.log is None:
        return None
    after, _, searched = position.partition("~")
    place = Place("after", after, searched) if after or searched else Place("first")
    search, context = read_search(page), _requested_context(page)
    lines = await (source.log.read(place) if search is None else source.log.search(place, search, context))
    if search is not None and lines.later is not None:  # what is left is found from the last line on
        lines = replace(lines, through=lines.later)
    return LogView(target, lines, place, (), search, context, None, source, ())
