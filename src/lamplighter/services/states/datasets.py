"""The items of a data set, as an ItemReader reads them: JSON, JSON Lines, CSV, and the inventories of S3.

Promises to read piece by piece: however long a data set is, no more than one item and one piece are in memory. Refuses
what is no data set with `Unreadable`, whose text is the cause of the States.ItemReaderFailed that follows.
See https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html.
"""

import codecs
import csv
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lamplighter.base.jsontext import Json, JsonError, loads

LARGEST = 2**20
"""How many characters one item may have; a child is given no more than 256 KiB in any case."""
BLANK = re.compile(r"\s*")
CUT = re.compile(r"\.|(\.\d+)?[eE][-+]?")
"""What stands behind the part of a number that reads as one, where the text ends in the middle of it."""


class Unreadable(ValueError):
    """The data set can't be read; str() says why."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the manifest of an S3 inventory says: where the files are that list the objects."""

    bucket: str
    keys: tuple[str, ...]
    headers: tuple[str, ...]


def json_items(pieces: Iterable[bytes]) -> Iterator[Json]:
    """The elements of a JSON array."""
    texts = _texts(pieces)
    pending = _more("", texts)
    while not pending.strip():
        pending = _more(pending, texts)
    if pending.lstrip()[0] != "[":
        raise Unreadable("The JSON document is not an array")
    pending, at, first, ended = pending.lstrip(), 1, True, False
    while not ended:
        element = _element(pending, at, first=first)
        if element is None:
            pending, at = _more(pending[at:], texts), 0
            continue
        values, at, ended = element
        yield from values
        first = False
    if pending[at:].strip() or any(text.strip() for text in texts):
        raise Unreadable("The JSON document goes on after its array")


def _element(text: str, at: int, *, first: bool) -> tuple[list[Json], int, bool] | None:
    """The element at a place, where the next begins, and whether it is the last; None where more must be known."""
    start = _skip(text, at)
    if first and text.startswith("]", start):
        return [], start + 1, True
    try:
        value, at = DECODER.raw_decode(text, start)
    except json.JSONDecodeError:
        return None
    except RecursionError:
        raise Unreadable("The JSON document is nested too deeply") from None
    at = _skip(text, at)
    if at == len(text) or CUT.fullmatch(text, at):
        return None
    if text[at] not in ",]":
        raise Unreadable(f"The JSON document is malformed: an element is followed by {text[at]!r}")
    return [value], at + 1, text[at] == "]"


def _skip(text: str, at: int) -> int:
    found = BLANK.match(text, at)
    return found.end() if found else at


def _constant(name: str) -> Json:
    raise Unreadable(f"The JSON document is malformed: {name} is not JSON")


DECODER = json.JSONDecoder(parse_constant=_constant)


def _more(pending: str, texts: Iterator[str]) -> str:
    if len(pending) > LARGEST:
        raise Unreadable(f"The data set is malformed, or an item of it is longer than {LARGEST} characters")
    text = next(texts, None)
    if text is None:
        raise Unreadable("The JSON document is malformed, or ends too early")
    return pending + text


def line_items(pieces: Iterable[bytes]) -> Iterator[Json]:
    """The values of JSON Lines; blank lines are none."""
    for number, line in enumerate(_lines(pieces), 1):
        if not line.strip():
            continue
        try:
            yield loads(line)
        except JsonError as error:
            raise Unreadable(f"Line {number} is not JSON: {error}") from None


def csv_items(pieces: Iterable[bytes], headers: Sequence[str] | None = None, delimiter: str = ",") -> Iterator[Json]:
    """The records of a CSV file as objects of text, named by its first row where no headers are given.

    Empty text stands for what a record lacks against the headers; what it has beyond them is skipped.
    """
    rows = csv.reader(_lines(pieces), delimiter=delimiter)
    try:
        names = next(rows, []) if headers is None else headers
        for row in rows:
            if row:
                yield {name: row[at] if at < len(row) else "" for at, name in enumerate(names)}
    except csv.Error as error:
        raise Unreadable(f"Line {rows.line_num} is not CSV: {error}") from None


def inventory(text: bytes) -> Inventory:
    """Read the manifest of an S3 inventory, which must be in CSV."""
    try:
        manifest = loads(text)
        if manifest["fileFormat"] != "CSV":
            raise Unreadable(f"The inventory is in {manifest['fileFormat']}; only CSV can be read")
        return Inventory(
            bucket=manifest["destinationBucket"].rpartition(":")[2],
            keys=tuple(file["key"] for file in manifest["files"]),
            headers=tuple(name.strip() for name in manifest["fileSchema"].split(",")),
        )
    except (JsonError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        raise Unreadable("The manifest is not that of an S3 inventory") from None


def unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What a gzip file, such as a file of an inventory, holds."""
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        for piece in pieces:
            left = piece
            while left:
                yield stream.decompress(left, LARGEST)
                left = stream.unconsumed_tail
    except zlib.error as error:
        raise Unreadable(f"The file is not gzip: {error}") from None
    if not stream.eof:
        raise Unreadable("The gzip file ends too early")


def _texts(pieces: Iterable[bytes]) -> Iterator[str]:
    """Text as it comes in, without a byte order mark."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        for piece in pieces:
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Unreadable("The data set is not UTF-8") from None


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Lines with their ends, as csv.reader wants them."""
    pending = ""
    for text in _texts(pieces):
        *whole, pending = (pending + text).split("\n")
        yield from (f"{line}\n" for line in whole)
        if len(pending) > LARGEST:
            raise Unreadable(f"A line is longer than {LARGEST} characters")
    if pending:
        yield pending
