"""Parse the policies of topics and subscriptions from JSON text, with the errors of SNS's parser.

SNS reads them with Jackson, 2.16 or later: it ignores what follows the first value, does not quote the text, and
locates an unexpected character itself rather than the place after it. See https://github.com/FasterXML/jackson-core.
"""

from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.lang.jackson_errors import JsonFault, read_first_value
from lamplighter.lang.jackson_location import hide_source, location_at
from lamplighter.services.sns.errors import InvalidParameter


def parse_policy(name: str, text: str) -> Json:
    """Return the policy of the attribute `name`. Raises `InvalidParameter` if the text is not JSON."""
    try:
        return loads(text)
    except JsonError as error:
        reading = read_first_value(text)
        if reading.fault is not None:
            raise _invalid(name, _describe(text, reading.fault)) from None
        try:
            return loads(text[: reading.end])
        except JsonError:
            raise _invalid(name, str(error)) from None


def _describe(text: str, fault: JsonFault) -> str:
    at = fault.at - 1 if fault.reason.startswith("Unexpected character") else fault.at
    return hide_source(fault.reason + location_at(text, at), text)


def _invalid(name: str, reason: str) -> InvalidParameter:
    return InvalidParameter(f"{name}: failed to parse JSON. {reason}")
