"""Read the items of a distributed Map from the bytes of an object, as its ItemReader describes.

JSON is an array, or a document in which ItemsPointer leads to one. JSON Lines and CSV are the other formats; CSV has
its header in the first row or in the definition. Each may be compressed by gzip. Guarantees to read piece by piece:
however long a data set is, only one piece and one item are in memory. See
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html.
"""

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice

import ijson

from lamplighter.asl.execution.state_errors import READER_FAILED, StateError
from lamplighter.base.errors import require
from lamplighter.base.gzip_members import GzipError, decompress_members
from lamplighter.base.json_text import MAX_DEPTH, Json, JsonError, loads

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
GZIP = b"\x1f\x8b"
MAX_PIECE = 2**20
"""The most bytes that are decompressed in one piece, and the most characters in a line or in an item."""
MAX_TEXT_BYTES = 4 * MAX_PIECE
"""The most bytes of JSON without a complete text or number: a character has at most four."""

Steps = tuple[str, ...]


def read_items(pieces: Iterable[bytes], config: Mapping[str, Json]) -> Iterator[Json]:
    """Yield the items of a data set as its ReaderConfig describes, at most MaxItems. Raises States.ItemReaderFailed."""
    kind = config.get("InputType", "JSON")
    read_format = require(FORMATS.get(kind), lambda: reader_failed(f"the input type {kind} is not supported for text"))
    return islice(read_format(decompress(pieces), config), config.get("MaxItems") or None)


def reader_failed(reason: str) -> StateError:
    """Return the error for a data set that cannot be read."""
    return StateError(READER_FAILED, f"Attempted to read the items of the Map, but {reason}.")


def parse_pointer(config: Mapping[str, Json]) -> Steps:
    """Return the steps of the ItemsPointer, a JSON Pointer (RFC 6901)."""
    parts: list[str] = config.get("ItemsPointer", "").split("/")[1:]
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


def decompress(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content of a gzip file; yield any other data unchanged."""
    whole = iter(pieces)
    first = next(whole, b"")
    every = chain((first,), whole)
    yield from _decompress_gzip(every) if first.startswith(GZIP) else every


def _decompress_gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from decompress_members(pieces, MAX_PIECE)
    except GzipError as error:
        raise reader_failed(f"the gzip file is damaged: {error}") from None


# JSON


def _read_json(pieces: Iterable[bytes], config: Mapping[str, Json]) -> Iterator[Json]:
    try:
        yield from _read_elements(pieces, parse_pointer(config))
    except ijson.JSONError as error:
        reason = error.args[0] if isinstance(error.args[0], str) else error.args[0].decode(errors="replace")
        raise reader_failed(f"the document is not valid JSON: {reason.strip().partition(chr(10))[0]}") from None


def _read_elements(pieces: Iterable[bytes], steps: Steps) -> Iterator[Json]:
    events = _parse_events(_without_byte_order_mark(pieces))
    kind, _ = _find_value(events, steps)
    if kind != "start_array":
        raise StateError(READER_FAILED, "Attempting to map over non-iterable node.")
    for kind, value in events:
        if kind == "end_array":
            break
        yield _build_value(events, kind, value)
    for _ in events:
        """Read on to the end, because the rest must be JSON, too."""


@dataclass(slots=True)
class _UnparsedBytes:
    """The bytes that the parser has got since its last event: they belong to one text or number."""

    count: int = 0

    def count_pieces(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the pieces. Raises States.ItemReaderFailed if a text is too long: the parser would keep all of it."""
        for piece in pieces:
            self.count += len(piece)
            if self.count > MAX_TEXT_BYTES:
                raise reader_failed(f"a text or number of the document is longer than {MAX_PIECE} characters")
            yield piece


def _parse_events(pieces: Iterable[bytes]) -> Iterator[tuple[str, Json]]:
    unparsed = _UnparsedBytes()
    for event in ijson.basic_parse(ijson.from_iter(unparsed.count_pieces(pieces))):
        unparsed.count = 0
        yield event


def _without_byte_order_mark(pieces: Iterable[bytes]) -> Iterator[bytes]:
    whole = iter(pieces)
    return chain((next(whole, b"").removeprefix(codecs.BOM_UTF8),), whole)


def _find_value(events: Iterator[tuple[str, Json]], steps: Steps) -> tuple[str, Json]:
    """Return the first event of the value that the steps lead to."""
    event = next(events)
    for step in steps:
        kind = event[0]
        if kind == "start_map":
            event = _find_member(events, step)
        elif kind == "start_array" and step.isdecimal():
            event = _find_element(events, int(step))
        else:
            raise reader_failed(f"the document has no value at '{step}'")
    return event


def _find_member(events: Iterator[tuple[str, Json]], name: str) -> tuple[str, Json]:
    for kind, value in events:
        if kind == "end_map":
            break
        event = next(events)
        if value == name:
            return event
        _skip_value(events, event[0])
    raise reader_failed(f"the document has no member '{name}' at the given path")


def _find_element(events: Iterator[tuple[str, Json]], index: int) -> tuple[str, Json]:
    for event in events:
        if event[0] == "end_array":
            break
        if index == 0:
            return event
        _skip_value(events, event[0])
        index -= 1
    raise reader_failed("an array of the document has too few elements")


def _build_value(events: Iterator[tuple[str, Json]], kind: str, value: Json) -> Json:
    """Return the value that begins with an event. Raises States.ItemReaderFailed if it is too deep or too long."""
    builder, level, size = ijson.ObjectBuilder(), 0, 0
    while True:
        builder.event(kind, float(value) if isinstance(value, Decimal) else value)
        level += _level_change(kind)
        size += len(value) if isinstance(value, str) else 1
        if level == 0:
            return builder.value
        if level > MAX_DEPTH:
            raise reader_failed(f"an item has more than {MAX_DEPTH} levels")
        if size > MAX_PIECE:
            raise reader_failed(f"an item is longer than {MAX_PIECE} characters")
        kind, value = next(events)


def _skip_value(events: Iterator[tuple[str, Json]], kind: str) -> None:
    """Read the value that begins with an event of this kind."""
    level = _level_change(kind)
    while level:
        level += _level_change(next(events)[0])


def _level_change(kind: str) -> int:
    return kind.startswith("start_") - kind.startswith("end_")


# Lines and tables


def _read_json_lines(pieces: Iterable[bytes], _config: Mapping[str, Json]) -> Iterator[Json]:
    for number, line in enumerate(read_lines(pieces), 1):
        if line.strip():
            try:
                yield loads(line)
            except JsonError as error:
                raise reader_failed(f"line {number} is not valid JSON: {error}") from None


def _read_csv(pieces: Iterable[bytes], config: Mapping[str, Json]) -> Iterator[Json]:
    rows = csv.reader(read_lines(pieces), delimiter=DELIMITERS[config.get("CSVDelimiter", "COMMA")])
    try:
        given = config.get("CSVHeaderLocation") == "GIVEN"
        header = config.get("CSVHeaders", []) if given else next(rows, [])
        if len(set(header)) < len(header):
            raise reader_failed("two columns of the CSV header have the same name")
        for row in rows:
            if row:
                # A short row leaves the last columns empty; values beyond the header are dropped.
                yield {name: row[at] if at < len(row) else "" for at, name in enumerate(header)}
    except csv.Error as error:
        raise reader_failed(f"line {rows.line_num} is not valid CSV: {error}") from None


def read_lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield lines of UTF-8 with their ends, as csv.reader needs them, without a byte order mark."""
    pending = ""
    for text in _decode_text(pieces):
        *whole, pending = (pending + text).split("\n")
        yield from (f"{line}\n" for line in whole)
        if len(pending) > MAX_PIECE:
            raise reader_failed(f"a line is longer than {MAX_PIECE} characters")
    if pending:
        yield pending


def _decode_text(pieces: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        yield from (decoder.decode(piece) for piece in pieces)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise reader_failed("the data set is not UTF-8") from None


FORMATS: Mapping[str, Callable[[Iterable[bytes], Mapping[str, Json]], Iterator[Json]]] = {
    "JSON": _read_json,
    "JSONL": _read_json_lines,
    "CSV": _read_csv,
}
