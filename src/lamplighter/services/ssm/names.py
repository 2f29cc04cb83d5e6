"""Check the names of parameters, and read what a request names: a name, an ARN, a version or a label.

See https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html.
"""

import re
from dataclasses import dataclass

from lamplighter.base.aws import arn
from lamplighter.base.errors import require
from lamplighter.bus import Caller
from lamplighter.services.ssm import errors
from lamplighter.services.ssm.tables import parameters as rows
from lamplighter.services.ssm.tables.parameters import Parameter, ParameterVersion
from lamplighter.store.db import Reader

MAX_LEVELS = 15
MAX_LENGTH = 1_011
"""The most characters of a name with its ARN's beginning: "limited to 1011 characters"."""
_NAME = re.compile(r"/?(?:[a-zA-Z0-9_.-]+/)*[a-zA-Z0-9_.-]+")
_RESERVED = re.compile(r"/?(?:aws|ssm)", re.IGNORECASE)
NAME_RULE = (
    'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive). If formed as a path, it can consist of '
    "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 "
    "symbols .-_"
)


@dataclass(frozen=True, slots=True)
class Selected:
    """A version of a parameter that a request names."""

    parameter: Parameter
    version: ParameterVersion
    selector: str
    """`:version` or `:label`, if the request has one."""


def check_name(name: str) -> None:
    """Raise a ValidationException if no parameter may have this name."""
    if _RESERVED.match(name) or not _NAME.fullmatch(name):
        raise errors.InvalidParameter(NAME_RULE)
    if "/" in name and not name.startswith("/"):
        raise errors.InvalidParameter("Parameter name must be a fully qualified name.")
    if name.count("/") > MAX_LEVELS:
        raise errors.LevelLimit
    if len(name) > MAX_LENGTH:
        raise errors.InvalidParameter("The parameter name exceeds the maximum length of 1011 characters.")


def find_parameter(reader: Reader, caller: Caller, name: str) -> Parameter:
    """Return a parameter by its name or ARN. Raises ParameterNotFound."""
    return require(look_up(reader, caller, name), lambda: errors.NotFound(name))


def look_up(reader: Reader, caller: Caller, name: str) -> Parameter | None:
    """Return a parameter by its name or ARN, or None.

    Measured against AWS: neither an ARN nor a short name needs its leading slash.
    """
    parsed, region, spellings = arn.parse(name), caller.region, [name]
    if parsed is not None and parsed.service == rows.SERVICE and parsed.resource.startswith("parameter/"):
        if parsed.account != caller.account:
            return None
        region, name = parsed.region, parsed.resource.removeprefix("parameter/")
        spellings = [f"/{name}", name]
    elif "/" not in (bare := name.removeprefix("/")):
        spellings = [name, bare if name.startswith("/") else f"/{bare}"]
    found = (rows.get(reader, caller.account, region, each) for each in spellings)
    return next((each for each in found if each is not None), None)


def find_version(reader: Reader, caller: Caller, text: str) -> Selected:
    """Return what `name`, `name:version` or `name:label` names. Raises ParameterNotFound, ParameterVersionNotFound."""
    if "//" in text or text.endswith("/"):
        raise errors.InvalidParameter(NAME_RULE)
    own_colons = 5 if text.startswith("arn:") else 0
    name, selector = text, ""
    if text.count(":") > own_colons:
        name, _, selector = text.rpartition(":")
    parameter = find_parameter(reader, caller, name)
    if not selector:
        version = rows.version(reader, parameter.id, parameter.version)
    elif selector.isdecimal():
        version = rows.version(reader, parameter.id, int(selector[:18]))
    else:
        labelled = (each for each in rows.versions(reader, parameter.id) if selector in each.labels)
        version = next(labelled, None)
    found = require(version, lambda: errors.VersionNotFound(selector, name))
    return Selected(parameter, found, f":{selector}" if selector else "")
