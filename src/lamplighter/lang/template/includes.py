"""AWS::Include: parts of a template that are kept elsewhere and stand in its place.

Promises to put in what an Fn::Transform, or the Transform section, names, parts of parts as well. Refuses any other
macro: there is nobody here who would run it. What is elsewhere is asked of whoever calls.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html.
"""

from collections.abc import Callable, Iterator, Mapping

from lamplighter.base.json_text import Json
from lamplighter.lang.template.text import TemplateError

INCLUDE, TRANSFORM = "AWS::Include", "Fn::Transform"
DEEPEST = 10
"""How many parts may be one inside the other: more is a part that contains itself."""

Fetch = Callable[[Json], Json]
"""What is at a Location, which may be a function."""


def macro_names(value: Json) -> Iterator[str]:
    """The names of the macros that the values of a template want."""
    if isinstance(value, list):
        for item in value:
            yield from macro_names(item)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == TRANSFORM:
                yield macro_name(inner)
            yield from macro_names(inner)


def resolve_includes(value: Json, fetch: Fetch, depth: int = 0) -> Json:
    """Put parts in the place of the transforms below a value."""
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
        raise TemplateError(f"Transform {INCLUDE} failed with: what is included beside other members must be an object")
    return {**part, **own}


def include_sections(document: Json, call: Json, fetch: Fetch) -> Json:
    """A template with what its Transform section includes: what it says itself goes before."""
    part = fetch_part(call, fetch, 0)
    if not isinstance(part, dict):
        raise TemplateError(f"Transform {INCLUDE} failed with: what is included must be an object")
    return {name: _together(part.get(name), document.get(name)) for name in {**document, **part}}


def _together(part: Json, own: Json) -> Json:
    if isinstance(part, dict) and isinstance(own, dict):
        return {**part, **own}
    return part if own is None else own


def fetch_part(call: Json, fetch: Fetch, depth: int) -> Json:
    """The part that a transform names."""
    name, parameters = macro_name(call), call.get("Parameters") if isinstance(call, dict) else None
    if name != INCLUDE:
        raise TemplateError(f"No transform named {name} found.")
    if not isinstance(parameters, Mapping) or "Location" not in parameters:
        raise TemplateError(f"Transform {INCLUDE} failed with: the Location parameter is missing")
    if depth >= DEEPEST:
        raise TemplateError(f"Transform {INCLUDE} failed with: more than {DEEPEST} parts are one inside the other")
    return resolve_includes(fetch(parameters["Location"]), fetch, depth + 1)


def macro_name(call: Json) -> str:
    """The name of the macro that a transform calls."""
    name = call.get("Name") if isinstance(call, dict) else call
    return name if isinstance(name, str) else ""
