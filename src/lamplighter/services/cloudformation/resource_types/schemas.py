"""Read AWS's schemas of resource types: the properties of a template, and those that identify or replace a resource.

The wheel has extracts of cfn-lint's copies (`build_models.py`); a checkout reads those of cfn-lint, at first use.
See https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html.
"""

import gzip
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lamplighter.base.errors import MissingLibrary
from lamplighter.base.json_text import Json, loads

EXTRACTS = Path(__file__).with_name("schemas.json.gz")
"""The wheel's extracts, by type; a checkout has none."""
REGION = "us-east-1"
"""The region whose schemas serve for all."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What AWS's registry says about a resource type."""

    properties: frozenset[str]
    """The properties that a template may set."""
    attributes: frozenset[str]
    """The properties that only AWS sets, which Fn::GetAtt returns."""
    identifier: tuple[str, ...]
    """The properties that identify a resource, as the import of existing resources names them."""
    create_only: frozenset[str]
    """The properties, or parts of them (`Property/Member`), whose change requires a replacement."""
    conditionally_create_only: frozenset[str]
    """The properties whose change requires a replacement in some cases."""


@cache
def read_schema(kind: str) -> Schema:
    """Return the schema of a type that AWS has."""
    return parse_schema(_extracts()[kind] if EXTRACTS.exists() else _document(kind))


def parse_schema(document: Json) -> Schema:
    """Return what AWS's document or the wheel's extract of it says."""
    read_only = _names(document.get("readOnlyProperties", []))
    names = frozenset(document["properties"])
    return Schema(
        names.difference(read_only),
        names.intersection(read_only),
        _names(document["primaryIdentifier"]),
        frozenset(_names(document.get("createOnlyProperties", []))),
        frozenset(_names(document.get("conditionalCreateOnlyProperties", []))),
    )


def _names(paths: list[str]) -> tuple[str, ...]:
    return tuple(path.removeprefix("/properties/") for path in paths)


@cache
def _extracts() -> Json:
    return loads(gzip.decompress(EXTRACTS.read_bytes()))


def _document(kind: str) -> Json:
    folder = _folder()
    return loads((folder / "resources" / f"{_index()[kind]}.json").read_bytes())


@cache
def _index() -> Json:
    return loads((_folder() / "providers" / f"{REGION}.json").read_bytes())


def _folder() -> Path:
    found = importlib.util.find_spec("cfnlint")
    if found is None or found.origin is None:
        raise MissingLibrary("CloudFormation in a checkout", "dev")
    return Path(found.origin).with_name("data") / "schemas"
