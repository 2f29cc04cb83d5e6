"""Build diagnostics in AWS's words, and check the fields that several kinds of objects of a definition share.

See https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lamplighter.asl.definition.fields import EXCLUSIVE_FIELDS, Check, Fields
from lamplighter.base.json_text import Json

SCHEMA = "SCHEMA_VALIDATION_FAILED"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault of a definition."""

    code: str
    message: str
    location: str | None
    severity: str = "ERROR"

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" at {self.location}" if self.location is not None else "")


def missing_fields(names: Iterable[str], location: str) -> Diagnostic:
    """Return the diagnostic for missing required fields."""
    return Diagnostic(SCHEMA, f"These fields are required: [{', '.join(names)}]", location)


def check_values(
    holder: Mapping[str, Json], fields: Mapping[str, Check], location: str, *, jsonata: bool
) -> Iterator[Diagnostic]:
    """Check each value of `fields` that `holder` has, independently of the others."""
    for name, test in fields.items():
        if name in holder:
            fault = test(holder[name], jsonata)
            if fault:
                yield Diagnostic(SCHEMA, fault, f"{location}/{name}")


def check_fields(holder: Mapping[str, Json], fields: Fields, location: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    """Check that `holder` has only known fields of its language, that their values are valid and that none conflict."""
    both, in_path, in_jsonata = fields
    own_fields, others = (in_jsonata, in_path) if jsonata else (in_path, in_jsonata)
    known = {**both, **own_fields}
    for field in holder:
        if field not in known:
            yield (
                wrong_language_field(field, location, jsonata=jsonata)
                if field in others
                else unknown_field(field, location)
            )
    yield from check_values(holder, known, location, jsonata=jsonata)
    for pair in EXCLUSIVE_FIELDS:
        if all(each in holder for each in pair):
            yield conflicting_fields(pair, location)


def check_assigned(holder: Mapping[str, Json], location: str) -> Iterator[Diagnostic]:
    """Check the names of variables in Assign.

    See https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html.
    """
    assigned = holder.get("Assign")
    for field in assigned if isinstance(assigned, dict) else ():
        name = field.removesuffix(".$")
        if name == "states":
            yield Diagnostic(
                "RESERVED_VARIABLE_NAME", "Cannot assign to reserved variable '$states'.", f"{location}/Assign"
            )
        elif not name.isidentifier():
            message = f"Invalid variable name '{name}': the variable name contains invalid characters."
            yield Diagnostic("INVALID_VARIABLE_NAME", message, f"{location}/Assign")


def unknown_field(field: str, location: str) -> Diagnostic:
    """Return the diagnostic for a field that does not exist."""
    return Diagnostic(SCHEMA, f"Field '{field}' is not supported", location)


def wrong_language_field(field: str, location: str, *, jsonata: bool) -> Diagnostic:
    """Return the diagnostic for a field that only the other query language has."""
    language, other = ("JSONata", "JSONPath") if jsonata else ("JSONPath", "JSONata")
    message = (
        f"The QueryLanguage is set to '{language}', "
        f"but field '{field}' is only supported for the '{other}' QueryLanguage"
    )
    return Diagnostic(SCHEMA, message, location)


def conflicting_fields(fields: Iterable[str], location: str) -> Diagnostic:
    """Return the diagnostic for an object with more than one of several exclusive fields."""
    return Diagnostic(SCHEMA, f"There should only be one of the following fields: [{', '.join(fields)}]", location)


def no_field_of(fields: Iterable[str], location: str) -> Diagnostic:
    """Return the diagnostic for an object with none of several fields, one of which is required."""
    return Diagnostic(
        SCHEMA, f"This object should have only one of the following fields: [{', '.join(fields)}]", location
    )
