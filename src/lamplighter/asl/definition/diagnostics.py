"""Build diagnostics in AWS's words, and check the parts that many objects of a definition have.

See https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lamplighter.asl.definition.fields import EXCLUSIVE, Check, Fields
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


def missing_fields(names: Iterable[str], at: str) -> Diagnostic:
    """Return the diagnostic for missing required fields."""
    return Diagnostic(SCHEMA, f"These fields are required: [{', '.join(names)}]", at)


def check_values(
    holder: Mapping[str, Json], fields: Mapping[str, Check], at: str, *, jsonata: bool
) -> Iterator[Diagnostic]:
    """Check each value of `fields` that `holder` has, independently of the others."""
    for name, test in fields.items():
        if name in holder:
            wrong = test(holder[name], jsonata)
            if wrong:
                yield Diagnostic(SCHEMA, wrong, f"{at}/{name}")


def check_fields(holder: Mapping[str, Json], fields: Fields, at: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    """Check that `holder` has only known fields of its language, that their values are valid and that none conflict."""
    both, in_path, in_jsonata = fields
    mine, others = (in_jsonata, in_path) if jsonata else (in_path, in_jsonata)
    ours = {**both, **mine}
    for field in holder:
        if field not in ours:
            yield wrong_language_field(field, at, jsonata=jsonata) if field in others else unknown_field(field, at)
    yield from check_values(holder, ours, at, jsonata=jsonata)
    for pair in EXCLUSIVE:
        if all(each in holder for each in pair):
            yield conflicting_fields(pair, at)


def check_assigned(holder: Mapping[str, Json], at: str) -> Iterator[Diagnostic]:
    """Check the names of variables in Assign.

    See https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html.
    """
    given = holder.get("Assign")
    for field in given if isinstance(given, dict) else ():
        name = field.removesuffix(".$")
        if name == "states":
            yield Diagnostic("RESERVED_VARIABLE_NAME", "Cannot assign to reserved variable '$states'.", f"{at}/Assign")
        elif not name.isidentifier():
            message = f"Invalid variable name '{name}': the variable name contains invalid characters."
            yield Diagnostic("INVALID_VARIABLE_NAME", message, f"{at}/Assign")


def unknown_field(field: str, at: str) -> Diagnostic:
    """Return the diagnostic for a field that does not exist."""
    return Diagnostic(SCHEMA, f"Field '{field}' is not supported", at)


def wrong_language_field(field: str, at: str, *, jsonata: bool) -> Diagnostic:
    """Return the diagnostic for a field that only the other query language has."""
    mine, other = ("JSONata", "JSONPath") if jsonata else ("JSONPath", "JSONata")
    message = (
        f"The QueryLanguage is set to '{mine}', but field '{field}' is only supported for the '{other}' QueryLanguage"
    )
    return Diagnostic(SCHEMA, message, at)


def conflicting_fields(fields: Iterable[str], at: str) -> Diagnostic:
    """Return the diagnostic for an object with more than one of several exclusive fields."""
    return Diagnostic(SCHEMA, f"There should only be one of the following fields: [{', '.join(fields)}]", at)


def no_field_of(fields: Iterable[str], at: str) -> Diagnostic:
    """Return the diagnostic for an object with none of several fields, one of which is required."""
    return Diagnostic(SCHEMA, f"This object should have only one of the following fields: [{', '.join(fields)}]", at)
