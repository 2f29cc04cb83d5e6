"""Resolve AWS::Include: insert parts of a template that are stored elsewhere.

Guarantees to insert the part that an Fn::Transform, or the Transform section, names, including parts inside parts.
Rejects any other macro, because nothing here can run it. The caller's `Fetch` returns the parts.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html.
"""

from collections.abc import Callable, Iterator, Mapping

from lamplighter.base.json_text import Json
from lamplighter.lang.template.text import TemplateError

INCLUDE, TRANSFORM = "AWS::Include", "Fn::Transform"
MAX_DEPTH = 10
"""The deepest nesting of parts; a part that is nested deeper contains itself."""

Fetch = Callable[[Json], Json]
"""A function that returns the part at a Location, which may be a template function."""


def macro_names(value: Json) -> Iterator[str]:
    """Yield the names of the macros that the values of a template call."""
    if isinstance(value, list):
        for item in value:
            yield from macro_names(item)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == TRANSFORM:
                yield macro_name(inner)
            yield from macro_names(inner)


def resolve_includes(value: Json, fetch: Fetch, depth: int = 0) -> Json:
    """Replace the transforms below a value with the parts that they name."""
    if isinstance(value, list):
        return [resolve_includes(item, fetch, depth) for item in value]
    if not isinstance(value, dict):
        return value
    own = {name: resolve_includes(inner, fetch, depth) for name, inner in value.items() if name != TRANSFORM}
    if TRANSFORM not in value:
        return own
    part = fetch_part(value[TRANSFORM], fetch, depth)
    if not own:
        return part
    if not isinstance(part, dict):
        message = "a part that is included next to other members must be an object"
        raise TemplateError(f"Transform {INCLUDE} failed with: {message}")
    return {**part, **own}


def include_sections(document: Json, call: Json, fetch: Fetch) -> Json:
    """Return a template with the part that its Transform section includes; the template's own members win."""
    part = fetch_part(call, fetch, 0)
    if not isinstance(part, dict):
        raise TemplateError(f"Transform {INCLUDE} failed with: the included part must be an object")
    return {name: _merge_sections(part.get(name), document.get(name)) for name in {**document, **part}}


def _merge_sections(part: Json, own: Json) -> Json:
    if isinstance(part, dict) and isinstance(own, dict):
        return {**part, **own}
    return part if own is None else own


def fetch_part(call: Json, fetch: Fetch, depth: int) -> Json:
    """Return the part that a transform names, with the parts inside it."""
    name, parameters = macro_name(call), call.get("Parameters") if isinstance(call, dict) else None
    if name != INCLUDE:
        raise TemplateError(f"No transform named {name} found.")
    if not isinstance(parameters, Mapping) or "Location" not in parameters:
        raise TemplateError(f"Transform {INCLUDE} failed with: the Location parameter is missing")
    if depth >= MAX_DEPTH:
        raise TemplateError(f"Transform {INCLUDE} failed with: the parts are nested more than {MAX_DEPTH} levels deep")
    return resolve_includes(fetch(parameters["Location"]), fetch, depth + 1)


def macro_name(call: Json) -> str:
    """Return the name of the macro that a transform calls; empty if it has none."""
    name = call.get("Name") if isinstance(call, dict) else call
    return name if isinstance(name, str) else ""
