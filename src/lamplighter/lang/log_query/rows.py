"""Hold one log event, or one result of `stats`, while the commands of a query work on it.

A field is looked up among those that commands made, then among those that CloudWatch Logs generates, then in the JSON
of the message: in the whole message, or in the first JSON object within it. A name with dots leads into objects and
arrays. The JSON is parsed when a query first asks for one of its fields. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lamplighter.base.json_text import Json, dumps, loads_or
from lamplighter.lang.log_query.values import Instant, Structure, Value, from_json

MAX_EMBEDDED_CHARACTERS = 65_536
"""The most characters of a message in which a JSON object is looked for."""
MAX_FIELDS = 200
"""The most fields that are discovered in one event: "up to 200 log event fields from a JSON log"."""
MAX_DOTS = 32
_DECODER = json.JSONDecoder()
_UNREAD = object()


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A log event as a query sees it. Times are in milliseconds since the epoch."""

    time: int
    ingested: int
    message: str
    stream: str
    log: str
    """The account and the log group: `123456789012:/batch/nightly`."""
    pointer: str


@dataclass(slots=True)
class Row:
    """The fields of an event or a result."""

    event: LogEvent | None
    values: dict[str, Value] = field(default_factory=dict)
    """The fields that commands made."""
    _document: Json = _UNREAD

    def get(self, name: str) -> Value:
        """Return a field, or None if the row has none of this name."""
        if name in self.values:
            return self.values[name]
        if (made := self._made_structure(name)) is not None:
            return made
        return None if self.event is None else self._discover(self.event, name)

    def follow(self, name: str, path: Sequence[str | int]) -> Value:
        """Return what a path leads to, such as `users[1].name`, from a field that is a map or a list."""
        value = self.get(name)
        found = value.document if isinstance(value, Structure) else None
        for step in path:
            if isinstance(step, int):
                found = found[step] if isinstance(found, list) and step < len(found) else None
            else:
                found = found.get(step) if isinstance(found, dict) else None
        return from_json(found)

    def with_value(self, name: str, value: Value) -> "Row":
        """Return a copy of the row with one more field."""
        return Row(self.event, {**self.values, name: value}, self._document)

    def _made_structure(self, name: str) -> Value:
        """Return an attribute of a map or list that a command made: the field, a dot, and a name within it."""
        place = name.find(".")
        while place >= 0:
            made = self.values.get(name[:place])
            if isinstance(made, Structure):
                return from_json(_look_up(made.document, name[place + 1 :]))
            place = name.find(".", place + 1)
        return None

    def _discover(self, event: LogEvent, name: str) -> Value:
        match name:
            case "@timestamp":
                return Instant(event.time)
            case "@message":
                return event.message
            case "@logStream":
                return event.stream
            case "@log":
                return event.log
            case "@ingestionTime":
                return Instant(event.ingested)
            case "@ptr":
                return event.pointer
            case _:
                return _scalar(_look_up(self._read_document(event), name))

    def _read_document(self, event: LogEvent) -> Json:
        if self._document is _UNREAD:
            self._document = read_document(event.message)
        return self._document


def read_document(message: str) -> Json:
    """Return the JSON object of a message, or None if it has none."""
    begin = message.find("{")
    if begin < 0:
        return None
    whole = loads_or(message, None)
    if isinstance(whole, dict):
        return whole
    if len(message) > MAX_EMBEDDED_CHARACTERS:
        return None
    try:
        found = _DECODER.raw_decode(message, begin)[0]
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _look_up(document: Json, name: str) -> Json:
    """Return what a name leads to: a key of the object, or a key, a dot and a name in its value."""
    if isinstance(document, dict):
        if name in document:
            return document[name]
        parts = name.split(".", MAX_DOTS)
        for number in range(1, len(parts)):
            head = ".".join(parts[:number])
            if head in document:
                return _look_up(document[head], ".".join(parts[number:]))
    if isinstance(document, list):
        head, _, rest = name.partition(".")
        index = int(head) if head.isascii() and head.isdigit() and len(head) < 10 else len(document)
        if index < len(document):
            return _look_up(document[index], rest) if rest else document[index]
    return None


def _scalar(value: Json) -> Value:
    if value is True or value is False:
        return "true" if value else "false"
    if value is None or isinstance(value, str | int | float):
        return value
    return dumps(value)


def discover_fields(event: LogEvent) -> Mapping[str, str]:
    """Return all fields of an event that its message contains, with their values as text."""
    found: dict[str, str] = {}
    for name, value in _leaves(read_document(event.message), ""):
        if len(found) == MAX_FIELDS:
            break
        found[name] = "" if value is None else str(value)
    return found


def _leaves(document: Json, prefix: str) -> Iterator[tuple[str, Value]]:
    """Yield the values of a document without objects and arrays; no recursion, because JSON may be nested deeply."""
    waiting: list[tuple[str, Json]] = [(prefix, document)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{name}.{key}" if name else key, each) for key, each in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [(f"{name}.{at}", each) for at, each in reversed(list(enumerate(value)))]
        elif name:
            yield name, _scalar(value)
