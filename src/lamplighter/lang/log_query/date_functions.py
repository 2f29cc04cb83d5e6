"""Provide the functions of queries that write times.

`formatDate(@timestamp, "%Y-%m-%d", "Europe/Berlin")` takes the directives of C's strftime that need no locale but the
default one; other texts of a format stay as they are. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html.
"""

import re
from collections.abc import Mapping
from datetime import UTC, timedelta

from lamplighter.lang.log_query.function import Function, Values
from lamplighter.lang.log_query.values import MAX_TIME, Value, to_number, to_text
from lamplighter.lang.schedule.time_zones import EPOCH, UnknownZone, find_zone

MAX_FORMAT = 1_000
"""The most characters of a format."""
DIRECTIVES = "aAbBdefFHIjmMpSTuwyYzZ"
_DIRECTIVE = re.compile(f"%([{DIRECTIVES}%])")


def _format_date(values: Values) -> Value:
    time, form = to_number(values[0]), to_text(values[1])
    if time is None or not 0 <= time <= MAX_TIME or len(form) > MAX_FORMAT:
        return None
    try:
        zone = find_zone(to_text(values[2])) if len(values) > 2 else UTC
        moment = (EPOCH + timedelta(milliseconds=int(time))).astimezone(zone)
    except (UnknownZone, OverflowError):
        return None
    return _DIRECTIVE.sub(lambda found: moment.strftime(found[0]), form)


DATE_FUNCTIONS: Mapping[str, Function] = {
    "formatdate": Function(_format_date, 2, 3),
    "strftime": Function(_format_date, 2, 3),
}
