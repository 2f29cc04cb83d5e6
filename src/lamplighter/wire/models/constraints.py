"""What a shape demands of a value, and how AWS says it.

Promises the constraints of the model, each with the text of its violation. See
https://smithy.io/2.0/spec/constraint-traits.html. Refuses to walk: a list's elements are not its own constraint.
"""

from collections.abc import Callable

from botocore.model import Shape

from lamplighter.base.json_text import Json
from lamplighter.wire.models import java_text
from lamplighter.wire.models.service_quirks import ServiceQuirks

Rule = tuple[Callable[[Json], bool], str]
"""What must hold, and AWS's words for it."""

NOT_NULL = "Member must not be null"

FAR = 10_240
"""Characters up to which a pattern is tried whatever the text's maximum is."""

_NUMBERS = {"integer", "long", "float", "double"}
_AGGREGATES = {"structure", "list", "map"}


def constraints_of(shape: Shape, manners: ServiceQuirks) -> list[Rule]:
    """A value's constraints as AWS lists them in brackets; of a single member it names them the other way round."""
    if shape.type_name in _AGGREGATES or not manners.constrained or shape.name in manners.unenforced:
        return []
    rules = bound_constraints(shape, manners)
    source, enum = shape.metadata.get("pattern"), shape.metadata.get("enum")
    if source:
        rules.append((_matcher(shape), f"Member must satisfy regular expression pattern: {source}"))
    if enum:
        listed = ", ".join(java_text.set_order(enum))
        rules.append((frozenset(enum).__contains__, f"Member must satisfy enum value set: [{listed}]"))
    return rules


def _matcher(shape: Shape) -> Callable[[Json], bool]:
    """A pattern is not tried on what is far too long anyway: a crafted text must not cost seconds to refuse."""
    fullmatch, high = java_text.java_pattern(shape.metadata["pattern"]).fullmatch, shape.metadata.get("max")
    if high is None:
        return lambda value: fullmatch(value) is not None
    far = max(2 * high, FAR)
    return lambda value: len(value) > far or fullmatch(value) is not None


def bound_constraints(shape: Shape, manners: ServiceQuirks) -> list[Rule]:
    """The bounds of a number's value, or of a text's, list's or map's length."""
    if not manners.constrained:
        return []
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    rules: list[Rule] = []
    if shape.type_name in _NUMBERS:
        if high is not None:
            rules.append((lambda value: value <= high, f"Member must have value less than or equal to {high}"))
        if low is not None:
            rules.append((lambda value: value >= low, f"Member must have value greater than or equal to {low}"))
        return rules
    if high is not None:
        rules.append((lambda value: len(value) <= high, f"Member must have length less than or equal to {high}"))
    if low is not None:
        rules.append((lambda value: len(value) >= low, f"Member must have length greater than or equal to {low}"))
    return rules
