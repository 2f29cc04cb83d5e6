"""Build JSON documents in which the stack inserts ARNs.

Guarantees that CloudFormation never takes text of a job file for a function: `Fn::Join` does not change its parts.
"""

from collections.abc import Mapping

from troposphere import Join

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.stack.arns import escape_literal


def join_document(filled: Mapping[str, Json], known: Json, places: Mapping[str, str] | None = None) -> Join:
    """Return a document from `filled` (ARNs, lists of ARNs), `known` (plain values) and `places` (raw JSON text)."""
    parts: list[Json] = ["{"]
    for key, value in filled.items():
        parts.append(f"{dumps(key)}:")
        parts += ["[", *_listed(value), "]"] if isinstance(value, list) else ['"', value, '"']
        parts.append(",")
    parts += [f"{dumps(key)}:{place}," for key, place in (places or {}).items()]
    return Join("", [*parts, escape_literal(dumps(known)[1:])])


def _listed(values: list[Json]) -> list[Json]:
    return [part for value in values for part in (",", '"', value, '"')][1:]
