"""Expand Fn::ForEach, which repeats a fragment of a template for each item of a collection.

Guarantees to expand loops in Resources, Conditions and Outputs, inside the properties of resources, and inside other
loops.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html.
"""

import re
from collections.abc import Mapping

from lamplighter.base.json_text import Json
from lamplighter.lang.template.functions import TemplateScope, resolve, value_as_text
from lamplighter.lang.template.text import TemplateError

LOOP_PREFIX = "Fn::ForEach::"
MAX_REPETITIONS = 10_000
"""The most repetitions of all loops of a template together, loops inside loops included; more is a mistake."""


def expand_loops(document: Json, scope: TemplateScope) -> Json:
    """Expand every loop of a template."""
    loops = _Loops(scope)
    return {
        name: loops.expand(section, {}) if name in ("Resources", "Conditions", "Outputs") else section
        for name, section in document.items()
    }


class _Loops:
    def __init__(self, scope: TemplateScope) -> None:
        self._scope = scope
        self._repetitions = 0

    def expand(self, value: Json, bound: Mapping[str, str]) -> Json:
        """Expand the loops below a value; `bound` has the identifiers and items of the loops around it."""
        if isinstance(value, str):
            return _replace_identifiers(value, bound)
        if isinstance(value, list):
            return [self.expand(item, bound) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and isinstance(value.get("Ref"), str) and value["Ref"] in bound:
            return bound[value["Ref"]]
        members: dict[str, Json] = {}
        for name, inner in value.items():
            if name.startswith(LOOP_PREFIX):
                members |= self._expand_loop(name, inner, bound)
            else:
                members[_replace_identifiers(name, bound)] = self.expand(inner, bound)
        return members

    def _expand_loop(self, name: str, given: Json, bound: Mapping[str, str]) -> dict[str, Json]:
        if not (
            isinstance(given, list) and len(given) == 3 and isinstance(given[0], str) and isinstance(given[2], dict)
        ):
            raise TemplateError(f"Template error: {name} must be a list of an identifier, a collection and a fragment")
        identifier, collection, fragment = given
        items = resolve(self.expand(collection, bound), self._scope)
        if not isinstance(items, list):
            raise TemplateError(f"Template error: the collection of {name} must be a list")
        members: dict[str, Json] = {}
        for item in items:
            self._repetitions += 1
            if self._repetitions > MAX_REPETITIONS:
                raise TemplateError(
                    f"Template error: the loops of the template make more than {MAX_REPETITIONS} repetitions"
                )
            members |= self.expand(fragment, {**bound, identifier: value_as_text(item)})
        return members


def _replace_identifiers(text: str, bound: Mapping[str, str]) -> str:
    """Replace `${Identifier}` with the item, and `&{Identifier}` with the alphanumeric characters of the item."""
    for name, item in bound.items():
        text = text.replace(f"${{{name}}}", item).replace(f"&{{{name}}}", re.sub(r"[^A-Za-z0-9]", "", item))
    return text
