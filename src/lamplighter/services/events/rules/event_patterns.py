"""Parse event patterns from JSON text, with AWS's messages for invalid ones, and test events against them.

See https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html.
"""

from typing import TYPE_CHECKING

from lamplighter.base.errors import AwsError, ValidationError
from lamplighter.base.json_text import Json, JsonError, loads, loads_or
from lamplighter.base.precompute import Precomputed
from lamplighter.bus import Caller, Work
from lamplighter.lang.event_pattern.pattern import EventPatternError, Pattern, PatternTooComplex, compile_event_pattern
from lamplighter.lang.jackson_errors import read_first_value
from lamplighter.lang.jackson_location import location_at, offset_of
from lamplighter.services.events.errors import InvalidEventPattern
from lamplighter.store.db import Reader

if TYPE_CHECKING:
    from aws_types import events as aws

REQUIRED_FIELDS = ("id", "account", "source", "time", "region", "detail-type")


def read_pattern(text: str) -> Pattern:
    """Compile a pattern, given as text. Raises `InvalidEventPattern`."""
    try:
        return compile_event_pattern(loads(text))
    except JsonError as error:
        return _read_piecewise(text, str(error))
    except EventPatternError as error:
        raise _pattern_error(text, error, offset_of(text, error.position) if error.position else None) from None


def _read_piecewise(text: str, otherwise: str) -> Pattern:
    """Compile a pattern whose text is not JSON as a whole.

    AWS reads the text as a stream: it ignores the text after the last brace, and of several faults it reports the
    first.
    """
    reading = read_first_value(text)
    completed = text[: reading.end] + reading.closing
    try:
        pattern = compile_event_pattern(loads(completed))
    except JsonError:
        pattern = None
    except EventPatternError as error:
        at = offset_of(completed, error.position) if error.position else None
        if reading.fault is None or (at is not None and at <= reading.end):
            raise _pattern_error(text, error, at) from None
        pattern = None
    if reading.fault is not None:
        raise InvalidEventPattern(reading.fault.reason + location_at(text, reading.fault.at))
    if pattern is None:
        raise InvalidEventPattern(otherwise)
    return pattern


def _pattern_error(text: str, error: EventPatternError, at: int | None) -> AwsError:
    """Return the error with its reason and its position, repeated as often as AWS does."""
    repeats = error.position.repeats if error.position else 0
    return InvalidEventPattern(error.reason + ("" if at is None else location_at(text, at) * repeats))


def _matches(pattern_text: str, event_text: str) -> bool:
    pattern = read_pattern(pattern_text)
    event = loads_or(event_text, None)
    if not isinstance(event, dict) or not all(event.get(name) for name in REQUIRED_FIELDS):
        raise ValidationError("Parameter Event is not valid.")
    try:
        return pattern.matches(event)
    except PatternTooComplex as error:
        raise ValidationError(str(error)) from None


_MATCHES = Precomputed(_matches)


def run_pattern_test(
    _reader: Reader, _caller: Caller, params: "aws.TestEventPatternInput"
) -> "aws.TestEventPatternOutput":
    """Handle TestEventPattern."""
    return {"Result": _MATCHES(params["EventPattern"], params["Event"])}


def prepare_pattern_test(_reader: Reader, _caller: Caller, params: Json) -> Work | None:
    """Return the work of TestEventPattern that takes long for large texts, or None if they are small."""
    return _MATCHES.work_for(params["EventPattern"], params["Event"])
