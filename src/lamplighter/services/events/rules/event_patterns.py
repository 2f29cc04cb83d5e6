"""Parse event patterns from JSON text, with AWS's messages for invalid ones, and test events against them.

See https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html.
"""

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.base.precompute import Precomputed
from lamplighter.bus import Caller, Work
from lamplighter.lang.event_pattern.pattern import InvalidPattern, Pattern, PatternTooComplex, compile_pattern
from lamplighter.lang.json_errors import read_first_value
from lamplighter.lang.json_location import characters_before, location_at
from lamplighter.services.events.errors import InvalidEventPattern
from lamplighter.store.db import Reader

REQUIRED = ("id", "account", "source", "time", "region", "detail-type")
"""The fields that TestEventPattern requires in an event."""


def read_pattern(text: str) -> Pattern:
    """Compile a pattern, given as text. Raises `InvalidEventPattern`."""
    try:
        return compile_pattern(loads(text))
    except JsonError as error:
        return _read_piecewise(text, str(error))
    except InvalidPattern as error:
        raise _refusal(text, error, characters_before(text, error.spot) if error.spot else None) from None


def _read_piecewise(text: str, otherwise: str) -> Pattern:
    """Compile a pattern whose text is not JSON as a whole.

    AWS reads the text as a stream: it ignores the text after the last brace, and of several faults it reports the
    first.
    """
    reading = read_first_value(text)
    whole = text[: reading.end] + reading.closing
    try:
        pattern = compile_pattern(loads(whole))
    except JsonError:
        pattern = None
    except InvalidPattern as error:
        at = characters_before(whole, error.spot) if error.spot else None
        if reading.fault is None or (at is not None and at <= reading.end):
            raise _refusal(text, error, at) from None
        pattern = None
    if reading.fault is not None:
        raise InvalidEventPattern(reading.fault.reason + location_at(text, reading.fault.at))
    if pattern is None:
        raise InvalidEventPattern(otherwise)
    return pattern


def _refusal(text: str, error: InvalidPattern, at: int | None) -> InvalidEventPattern:
    """Return the error with its reason and its position, repeated as often as AWS does."""
    times = error.spot.times if error.spot else 0
    return InvalidEventPattern(error.reason + ("" if at is None else location_at(text, at) * times))


def _tested(wanted: str, given: str) -> bool:
    pattern = read_pattern(wanted)
    try:
        event = loads(given)
    except JsonError:
        event = None
    if not isinstance(event, dict) or not all(event.get(name) for name in REQUIRED):
        raise ValidationError("Parameter Event is not valid.")
    try:
        return pattern.matches(event)
    except PatternTooComplex as error:
        raise ValidationError(str(error)) from None


_TESTED = Precomputed(_tested)


def match_event(_reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle TestEventPattern."""
    return {"Result": _TESTED(params["EventPattern"], params["Event"])}


def prepare_test(_reader: Reader, _caller: Caller, params: Json) -> Work | None:
    """Return the work of TestEventPattern that takes long for large texts, or None if they are small."""
    return _TESTED.work_for(params["EventPattern"], params["Event"])
