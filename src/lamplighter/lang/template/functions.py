"""Evaluate the functions of a CloudFormation template.

Guarantees that a value without functions is returned as it is, and that AWS::NoValue removes the place where it stands.
Rejects a malformed function in CloudFormation's words. Values that only a stack knows (its resources, exports,
references to Systems Manager) come from the `TemplateScope`, whose exceptions are passed on.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html.
"""

import ipaddress
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.template.references import SUB_VARIABLE, function_name, function_names
from lamplighter.lang.template.text import TemplateError, TemplateFormatError


class UnsupportedFunction(
    TemplateError, template="Template Error: Encountered unsupported function: {} Supported functions are: [{}]"
):
    """A template that calls a function which CloudFormation does not have, or only with a transform."""


class NoValue:
    """The type of AWS::NoValue, which is removed together with the place where it stands."""


NO_VALUE: Final = NoValue()
MAX_CIDR_BLOCKS = 256
DYNAMIC_REFERENCE = re.compile(r"\{\{resolve:([a-z-]+):([^{}]+)\}\}")
"""A dynamic reference. See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html."""

SUPPORTED = (
    "Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, "
    "Fn::Equals, Fn::If, Fn::Not, Condition, Fn::And, Fn::Or, Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, "
    "Fn::ValueOf, Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr"
)
"""The functions that CloudFormation lists if it meets another one."""
_VARIABLE = re.compile(r"[A-Za-z0-9_.:]+")


def _unresolved_reference(name: str) -> Json:
    raise TemplateFormatError(
        f"Unresolved dependencies [{name}]. Cannot reference resources in this block of the template"
    )


@dataclass(frozen=True, slots=True)
class TemplateScope:
    """The values that a template's functions can read."""

    values: Mapping[str, Json]
    """The values of parameters and pseudo parameters."""
    mappings: Mapping[str, Json] = field(default_factory=dict)
    conditions: Mapping[str, bool] = field(default_factory=dict)
    resource: Callable[[str], Json] = _unresolved_reference
    """A function that returns the Ref of a resource."""
    attribute: Callable[[str, str], Json] = lambda name, _attribute: _unresolved_reference(name)
    """A function that returns an attribute of a resource."""
    shown_attribute: Callable[[str, str], Json] | None = None
    """A function that returns an attribute of a resource without its secrets; None if all attributes may be shown."""
    import_value: Callable[[str], Json] = _unresolved_reference
    """A function that returns the value that another stack exports under a name."""
    dynamic: Callable[[str, str], str] = lambda service, reference: f"{{{{resolve:{service}:{reference}}}}}"
    """A function that returns the value of a dynamic reference, given its service and the rest."""
    zones: Callable[[str], list[str]] = lambda region: [f"{region}{letter}" for letter in "abc"]
    """A function that returns the Availability Zones of a region."""


def resolve(value: Json, scope: TemplateScope) -> Json:
    """Replace the functions in a value with their results."""
    if isinstance(value, str):
        return (
            DYNAMIC_REFERENCE.sub(lambda found: scope.dynamic(found[1], found[2]), value)
            if "{{resolve:" in value
            else value
        )
    if isinstance(value, list):
        items = [resolve(item, scope) for item in value]
        return [item for item in items if item is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    name = function_name(value)
    if name is None or name == "Condition":
        members = {key: resolve(inner, scope) for key, inner in value.items()}
        return {key: inner for key, inner in members.items() if inner is not NO_VALUE}
    found = require(FUNCTIONS.get(name), lambda: UnsupportedFunction(name, SUPPORTED))
    result = found(value[name], scope)
    return resolve(result, scope) if isinstance(result, str) and "{{resolve:" in result else result


def value_as_text(value: Json) -> str:
    """Return a value as it appears inside a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else dumps(value) if isinstance(value, (dict, list)) else str(value)


def _ref(given: Json, scope: TemplateScope) -> Json:
    if not isinstance(given, str):
        raise TemplateError("Template error: every Ref object must have a single String value.")
    if given == "AWS::NoValue":
        return NO_VALUE
    return scope.values[given] if given in scope.values else scope.resource(given)


def _attribute(given: Json, scope: TemplateScope) -> Json:
    parts = given.split(".", 1) if isinstance(given, str) else resolve(given, scope)
    if not isinstance(parts, list) or len(parts) < 2 or not all(isinstance(part, str) and part for part in parts):
        raise TemplateError(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
            "resource attribute"
        )
    return scope.attribute(parts[0], ".".join(parts[1:]))


def _sub(given: Json, scope: TemplateScope) -> Json:
    text, variables = given if isinstance(given, list) and len(given) == 2 else (given, {})
    if not isinstance(text, str) or not isinstance(variables, dict):
        raise TemplateError(
            "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a "
            "string as first argument, and an optional second argument to specify a mapping of values to replace in "
            "the string"
        )

    def replacement(found: re.Match[str]) -> str:
        literal, name = found[1], found[2].strip()
        if literal:
            return f"${{{name}}}"
        if not _VARIABLE.fullmatch(name):
            raise TemplateError(
                "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, "
                "underscores, periods, and colons"
            )
        return value_as_text(_variable(name, variables, scope))

    return SUB_VARIABLE.sub(replacement, text)


def _variable(name: str, variables: Mapping[str, Json], scope: TemplateScope) -> Json:
    if name in variables:
        return resolve(variables[name], scope)
    if name in scope.values or "." not in name:
        return _ref(name, scope)
    return scope.attribute(*name.split(".", 1))


def _join(given: Json, scope: TemplateScope) -> Json:
    delimiter, items = given if isinstance(given, list) and len(given) == 2 else (None, None)
    resolved = resolve(items, scope)
    if not isinstance(delimiter, str) or not isinstance(resolved, list):
        raise TemplateError(
            "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "
            "strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
        )
    return delimiter.join(value_as_text(item) for item in resolved)


def _split(given: Json, scope: TemplateScope) -> Json:
    delimiter, source = given if isinstance(given, list) and len(given) == 2 else (None, None)
    text = resolve(source, scope)
    if not isinstance(delimiter, str) or not delimiter or not isinstance(text, (str, int, float)):
        raise TemplateError(
            "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string "
            "to be split or a function that returns a string to be split."
        )
    return value_as_text(text).split(delimiter)


def _select(given: Json, scope: TemplateScope) -> Json:
    position, source = given if isinstance(given, list) and len(given) == 2 else (None, None)
    index, items = resolve(position, scope), resolve(source, scope)
    if not isinstance(items, list) or not str(index).isdecimal():
        raise TemplateError(
            "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
        )
    if int(index) >= len(items):
        raise TemplateError(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return items[int(index)]


def _find_in_map(given: Json, scope: TemplateScope) -> Json:
    if not isinstance(given, list) or len(given) not in (3, 4):
        raise TemplateError(
            "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the "
            "attribute for return value"
        )
    name, key, attribute = (resolve(part, scope) for part in given[:3])
    default = given[3].get("DefaultValue") if len(given) == 4 and isinstance(given[3], dict) else None
    found = scope.mappings.get(str(name))
    if found is None and default is None:
        raise TemplateError(
            f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
        )
    level = (found or {}).get(value_as_text(key), {})
    if isinstance(level, dict) and value_as_text(attribute) in level:
        return level[value_as_text(attribute)]
    if default is None:
        raise TemplateError(f"Template error: Unable to get mapping for {name}::{key}::{attribute}")
    return resolve(default, scope)


def _if(given: Json, scope: TemplateScope) -> Json:
    if not isinstance(given, list) or len(given) != 3 or not isinstance(given[0], str):
        raise TemplateError("Template error: Fn::If requires a list argument with the first element being a condition")
    if given[0] not in scope.conditions:
        raise TemplateFormatError(f"Unresolved condition dependency {given[0]} in the Fn::If block of the template")
    return resolve(given[1 if scope.conditions[given[0]] else 2], scope)


def _base64(given: Json, scope: TemplateScope) -> Json:
    text = resolve(given, scope)
    if isinstance(text, (dict, list)):
        raise TemplateError("Template error: every Fn::Base64 object must have a String-typed value.")
    return b64encode(value_as_text(text).encode()).decode()


def _cidr(given: Json, scope: TemplateScope) -> Json:
    """Evaluate Fn::Cidr. `cidrBits` is the number of bits that are left to each block, the inverse of its mask."""
    parts = resolve(given, scope)
    if not isinstance(parts, list) or len(parts) not in (2, 3):
        raise TemplateError("Template error: Fn::Cidr requires a list of an ipBlock, a count and cidrBits")
    try:
        whole = ipaddress.ip_network(str(parts[0]), strict=False)
        count = int(parts[1])
        prefix = whole.max_prefixlen - int(parts[2] if len(parts) == 3 else 8)
        fits = 1 <= count <= MAX_CIDR_BLOCKS and whole.prefixlen <= prefix and count <= 2 ** (prefix - whole.prefixlen)
    except (TypeError, ValueError):
        raise TemplateError(f"Template error: Fn::Cidr cannot read {dumps(parts)}") from None
    if not fits:
        raise TemplateError(
            f"Template error: Fn::Cidr cannot generate {count} subnets with a mask of {prefix} from {whole}"
        )
    blocks = whole.subnets(new_prefix=prefix)
    return [str(next(blocks)) for _ in range(count)]


def _zones(given: Json, scope: TemplateScope) -> Json:
    region = resolve(given, scope) or scope.values["AWS::Region"]
    return scope.zones(region)


def _import(given: Json, scope: TemplateScope) -> Json:
    name = resolve(given, scope)
    if not isinstance(name, str):
        raise TemplateError("Template error: the attribute in Fn::ImportValue must be a string or a function")
    return scope.import_value(name)


def _length(given: Json, scope: TemplateScope) -> Json:
    items = resolve(given, scope)
    if not isinstance(items, list):
        raise TemplateError("Template error: Fn::Length requires a list")
    return len(items)


def _json(given: Json, scope: TemplateScope) -> Json:
    document = resolve(given, scope)
    if not isinstance(document, (dict, list)):
        raise TemplateError("Template error: Fn::ToJsonString requires an object or a list")
    return dumps(document)


EXTENSIONS = frozenset({"Fn::Length", "Fn::ToJsonString"})
"""The functions that need the transform AWS::LanguageExtensions."""


def check_extensions(value: Json) -> None:
    """Raise `TemplateError` for a function that needs AWS::LanguageExtensions, in a template without it."""
    for name in function_names(value):
        if name in EXTENSIONS:
            raise UnsupportedFunction(name, SUPPORTED)


FUNCTIONS: Mapping[str, Callable[[Json, TemplateScope], Json]] = {
    "Ref": _ref,
    "Fn::GetAtt": _attribute,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
    "Fn::Base64": _base64,
    "Fn::Cidr": _cidr,
    "Fn::GetAZs": _zones,
    "Fn::ImportValue": _import,
    "Fn::Length": _length,
    "Fn::ToJsonString": _json,
}
