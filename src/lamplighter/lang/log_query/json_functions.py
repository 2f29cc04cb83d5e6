"""Provide the functions of queries that make maps and lists of texts, and texts of maps and lists.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json, dumps, loads_or
from lamplighter.lang.log_query.function import Function, Values
from lamplighter.lang.log_query.values import Structure, Value, to_text

MAX_PARTS = 100_000
"""The most parts into which `split` splits a text."""


def _parse(value: Value) -> Json:
    """Return the document of a map, a list or the text of one, or None."""
    if isinstance(value, Structure):
        return value.document
    document = None if value is None else loads_or(to_text(value), None)
    return document if isinstance(document, dict | list) else None


def _to_structure(values: Values) -> Value:
    document = _parse(values[0])
    return None if document is None else Structure(document)


def _to_json(values: Values) -> Value:
    return dumps(values[0].document) if isinstance(values[0], Structure) else None


def _array_size(values: Values) -> Value:
    document = _parse(values[0])
    return len(document) if isinstance(document, list) else None


def _array_contains(values: Values) -> Value:
    document, wanted = _parse(values[0]), to_text(values[1])
    return int(isinstance(document, list) and any(_item_text(item) == wanted for item in document))


def _item_text(item: Json) -> str:
    return item if isinstance(item, str) else dumps(item)


def _split(values: Values) -> Value:
    text, delimiter = values[0], to_text(values[1])
    if text is None or not delimiter:
        return None
    return Structure(to_text(text).split(delimiter, MAX_PARTS))


JSON_FUNCTIONS: Mapping[str, Function] = {
    "jsonparse": Function(_to_structure, 1, 1, takes_structures=True),
    "jsonstringify": Function(_to_json, 1, 1, takes_structures=True),
    "jsonarraysize": Function(_array_size, 1, 1, takes_structures=True),
    "jsonarraycontains": Function(_array_contains, 2, 2, takes_structures=True),
    "split": Function(_split, 2, 2),
}
