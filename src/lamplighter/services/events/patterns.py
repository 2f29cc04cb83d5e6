"""Event patterns as the API takes them: JSON text, refused in AWS's words.

See https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html.
"""

from lamplighter.base.errors import ValidationError
from lamplighter.base.jsontext import Json, JsonError, loads
from lamplighter.bus import Caller
from lamplighter.lang.jackson import fault
from lamplighter.lang.jsonplace import after, place
from lamplighter.lang.pattern import InvalidPattern, Pattern, compile_pattern
from lamplighter.services.events.errors import InvalidEventPattern
from lamplighter.store.db import Reader

REQUIRED = ("id", "account", "source", "time", "region", "detail-type")
"""What an event has to have to be tested."""


def read_pattern(text: str) -> Pattern:
    """A pattern by its text; InvalidEventPattern."""
    try:
        return compile_pattern(loads(text))
    except JsonError as error:
        found = fault(text)
        raise InvalidEventPattern(found[0] + after(text, found[1]) if found else str(error)) from None
    except InvalidPattern as error:
        raise InvalidEventPattern(error.reason + (place(text, error.spot) if error.spot else "")) from None


def test(_reader: Reader, _caller: Caller, params: Json) -> Json:
    """TestEventPattern"""
    pattern = read_pattern(params["EventPattern"])
    try:
        event = loads(params["Event"])
    except JsonError:
        event = None
    if not isinstance(event, dict) or not all(event.get(name) for name in REQUIRED):
        raise ValidationError("Parameter Event is not valid.")
    return {"Result": pattern.matches(event)}
