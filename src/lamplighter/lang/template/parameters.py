"""Check the parameters of a CloudFormation template and the values that a stack gives them.

Guarantees that an accepted value obeys its parameter's type and constraints. A list is a list of text.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html.
"""

import re
from collections.abc import Mapping

from lamplighter.base.json_text import Json
from lamplighter.lang.regex import InvalidRegex, TextTooLong, compile_java
from lamplighter.lang.template.functions import value_as_text
from lamplighter.lang.template.template import section_members
from lamplighter.lang.template.text import TemplateError, TemplateFormatError

SSM_VALUE_PREFIX = "AWS::SSM::Parameter::Value<"
"""The beginning of a type whose values are names of Systems Manager parameters."""

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_TYPES = re.compile(
    r"String|Number|CommaDelimitedList|List<(Number|String|AWS::[A-Za-z0-9:]+)>|AWS::SSM::Parameter::Name"
    r"|AWS::SSM::Parameter::Value<(String|CommaDelimitedList|List<(String|AWS::[A-Za-z0-9:]+)>|AWS::[A-Za-z0-9:]+)>"
    r"|AWS::[A-Za-z0-9]+::[A-Za-z0-9:]+"
)

Definition = Mapping[str, Json]
_NUMERIC_MEMBERS = ("MinValue", "MaxValue", "MinLength", "MaxLength")


def read_parameters(document: Json) -> dict[str, Definition]:
    """Check and return the parameters that a template declares."""
    section = section_members(document, "Parameters")
    for name, definition in section.items():
        _check_definition(name, definition)
    return section


def _check_definition(name: str, definition: Definition) -> None:
    if "Type" not in definition:
        raise TemplateFormatError("Every Parameters object must contain a Type member.")
    if not isinstance(definition["Type"], str) or not _TYPES.fullmatch(definition["Type"]):
        raise TemplateFormatError(f"Unrecognized parameter type: {value_as_text(definition['Type'])}")
    for each in _NUMERIC_MEMBERS:
        if each in definition and not _NUMBER.fullmatch(value_as_text(definition[each])):
            raise TemplateFormatError(f"{each} of parameter {name} must be a number.")
    if not isinstance(definition.get("AllowedValues", []), list):
        raise TemplateFormatError(f"AllowedValues of parameter {name} must be a list.")
    if isinstance(definition.get("Default", ""), (dict, list, type(None))):
        raise TemplateFormatError(f"Every Default member must be a string. [/Parameters/{name}/Default]")
    for each in ("Description", "ConstraintDescription", "AllowedPattern"):
        if not isinstance(definition.get(each, ""), str):
            raise TemplateFormatError(f"{each} of parameter {name} must be a string.")


def resolve_values(definitions: Mapping[str, Definition], given: Mapping[str, str]) -> dict[str, str]:
    """Return the value of every declared parameter as text: the given value, or its default."""
    unknown = [name for name in given if name not in definitions]
    if unknown:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, definition in definitions.items() if name not in given and "Default" not in definition]
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    values = {name: given.get(name, default_text(definition)) for name, definition in definitions.items()}
    for name, definition in definitions.items():
        _check_value(name, definition, values[name])
    return values


def default_text(definition: Definition) -> str:
    """Return a parameter's default as text; empty if it has none."""
    return value_as_text(definition.get("Default", ""))


def is_no_echo(definition: Definition) -> bool:
    """Return whether the parameter's value must not be shown (NoEcho)."""
    return value_as_text(definition.get("NoEcho", False)).lower() == "true"


def is_ssm_parameter(definition: Definition) -> bool:
    """Return whether the parameter's value is the name of a Systems Manager parameter."""
    return str(definition["Type"]).startswith(SSM_VALUE_PREFIX)


def ref_value(definition: Definition, text: str) -> Json:
    """Return the value of Ref: a list if the type is a list, or else the text."""
    kind = str(definition["Type"]).removeprefix(SSM_VALUE_PREFIX)
    listed = kind.startswith(("List<", "CommaDelimitedList"))
    return [item.strip() for item in text.split(",")] if listed else text


def _check_value(name: str, definition: Definition, text: str) -> None:
    kind = str(definition["Type"])
    items = [item.strip() for item in text.split(",")] if kind.startswith(("List<", "CommaDelimited")) else [text]
    for item in items:
        if "Number" in kind:
            _check_number(name, definition, item)
        _check_text(name, definition, item)


def _check_number(name: str, definition: Definition, text: str) -> None:
    if not _NUMBER.fullmatch(text):
        raise TemplateError(f"Parameter '{name}' must be a number.")
    if "MinValue" in definition and float(text) < float(definition["MinValue"]):
        _reject_value(name, definition, f"must be a number not less than {definition['MinValue']}")
    if "MaxValue" in definition and float(text) > float(definition["MaxValue"]):
        _reject_value(name, definition, f"must be a number not greater than {definition['MaxValue']}")


def _check_text(name: str, definition: Definition, text: str) -> None:
    allowed = definition.get("AllowedValues")
    if isinstance(allowed, list) and text not in [value_as_text(each) for each in allowed]:
        _reject_value(name, definition, "must be one of AllowedValues")
    if "MinLength" in definition and len(text) < float(definition["MinLength"]):
        _reject_value(name, definition, f"must contain at least {definition['MinLength']} characters")
    if "MaxLength" in definition and len(text) > float(definition["MaxLength"]):
        _reject_value(name, definition, f"must contain at most {definition['MaxLength']} characters")
    pattern = definition.get("AllowedPattern")
    if pattern is not None and not _matches(name, str(pattern), text):
        _reject_value(name, definition, f"must match pattern {pattern}")


def _matches(name: str, pattern: str, text: str) -> bool:
    try:
        return compile_java(pattern).fullmatch(text)
    except InvalidRegex as error:
        raise TemplateFormatError(f"AllowedPattern of parameter {name} is not valid. {error}") from None
    except TextTooLong as error:
        raise TemplateError(f"Parameter '{name}' failed to satisfy constraint: {error}") from None


def _reject_value(name: str, definition: Definition, what: str) -> None:
    described = definition.get("ConstraintDescription")
    raise TemplateError(
        f"Parameter '{name}' failed to satisfy constraint: {described}" if described else f"Parameter '{name}' {what}"
    )
