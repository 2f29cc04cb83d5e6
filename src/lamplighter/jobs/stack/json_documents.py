"""JSON documents in which the stack fills in ARNs.

Promises that no text of a job file is taken for a function: `Fn::Join` leaves its parts as they are.
"""

from collections.abc import Mapping

from troposphere import Join

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.stack.arns import escape_literal


def join_document(filled: Mapping[str, Json], known: Json, places: Mapping[str, str] | None = None) -> Join:
    """A document: `filled` has ARNs or lists of them, `known` what is known now, `places` text that stands as it is."""
    parts: list[Json] = ["{"]
    for key, value in filled.items():
        parts.append(f"{dumps(key)}:")
        parts += ["[", *_listed(value), "]"] if isinstance(value, list) else ['"', value, '"']
        parts.append(",")
    parts += [f"{dumps(key)}:{place}," for key, place in (places or {}).items()]
    return Join("", [*parts, escape_literal(dumps(known)[1:])])


def _listed(values: list[Json]) -> list[Json]:
    return [part for value in values for part in (",", '"', value, '"')][1:]
