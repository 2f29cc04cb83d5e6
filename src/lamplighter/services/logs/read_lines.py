"""Implement GetLogLines and FilterLogLines, with which the console reads a log by the numbers of its lines.

AWS has no such operations, and HTTP cannot call them. Guarantees that a call reads about as much as it returns, or
examines a bounded part of the log, so that it takes milliseconds in a log of any length. Chunks older than the group's
retention are not read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.lang.line_text import LineSearch
from lamplighter.services.logs.errors import InvalidParameter
from lamplighter.services.logs.lookup import find_group, find_stream
from lamplighter.services.logs.put_log_events import DAY
from lamplighter.services.logs.search_events import MAX_PAGE_BYTES
from lamplighter.services.logs.tables import numbered_lines
from lamplighter.services.logs.tables.log_groups import LogGroup, LogStream
from lamplighter.services.logs.tables.numbered_lines import NumberedLine
from lamplighter.store.db import Reader

MAX_EXAMINED_BYTES = 4 * 1_048_576
"""The most bytes that FilterLogLines examines: about 15 ms of work."""
CHUNK_COST = 512
"""The bytes that one more chunk counts in addition to its lines, so that many small chunks are bounded, too."""


MAX_RANGES = 1_000
MAX_NUMBER = 10**16
"""A number that no line has."""


@dataclass(frozen=True, slots=True)
class _Log:
    reader: Reader
    group: LogGroup
    stream: LogStream
    since: int
    """The earliest time of a line that has not expired."""

    def lines(self, number: int, *, forward: bool) -> Iterator[NumberedLine]:
        """Yield the lines from a number on, or those before it, the latest first."""
        if forward:
            for chunk in numbered_lines.chunks_forward(self.reader, self.stream.id, number, self.since):
                yield from (each for each in chunk.lines(chunk.document()) if each.number >= number)
        else:
            for chunk in numbered_lines.chunks_backward(self.reader, self.stream.id, number, self.since):
                yield from (each for each in chunk.lines(chunk.document())[::-1] if each.number < number)


class LineReader:
    """The operations that read a log by line numbers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def read(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return lines by their numbers (`GetLogLines`).

        `ranges` has pairs of a first and a last number, in ascending order; `backward` returns the last lines of the
        ranges instead of the first ones, if there are more than the `limit` or than 1 MB. The answer also has the
        numbers of the log's `first` and `last` line, the days of its `retention`, and `numbered`, which is False if the
        lines have no numbers.
        """
        ranges, limit = _read_range_list(params["ranges"]), _read_number(params["limit"])
        log = self._find_log(reader, caller, params)
        retention = log.group.retention
        if log.stream.lines is None:
            return {"numbered": False, "lines": [], "retention": retention}
        first = numbered_lines.first_number(reader, log.stream.id, log.since)
        found = _read_ranges(log, ranges, limit, backward=bool(params.get("backward", False)))
        return {
            "numbered": True,
            "lines": [{"number": each.number, "timestamp": each.time, "message": each.message} for each in found],
            "first": first,
            "last": log.stream.lines,
            "retention": retention,
        }

    def find(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return the numbers of the lines that contain a `text`, without regard to case (`FilterLogLines`).

        Begins at the line `number`, or before it if `backward`. Stops soon after `limit` lines are found, or when much
        has been examined; then `next` is the number from which another call continues, otherwise None. Numbers are
        ascending, or descending if `backward`.
        """
        log = self._find_log(reader, caller, params)
        search, backward = LineSearch(str(params["text"])), bool(params.get("backward", False))
        number, limit = _read_number(params["number"]), _read_number(params["limit"])
        read_chunks = numbered_lines.chunks_backward if backward else numbered_lines.chunks_forward
        numbers: list[int] = []
        examined_bytes, begin = 0, number
        for chunk in read_chunks(reader, log.stream.id, number, log.since):
            if examined_bytes >= MAX_EXAMINED_BYTES or len(numbers) >= limit:
                return {"numbers": numbers, "next": begin if backward else chunk.line}
            document = chunk.document()
            examined_bytes += len(document) + CHUNK_COST
            begin = chunk.line
            if search.may_match(document):
                found = [each.number for each in chunk.lines(document) if search.matches(each.message)]
                numbers += (
                    [each for each in found if each < number][::-1]
                    if backward
                    else [each for each in found if each >= number]
                )
        return {"numbers": numbers, "next": None}

    def _find_log(self, reader: Reader, caller: Caller, params: Json) -> _Log:
        group = find_group(reader, caller, str(params["logGroupName"]))
        stream = find_stream(reader, group, str(params["logStreamName"]))
        since = 0 if group.retention is None else self._world.now() - group.retention * DAY
        return _Log(reader, group, stream, since)


def _read_number(value: Json) -> int:
    """Return the number of a line, or of lines; raise `ValueError` for another value."""
    return max(0, min(int(value), MAX_NUMBER))


def _read_range_list(value: Json) -> list[tuple[int, int]]:
    if len(value) > MAX_RANGES:
        raise InvalidParameter(f"A call reads at most {MAX_RANGES} ranges of lines.")
    return [(_read_number(first), _read_number(last)) for first, last in value]


def _read_ranges(log: _Log, ranges: list[tuple[int, int]], limit: int, *, backward: bool) -> list[NumberedLine]:
    """Return the lines of the ranges in ascending order, within the limits of a page."""
    page: list[NumberedLine] = []
    room = MAX_PAGE_BYTES
    for first, last in ranges[::-1] if backward else ranges:
        for line in log.lines(last + 1 if backward else first, forward=not backward):
            if not first <= line.number <= last:
                break
            room -= len(line.message)
            if page and (len(page) >= limit or room < 0):
                return page[::-1] if backward else page
            page.append(line)
    return page[::-1] if backward else page
