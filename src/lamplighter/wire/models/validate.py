"""Validate params with AWS's error texts; the check is compiled once for each operation from its input shape.

Like AWS, a check reports all constraint violations together (`2 validation errors detected: Value … at …; Value … at
…`), stops at the first JSON value of a wrong type (SerializationException), and ignores members that the shape does not
have. Guarantees that a check visits a limited number of elements and reports a limited number of violations, because a
request may contain millions. Rules that the model does not state belong to the service.
"""

from collections.abc import Callable, Collection

from lamplighter.base.aws.service_model import Shape
from lamplighter.base.count_text import format_count
from lamplighter.base.errors import AwsError, ValidationError
from lamplighter.base.json_text import Json
from lamplighter.base.number_text import INTEGERS
from lamplighter.wire.models import java_text
from lamplighter.wire.models.constraints import NOT_NULL, Constraint, bound_constraints, constraints_of
from lamplighter.wire.models.service_quirks import ServiceQuirks
from lamplighter.wire.protocols.form import field_name

Check = Callable[[Json], None]
"""A function that raises AwsError if the value does not fit."""

MAX_ELEMENTS = 400_000
"""The most elements in all lists and maps of a request, more than a request of 1 MiB to CloudWatch can contain."""
MAX_VIOLATIONS = 1_000


class _Violations(list[str]):
    """The violations found so far, and the number of elements that may still be visited."""

    elements_left = MAX_ELEMENTS

    def count_elements(self, value: Collection[Json]) -> None:
        """Count the elements of a list or map. Raises SerializationException if the request has too many."""
        self.elements_left -= len(value)
        if self.elements_left < 0:
            raise AwsError(f"The request has more than {MAX_ELEMENTS} elements.", code="SerializationException")

    @property
    def is_full(self) -> bool:
        """Return whether the limit of reported violations is reached."""
        return len(self) >= MAX_VIOLATIONS


_ShapeCheck = Callable[[Json, str, _Violations], None]
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


def compile_check(shape: Shape | None, quirks: ServiceQuirks) -> Check:
    """Return the check of an operation's params.

    It raises a ValidationError with the service's own code, or an AwsError with the code SerializationException.
    """
    if shape is None:
        return lambda _: None
    check_shape = _compile_shape(shape, quirks)
    ending, own_message = quirks.own_messages.get(shape.name, ("", ""))

    def check(params: Json) -> None:
        violations = _Violations()
        check_shape(params, "", violations)
        if violations:
            is_own = bool(own_message) and any(each.endswith(ending) for each in violations)
            message = own_message if is_own else _summary(violations, quirks)
            raise ValidationError(message, code=quirks.violation_code)

    return check


def _summary(violations: _Violations, quirks: ServiceQuirks) -> str:
    if not quirks.constrained:
        return violations[0]
    return f"{format_count(len(violations), 'validation error')} detected: {'; '.join(violations)}"


def _compile_shape(shape: Shape, quirks: ServiceQuirks, *, is_element: bool = False) -> _ShapeCheck:
    """Compile the check of a shape. The list or map that holds an element checks the element's own constraints."""
    match shape.type_name:
        case "structure":
            if shape.metadata.get("document"):
                return lambda _value, _at, _violations: None  # a document may hold any JSON value
            return _compile_structure(shape, quirks)
        case "list":
            return _compile_list(shape, quirks)
        case "map":
            return _compile_map(shape, quirks)
        case "blob" if shape.serialization.get("streaming"):
            return lambda _value, _at, _violations: None  # an object, which is a file
        case _:
            return _compile_scalar(shape, quirks, [] if is_element else constraints_of(shape, quirks)[::-1])


def _compile_structure(shape: Shape, quirks: ServiceQuirks) -> _ShapeCheck:
    label = _member_label(quirks)
    required = set(shape.required_members) - quirks.checked_by_service.get(shape.name, set())
    missing = f"Value null at '{{}}' failed to satisfy constraint: {NOT_NULL}"
    if not quirks.constrained:
        missing = "The request must contain the parameter {}."
    members = [
        (name, label(name, member), name in required, _compile_shape(member, quirks))
        for name, member in shape.members.items()
    ]

    missing_arn = quirks.missing_arn
    required_arns = [name for name in shape.members if name in required and name.endswith("Arn")]

    def check_shape(value: Json, at: str, violations: _Violations) -> None:
        if type(value) is not dict:
            raise _wrong_type(value, "structure", quirks)
        if missing_arn is not None and not at:
            _require_arns(value, required_arns, missing_arn)
        prefix = f"{at}." if at else ""
        for name, label, is_required, inner in members:
            item = value.get(name)
            if item is not None:
                inner(item, prefix + label, violations)
            elif is_required:
                violations.append(missing.format(prefix + label))

    return check_shape


def _member_label(quirks: ServiceQuirks) -> Callable[[str, Shape], str]:
    """Return the function that spells the name of a member in messages."""
    if quirks.form_names:
        return field_name
    return lambda name, _member: java_text.member_name(name) if quirks.constrained else name


def _require_arns(value: Json, names: Collection[str], missing: Callable[[str], AwsError]) -> None:
    """Raise the service's error for the first ARN that a request lacks."""
    for name in names:
        if value.get(name) is None:
            raise missing(name)


def _compile_list(shape: Shape, quirks: ServiceQuirks) -> _ShapeCheck:
    inner = _compile_shape(shape.member, quirks, is_element=True)
    rules, element_rules = bound_constraints(shape, quirks), constraints_of(shape.member, quirks)
    suffix = "" if quirks.form_names else ".member"

    def check_shape(value: Json, at: str, violations: _Violations) -> None:
        if type(value) is not list:
            raise _wrong_type(value, "list", quirks)
        violations.count_elements(value)
        for number, item in enumerate(value, 1):
            if violations.is_full:
                return
            if item is not None:
                inner(item, f"{at}.{number}{suffix}", violations)
        _add_violations(shape, quirks, value, at, rules, violations)
        if violated := _violated_constraints(value, element_rules):
            violations.append(
                _violation_text(shape, quirks, value, at, f"Member must satisfy constraint: [{violated}]")
            )

    return check_shape


def _compile_map(shape: Shape, quirks: ServiceQuirks) -> _ShapeCheck:
    inner = _compile_shape(shape.value, quirks, is_element=True)
    rules = bound_constraints(shape, quirks)
    key_rules, value_rules = constraints_of(shape.key, quirks), constraints_of(shape.value, quirks)

    def check_shape(value: Json, at: str, violations: _Violations) -> None:
        if type(value) is not dict:
            raise _wrong_type(value, "map", quirks)
        violations.count_elements(value)
        for key, item in value.items():
            if violations.is_full:
                return
            if item is not None:
                inner(item, f"{at}.{key}.member", violations)
        _add_violations(shape, quirks, value, at, rules, violations)
        for word, items, checks in (("keys", value.keys(), key_rules), ("value", value.values(), value_rules)):
            if violated := _violated_constraints(items, checks):
                violations.append(
                    _violation_text(shape, quirks, value, at, f"Map {word} must satisfy constraint: [{violated}]")
                )

    return check_shape


def _violated_constraints(items: Collection[Json], rules: list[Constraint]) -> str:
    """Return the texts of all constraints on the elements if any element violates one, otherwise an empty string."""
    texts = [text for _, text in rules]
    if None in items:
        return ", ".join([*texts, NOT_NULL])
    return "" if all(holds(item) for item in items for holds, _ in rules) else ", ".join(texts)


def _compile_scalar(shape: Shape, quirks: ServiceQuirks, rules: list[Constraint]) -> _ShapeCheck:
    kind, types = _KINDS[shape.type_name]
    sizes = INTEGERS.get(shape.type_name)

    def check_shape(value: Json, at: str, violations: _Violations) -> None:
        if type(value) not in types or (sizes is not None and value not in sizes):
            raise _wrong_type(value, kind, quirks)
        for holds, text in rules:
            if not holds(value):
                violations.append(_violation_text(shape, quirks, value, at, text))

    return check_shape


def _add_violations(
    shape: Shape, quirks: ServiceQuirks, value: Json, at: str, rules: list[Constraint], violations: _Violations
) -> None:
    violations.extend(_violation_text(shape, quirks, value, at, text) for holds, text in rules if not holds(value))


def _violation_text(shape: Shape, quirks: ServiceQuirks, value: Json, at: str, constraint: str) -> str:
    shown = "Value" if "sensitive" in shape.metadata else f"Value '{java_text.java_text(value, shape, quirks)}'"
    return f"{shown} at '{at}' failed to satisfy constraint: {constraint}"


def _wrong_type(value: Json, kind: str, quirks: ServiceQuirks) -> AwsError:
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
        message = quirks.conversion(_token(value), kind)
    return AwsError(message, code="SerializationException")


def _token(value: Json) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    return "NUMBER_VALUE" if isinstance(value, int | float) else "STRING_VALUE"
