"""Read a log by the times of its lines, with GetLogEvents: logs on AWS, and those of earlier versions of the engine.

CloudWatch Logs numbers no lines. So a line's id is its time and its place among the lines of that millisecond
(`1767225600000-0`), which GetLogEvents determines: it returns the lines from a time on in a fixed order. A call
returns at most 10,000 lines and 1 MB, and AWS answers about ten calls a second; so one page makes a few calls, and a
search that finds nothing within them states from where it continues.
See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json
from lamplighter.console.data.logs.log_lines import (
    PAGE_LINES,
    Line,
    LinePage,
    MatchCount,
    Place,
    context_ranges,
    limit_page,
)
from lamplighter.console.data.tasks import container_output
from lamplighter.console.page import Page
from lamplighter.lang.line_text import LineSearch
from lamplighter.runs.tasks.log_stream import LogStream

MAX_CALLS = 5
"""The most calls of GetLogEvents in a row for one page."""
MAX_EVENTS = 10_000
"""The most lines that a call returns."""
MANY = MAX_CALLS * MAX_EVENTS
LINE_ID = re.compile("([0-9]{1,14})-([0-9]{1,9})")
LATEST_TIME = 10**14 - 1

Key = tuple[int, int]
"""The time of a line in milliseconds since the epoch, and its place among the lines of that time, from 0."""
FIRST: Key = (0, -1)
LAST: Key = (LATEST_TIME, 10**9)


@dataclass(frozen=True, slots=True)
class TimedLog:
    """A log whose lines have no numbers."""

    page: Page
    stream: LogStream

    async def read(self, place: Place) -> LinePage:
        """Return the lines at a place."""
        key = _key_of_place(place)
        if place.at == "around":
            before, starts = await self._before(key, PAGE_LINES // 2)
            after, ends = await self._after((key[0], key[1] - 1), PAGE_LINES // 2)
            return _make_page([*before, *after], place, starts=starts, ends=ends)
        if place.forward:
            lines, is_edge = await self._after(key, PAGE_LINES)
        else:
            lines, is_edge = await self._before(key, PAGE_LINES)
        kept = limit_page(lines, [each.message for each in lines], forward=place.forward)
        is_edge = is_edge and len(kept) == len(lines)
        starts, ends = (place.at == "first", is_edge) if place.forward else (is_edge, place.at == "last")
        return _make_page(kept, place, starts=starts, ends=ends)

    async def search(self, place: Place, search: LineSearch, context: int) -> LinePage:
        """Return the matches at a place with their context."""
        key = _key_of_place(place)
        if place.forward:
            begin = _parse_id(place.searched) or key
            behind = (await self._before((begin[0], begin[1] + 1), context))[0] if context and begin > FIRST else []
            found, is_edge = await self._after(begin, MANY)
            window = [*behind, *found]
        else:
            found, is_edge = await self._before(key, MANY)
            ahead = (await self._after((key[0], key[1] - 1), context))[0] if context and key < LAST else []
            window = [*found, *ahead]
        lines, is_cut = _select(window, place, search, context)
        edge = found[-1 if place.forward else 0].id if found else None
        more = (lines[-1 if place.forward else 0].id if is_cut else edge) if is_cut or not is_edge else None
        back = lines[0 if place.forward else -1].id if lines and place.line else place.line or None
        return LinePage(
            lines=lines,
            earlier=back if place.forward else more,
            later=more if place.forward else back,
            through=found[-1].id if found else place.searched or place.line,
            gap_after=bool(context and lines and found) and place.at == "before" and lines[-1].id != found[-1].id,
        )

    async def count(self, search: LineSearch, through: str) -> MatchCount:
        """Return how many lines, up to the one with this id, contain a text."""
        found, is_edge = await self._after(FIRST, MANY)
        end = _parse_id(through) or FIRST
        number = sum(search.matches(each.message) and (_parse_id(each.id) or FIRST) <= end for each in found)
        return MatchCount(number, is_complete=is_edge or bool(found and (_parse_id(found[-1].id) or FIRST) >= end))

    async def read_line(self, line: str) -> Line | None:
        """Return a line by its id."""
        key = _parse_id(line)
        found = (await self._after((key[0], key[1] - 1), 1))[0] if key else []
        return found[0] if found and found[0].id == line else None

    def compare_key(self, line: str) -> tuple[int, ...] | None:
        """Return the time and the place in an id."""
        return _parse_id(line)

    async def _after(self, key: Key, most: int) -> tuple[list[Line], bool]:
        """Return the lines after a key, and whether the last one is the last of the log."""
        events, ends = await self._read_events(most + key[1] + 1, forward=True, startTime=key[0])
        lines = [each for each in _number_events(events, 0) if (_parse_id(each.id) or FIRST) > key]
        return lines[:most], ends and len(lines) <= most

    async def _before(self, key: Key, most: int) -> tuple[list[Line], bool]:
        """Return the lines before a key, and whether the first one is the first of the log."""
        wanted = most + 1  # the line itself is among them
        while True:
            end = min(key[0] + 1, LATEST_TIME)
            events, starts = await self._read_events(wanted, forward=False, endTime=end)
            offset = 0 if starts or not events else await self._count_before(events)
            lines = [each for each in _number_events(events, offset) if (_parse_id(each.id) or FIRST) < key]
            if len(lines) >= most or starts or wanted >= MANY:
                return lines[-most:], starts and len(lines) <= most
            wanted = min(MANY, 2 * max(wanted, most + len(events) - len(lines)))  # others of the key's time follow it

    async def _count_before(self, events: Sequence[Json]) -> int:
        """Return how many lines with the time of the first of these events are before it."""
        time: int = events[0]["timestamp"]
        same, _ = await self._read_events(MANY, forward=True, startTime=time, endTime=time + 1)
        return max(0, len(same) - len([each for each in events if each["timestamp"] == time]))

    async def _read_events(self, most: int, *, forward: bool, **given: Json) -> tuple[list[Json], bool]:
        """Return events in the order of the log, and whether there are no more in this direction.

        AWS may return an empty page although more events follow: only a repeated token means the end.
        """
        events: list[Json] = []
        token: Json = {}
        for _ in range(MAX_CALLS):
            limit = max(1, min(MAX_EVENTS, most - len(events)))
            answer = await container_output.read_log_page(
                self.page, self.stream, limit=limit, startFromHead=forward, **given, **token
            )
            events = [*events, *answer["events"]] if forward else [*answer["events"], *events]
            following = answer.get("nextForwardToken" if forward else "nextBackwardToken")
            if following in (None, token.get("nextToken")):
                return events, True
            if len(events) >= most:
                return events, False
            token = {"nextToken": following}
        return events, False


def _key_of_place(place: Place) -> Key:
    return {"first": FIRST, "last": LAST}.get(place.at) or _parse_id(place.line) or FIRST


def _parse_id(line: str) -> Key | None:
    found = LINE_ID.fullmatch(line)
    return (int(found[1]), int(found[2])) if found else None


def _number_events(events: Sequence[Json], place: int) -> list[Line]:
    """Return events as lines; `place` is the place of the first one among the lines of its time."""
    lines: list[Line] = []
    time = events[0]["timestamp"] if events else 0
    place -= 1
    for each in events:
        place = place + 1 if each["timestamp"] == time else 0
        time = each["timestamp"]
        lines.append(Line(f"{time}-{place}", None, time, each["message"]))
    return lines


def _make_page(lines: Sequence[Line], place: Place, *, starts: bool, ends: bool) -> LinePage:
    if not lines:
        return LinePage((), None, None, place.line)
    return LinePage(lines, None if starts else lines[0].id, None if ends else lines[-1].id, lines[-1].id)


def _select(window: Sequence[Line], place: Place, search: LineSearch, context: int) -> tuple[Sequence[Line], bool]:
    """Return the matches of a window with their context, and whether some did not fit on the page.

    The window may begin or end with lines beyond the place, whose own context may reach into the page.
    """
    matches = [at for at, each in enumerate(window) if search.matches(each.message)]
    key = _key_of_place(place)
    keys = [_parse_id(each.id) or FIRST for each in window]
    beyond = [at for at, each in enumerate(keys) if (each > key if place.forward else each < key)]
    ranges = context_ranges(matches, context, beyond[0], beyond[-1]) if beyond else []
    chosen = [at for first, last in ranges for at in range(first, last + 1)]
    kept = limit_page(chosen, [window[at].message for at in chosen], forward=place.forward)
    found, before = set(matches), beyond[0] - 1 if beyond and place.at == "after" else None
    lines: list[Line] = []
    for at in kept:
        after_gap = bool(context) and before is not None and at > before + 1
        lines.append(replace(window[at], is_match=at in found, after_gap=after_gap))
        before = at
    return lines, len(kept) < len(chosen)
