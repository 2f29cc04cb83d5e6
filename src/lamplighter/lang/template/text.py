"""Parse the text of a CloudFormation template, JSON or YAML, into a document with the long forms of all functions.

Guarantees YAML 1.1 as CloudFormation reads it: short forms (`!Ref`, `!Sub`, …) become functions, a date stays text, and
so does a number with leading zeros, which is more often an account than an octal number. Keys are text. Rejects aliases
("YAML aliases are not allowed in CloudFormation templates"), YAML of more than 1 MiB, tags that are not functions, and
text that is neither JSON nor YAML.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html.
"""

import json
import re

import yaml

from lamplighter.base.errors import ServiceError
from lamplighter.base.json_text import MAX_DEPTH, Json, nesting_depth

SHORT_FUNCTIONS = frozenset(
    {
        "And", "Base64", "Cidr", "Equals", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue", "Join", "Length",
        "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform", "Contains", "EachMemberEquals",
        "EachMemberIn", "RefAll", "ValueOf", "ValueOfAll",
    }
)  # fmt: skip
"""The functions that have a short form, besides !Ref and !Condition."""


MAX_YAML_CHARACTERS = 1_048_576
"""The most characters of YAML, CloudFormation's limit; YAML is slow to parse. Job files' templates are JSON."""


class TemplateError(ServiceError, code="ValidationError"):
    """A template that cannot be used; the message is the reason in CloudFormation's words."""


class TemplateFormatError(TemplateError, template="Template format error: {}"):
    """A template that does not have the form of a template."""


class _Loader(yaml.CSafeLoader):
    """A loader that reads YAML as CloudFormation does."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML declares the meaning of plain text in this way
        first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] in ("bool", "null")]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)$"),
    list("-+0123456789"),
)


def _construct_mapping(loader: _Loader, node: Json) -> Json:
    if not isinstance(node, yaml.MappingNode):
        raise yaml.constructor.ConstructorError(None, None, "expected a mapping", node.start_mark)
    found = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key is text", key.start_mark)
        found[key.value] = loader.construct_object(value, deep=True)
    return found


def _construct_function(loader: _Loader, suffix: str, node: Json) -> Json:
    if suffix not in SHORT_FUNCTIONS and suffix not in ("Ref", "Condition"):
        raise yaml.constructor.ConstructorError(None, None, f"there is no function {suffix}", node.start_mark)
    if isinstance(node, yaml.ScalarNode):
        value = node.value
        if suffix == "GetAtt":
            return {"Fn::GetAtt": value.split(".", 1)}
    elif isinstance(node, yaml.SequenceNode):
        value = [loader.construct_object(item, deep=True) for item in node.value]
    else:
        value = _construct_mapping(loader, node)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
_Loader.add_constructor("tag:yaml.org,2002:float", lambda _loader, node: float(node.value))
_Loader.add_multi_constructor("!", _construct_function)


def parse_text(text: str) -> Json:
    """Parse the text of a template. Raises `TemplateError`."""
    document = parse_part(text)
    if not isinstance(document, dict):
        raise TemplateFormatError("unsupported structure.")
    return document


def parse_part(text: str) -> Json:
    """Parse a part of a template, which may be any value. Raises `TemplateError`."""
    part = _read_json(text) if text.lstrip().startswith("{") else _read_yaml(text)
    if nesting_depth(part) > MAX_DEPTH:
        raise TemplateFormatError("the template is nested too deeply.")
    return part


def _read_json(text: str) -> Json:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        # A YAML document may begin with a brace, too.
        try:
            return _load(text)
        except yaml.YAMLError:
            # CloudFormation's parser has already read the character that it names.
            column = error.colno + (error.pos < len(text))
            where = f"(line {error.lineno}, column {column})"
            raise TemplateFormatError(f"JSON not well-formed. {where}") from None
    except RecursionError:
        raise TemplateFormatError("the template is nested too deeply.") from None


def _read_yaml(text: str) -> Json:
    try:
        return _load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        raise TemplateFormatError(f"YAML not well-formed.{where}") from None
    except (yaml.YAMLError, ValueError):
        raise TemplateFormatError("YAML not well-formed.") from None


def _load(text: str) -> Json:
    if len(text) > MAX_YAML_CHARACTERS:
        raise TemplateError(f"Template may not exceed {MAX_YAML_CHARACTERS} bytes in size.")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, _Loader)):
            raise TemplateError("Template error: YAML aliases are not allowed in CloudFormation templates")
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader with fewer types than PyYAML's own
    except RecursionError:
        raise TemplateFormatError("the template is nested too deeply.") from None
