"""Validate params with AWS's error texts; the check is compiled once for each operation from its input shape.

Like AWS, a check reports all constraint violations together (`2 validation errors detected: Value … at …; Value … at
…`), stops at the first JSON value of a wrong type (SerializationException), and ignores members that the shape does not
have. Guarantees that a check visits a limited number of elements and reports a limited number of violations, because a
request may contain millions. Rules that the model does not state belong to the service.
"""

from collections.abc import Callable, Collection

from botocore.model import Shape

from lamplighter.base.errors import AwsError, ValidationError
from lamplighter.base.json_text import Json
from lamplighter.wire.models import java_text
from lamplighter.wire.models.constraints import NOT_NULL, Rule, bound_constraints, constraints_of
from lamplighter.wire.models.service_quirks import ServiceQuirks

Check = Callable[[Json], None]
"""A function that raises AwsError if the value does not fit."""

MOST_ELEMENTS = 400_000
"""The most elements in all lists and maps of a request, more than a request of 1 MiB to CloudWatch can contain."""
MOST_FAULTS = 1_000


class _Faults(list[str]):
    """The violations found so far, and the number of elements that may still be visited."""

    left = MOST_ELEMENTS

    def look(self, value: Collection[Json]) -> None:
        """Count the elements of a list or map. Raises SerializationException if the request has too many."""
        self.left -= len(value)
        if self.left < 0:
            raise AwsError(f"The request has more than {MOST_ELEMENTS} elements.", code="SerializationException")

    @property
    def full(self) -> bool:
        """Return whether the limit of reported violations is reached."""
        return len(self) >= MOST_FAULTS


_Walk = Callable[[Json, str, _Faults], None]
"""A function that checks a value and adds its violations, with its path, to those found so far."""

_KINDS: dict[str, tuple[str, frozenset[type]]] = {
    "string": ("a String", frozenset({str})),
    "character": ("a String", frozenset({str})),
    "integer": ("an Integer", frozenset({int})),
    "long": ("a Long", frozenset({int})),
    "float": ("a Float", frozenset({int, float})),
    "double": ("a Double", frozenset({int, float})),
    "boolean": ("a Boolean", frozenset({bool})),
    "timestamp": ("milliseconds since epoch", frozenset({int, float})),
    "blob": ("a Blob", frozenset({bytes})),
}
"""By shape type: AWS's name for the type, and the Python types that decoders return for it."""


def compile_check(shape: Shape | None, manners: ServiceQuirks) -> Check:
    """Return the check of an operation's params.

    It raises a ValidationError with the service's own code, or an AwsError with the code SerializationException.
    """
    if shape is None:
        return lambda _: None
    walk = _walk(shape, manners)

    def check(params: Json) -> None:
        faults = _Faults()
        walk(params, "", faults)
        if faults:
            raise ValidationError(_summary(faults, manners), code=manners.fault)

    return check


def _summary(faults: _Faults, manners: ServiceQuirks) -> str:
    if not manners.constrained:
        return faults[0]
    plural = "s" if len(faults) > 1 else ""
    return f"{len(faults)} validation error{plural} detected: {'; '.join(faults)}"


def _walk(shape: Shape, manners: ServiceQuirks, *, element: bool = False) -> _Walk:
    """Compile the check of a shape. The list or map that holds an element checks the element's own constraints."""
    match shape.type_name:
        case "structure":
            return _anything if shape.metadata.get("document") else _structure(shape, manners)
        case "list":
            return _list(shape, manners)
        case "map":
            return _map(shape, manners)
        case _:
            return _scalar(shape, manners, [] if element else constraints_of(shape, manners)[::-1])


def _anything(value: Json, at: str, faults: _Faults) -> None:
    """Accept any JSON value, which is what a document may hold."""


def _structure(shape: Shape, manners: ServiceQuirks) -> _Walk:
    spell = java_text.member_name if manners.constrained else str
    required = set(shape.required_members)
    members = [(name, spell(name), name in required, _walk(member, manners)) for name, member in shape.members.items()]

    def walk(value: Json, at: str, faults: _Faults) -> None:
        if type(value) is not dict:
            raise _misfit(value, "structure", manners)
        prefix = f"{at}." if at else ""
        for name, label, must, inner in members:
            item = value.get(name)
            if item is not None:
                inner(item, prefix + label, faults)
            elif must:
                faults.append(_absent(prefix + label, manners))

    return walk


def _absent(at: str, manners: ServiceQuirks) -> str:
    if manners.constrained:
        return f"Value null at '{at}' failed to satisfy constraint: {NOT_NULL}"
    return f"The request must contain the parameter {at}."


def _list(shape: Shape, manners: ServiceQuirks) -> _Walk:
    inner = _walk(shape.member, manners, element=True)
    rules, element_rules = bound_constraints(shape, manners), constraints_of(shape.member, manners)

    def walk(value: Json, at: str, faults: _Faults) -> None:
        if type(value) is not list:
            raise _misfit(value, "list", manners)
        faults.look(value)
        for number, item in enumerate(value, 1):
            if faults.full:
                return
            if item is not None:
                inner(item, f"{at}.{number}.member", faults)
        _judge(shape, manners, value, at, rules, faults)
        if broken := _broken(value, element_rules):
            faults.append(_fault(shape, manners, value, at, f"Member must satisfy constraint: [{broken}]"))

    return walk


def _map(shape: Shape, manners: ServiceQuirks) -> _Walk:
    inner = _walk(shape.value, manners, element=True)
    rules = bound_constraints(shape, manners)
    key_rules, value_rules = constraints_of(shape.key, manners), constraints_of(shape.value, manners)

    def walk(value: Json, at: str, faults: _Faults) -> None:
        if type(value) is not dict:
            raise _misfit(value, "map", manners)
        faults.look(value)
        for key, item in value.items():
            if faults.full:
                return
            if item is not None:
                inner(item, f"{at}.{key}.member", faults)
        _judge(shape, manners, value, at, rules, faults)
        for word, items, checks in (("keys", value.keys(), key_rules), ("value", value.values(), value_rules)):
            if broken := _broken(items, checks):
                faults.append(_fault(shape, manners, value, at, f"Map {word} must satisfy constraint: [{broken}]"))

    return walk


def _broken(items: Collection[Json], rules: list[Rule]) -> str:
    """Return the texts of all constraints on the elements if any element violates one, otherwise an empty string."""
    texts = [text for _, text in rules]
    if None in items:
        return ", ".join([*texts, NOT_NULL])
    return "" if all(holds(item) for item in items for holds, _ in rules) else ", ".join(texts)


def _scalar(shape: Shape, manners: ServiceQuirks, rules: list[Rule]) -> _Walk:
    kind, types = _KINDS[shape.type_name]

    def walk(value: Json, at: str, faults: _Faults) -> None:
        if type(value) not in types:
            raise _misfit(value, kind, manners)
        for holds, text in rules:
            if not holds(value):
                faults.append(_fault(shape, manners, value, at, text))

    return walk


def _judge(shape: Shape, manners: ServiceQuirks, value: Json, at: str, rules: list[Rule], faults: _Faults) -> None:
    faults.extend(_fault(shape, manners, value, at, text) for holds, text in rules if not holds(value))


def _fault(shape: Shape, manners: ServiceQuirks, value: Json, at: str, constraint: str) -> str:
    shown = (
        "Value" if "sensitive" in shape.metadata else f"Value '{java_text.java_text(value, shape, manners.unmodelled)}'"
    )
    return f"{shown} at '{at}' failed to satisfy constraint: {constraint}"


def _misfit(value: Json, kind: str, manners: ServiceQuirks) -> AwsError:
    """Return the error for a JSON value of a wrong type, with the wording of AWS's parsers."""
    if isinstance(value, dict):
        message = "Start of structure or map found where not expected."
    elif isinstance(value, list):
        message = "Start of list found where not expected"
    elif kind == "structure":
        message = "Expected null"
    elif kind in {"list", "map"}:
        message = f"Expected {kind} or null"
    else:
        message = manners.conversion(_token(value), kind)
    return AwsError(message, code="SerializationException")


def _token(value: Json) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    return "NUMBER_VALUE" if isinstance(value, int | float) else "STRING_VALUE"
