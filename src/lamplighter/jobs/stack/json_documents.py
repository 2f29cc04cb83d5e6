"""Build JSON documents in which the stack inserts ARNs.

Guarantees that CloudFormation never takes text of a job file for a function: `Fn::Join` does not change its parts.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.stack.arns import escape_literal
from lamplighter.jobs.stack.intrinsic_functions import join


def join_document(arns: Mapping[str, Json], values: Json) -> Json:
    """Return a document from `arns` (ARNs, lists of ARNs) and `values` (plain values)."""
    parts: list[Json] = ["{"]
    for key, value in arns.items():
        parts.append(f"{dumps(key)}:")
        parts += ["[", *_join_items(value), "]"] if isinstance(value, list) else ['"', value, '"']
        parts.append(",")
    return join("", [*parts, escape_literal(dumps(values)[1:])])


def _join_items(values: list[Json]) -> list[Json]:
    return [part for value in values for part in (",", '"', value, '"')][1:]
