"""Derive a value's constraints from its shape, with AWS's error texts.

Covers the constraints of the value itself, not those of a list's elements. See
https://smithy.io/2.0/spec/constraint-traits.html.
"""

from collections.abc import Callable

from lamplighter.base.aws.service_model import Shape
from lamplighter.base.json_text import Json
from lamplighter.wire.models import java_text
from lamplighter.wire.models.service_quirks import ServiceQuirks

Constraint = tuple[Callable[[Json], bool], str]
"""A predicate that must hold, and AWS's error text for its violation."""

NOT_NULL = "Member must not be null"

ALWAYS_MATCHED_LENGTH = 10_240
"""The length in characters up to which a pattern is always matched, even if the shape's maximum length is smaller."""

_NUMBERS = {"integer", "long", "float", "double"}
_AGGREGATES = {"structure", "list", "map"}


def constraints_of(shape: Shape, quirks: ServiceQuirks) -> list[Constraint]:
    """Return a value's constraints as AWS lists them in brackets; for a single member, AWS reports them in reverse."""
    if shape.type_name in _AGGREGATES or not quirks.constrained or shape.name in quirks.unenforced:
        return []
    constraints = bound_constraints(shape, quirks)
    source, enum = shape.metadata.get("pattern"), shape.metadata.get("enum")
    if source:
        constraints.append((_matcher(shape), f"Member must satisfy regular expression pattern: {source}"))
    if enum:
        listed = ", ".join(java_text.set_order(enum))
        constraints.append((frozenset(enum).__contains__, f"Member must satisfy enum value set: [{listed}]"))
    return constraints


def _matcher(shape: Shape) -> Callable[[Json], bool]:
    """Return a predicate that matches the shape's pattern.

    The predicate accepts text far beyond the maximum length, which the length constraint rejects. So a crafted text
    does not cost seconds of matching.
    """
    fullmatch, high = java_text.java_pattern(shape.metadata["pattern"]).fullmatch, shape.metadata.get("max")
    if high is None:
        return lambda value: fullmatch(value) is not None
    max_length = max(2 * high, ALWAYS_MATCHED_LENGTH)
    return lambda value: len(value) > max_length or fullmatch(value) is not None


def bound_constraints(shape: Shape, quirks: ServiceQuirks) -> list[Constraint]:
    """Return the bounds of a number, or of the length of a text, list or map."""
    if not quirks.constrained:
        return []
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    constraints: list[Constraint] = []
    if shape.type_name in _NUMBERS:
        if high is not None:
            constraints.append((lambda value: value <= high, f"Member must have value less than or equal to {high}"))
        if low is not None:
            constraints.append((lambda value: value >= low, f"Member must have value greater than or equal to {low}"))
        return constraints
    if high is not None:
        constraints.append((lambda value: len(value) <= high, f"Member must have length less than or equal to {high}"))
    if low is not None:
        constraints.append((lambda value: len(value) >= low, f"Member must have length greater than or equal to {low}"))
    return constraints
