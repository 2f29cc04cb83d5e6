"""What an ItemReader makes of the text of an object: the items of a distributed Map.

JSON (an array, or what ItemsPointer leads to), JSON Lines, and CSV with its header in the first row or in the
definition. See https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html.
"""

import csv
import io
from collections.abc import Callable, Mapping

from lamplighter.asl.faults import READER_FAILED, Fault
from lamplighter.base.jsontext import Json, JsonError, loads

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


def read_items(text: str, config: Mapping[str, Json]) -> list[Json]:
    """The items in a text, as a ReaderConfig says; raises States.ItemReaderFailed where they are none."""
    kind = config.get("InputType", "JSON")
    form = FORMS.get(kind)
    if form is None:
        raise _failed(f"a text cannot be read as {kind}")
    try:
        items = form(text, config)
    except JsonError as error:
        raise _failed(str(error)) from None
    most = config.get("MaxItems")
    return items[:most] if most else items


def _failed(why: str) -> Fault:
    return Fault(READER_FAILED, f"Attempted to read the items of the Map, but {why}.")


def _json(text: str, config: Mapping[str, Json]) -> list[Json]:
    pointer = config.get("ItemsPointer", "")
    found = _pointed(loads(text), pointer)
    if not isinstance(found, list):
        raise _failed(f"there is no array at '{pointer or '/'}'")
    return found


def _pointed(document: Json, pointer: str) -> Json:
    """What a JSON Pointer (RFC 6901) leads to; None where it leads nowhere."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        elif isinstance(document, dict):
            document = document.get(key)
        else:
            return None
    return document


def _lines(text: str, _config: Mapping[str, Json]) -> list[Json]:
    return [loads(line) for line in text.splitlines() if line.strip()]


def _csv(text: str, config: Mapping[str, Json]) -> list[Json]:
    delimiter = DELIMITERS[config.get("CSVDelimiter", "COMMA")]
    rows = [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter) if row]
    if config.get("CSVHeaderLocation") == "GIVEN":
        header = config.get("CSVHeaders", [])
    else:
        header, rows = rows[0] if rows else [], rows[1:]
    # A short row leaves its last columns empty, what a long row has beyond the header is dropped.
    return [{name: row[at] if at < len(row) else "" for at, name in enumerate(header)} for row in rows]


FORMS: Mapping[str, Callable[[str, Mapping[str, Json]], list[Json]]] = {"JSON": _json, "JSONL": _lines, "CSV": _csv}
