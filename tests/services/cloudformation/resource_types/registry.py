"""AWS's registry schemas of resource types, as cfn-lint carries them, and resources that have every property of one."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from lamplighter.base.json_text import Json

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Schema:
    """What AWS's registry says of a type."""

    type: str
    document: Mapping[str, Json]

    def named(self, section: str) -> set[str]:
        """The properties that a section names, those in others left out."""
        paths = [path.removeprefix("/properties/") for path in self.document.get(section, [])]
        return {path for path in paths if "/" not in path}

    @property
    def fixed(self) -> set[str]:
        """Those that a resource keeps for life."""
        return self.named("createOnlyProperties")

    @property
    def told(self) -> set[str]:
        """Those that only AWS sets: attributes."""
        return self.named("readOnlyProperties")

    @property
    def given(self) -> set[str]:
        """Those that a template may set."""
        return set(self.document["properties"]) - self.told


def schema_of(name: str) -> Schema:
    """The schema of a type."""
    return Schema(name, PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, name).schema)


def is_told(schema: Schema, place: str) -> bool:
    """Whether a member of a property is one that only AWS sets."""
    return f"/properties/{place}" in schema.document.get("readOnlyProperties", [])


@dataclass(frozen=True, slots=True)
class Example:
    """A resource that has every property, each scalar of it a value that is nowhere else."""

    properties: dict[str, Json] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    """By the JSON text of each such value, or by a flag with its name, where it is."""


def example(schema: Schema) -> Example:
    """A resource with every property that its type has."""
    filling = _Filling(schema, itertools.count(1001), {})
    properties = schema.document["properties"]
    return Example({name: filling.value(properties[name], name) for name in sorted(schema.given)}, filling.marks)


@dataclass(frozen=True, slots=True)
class _Filling:
    schema: Schema
    numbers: Iterator[int]
    marks: dict[str, str]

    def value(self, shape: Json, place: str) -> Json:
        """A value of a shape."""
        shape = self.meant(shape)
        kind = shape.get("type", "object" if "properties" in shape else "string")
        match kind[0] if isinstance(kind, list) else kind:
            case "array":
                return [self.value(shape.get("items", {}), f"{place}/0")]
            case "object":
                return self.members(shape, place)
            case "boolean":
                self.marks[f'"{place.rpartition("/")[2]}"'.lower()] = place
                return True
            case kind:
                return self.scalar(kind, shape, place)

    def members(self, shape: Json, place: str) -> Json:
        """An object with all its members."""
        free = dict.fromkeys(["Key"], next(iter(shape.get("patternProperties", {}).values()), {"type": "string"}))
        members = shape.get("properties", {}) or free
        places = {name: f"{place}/{name}" for name in members}
        return {
            name: self.value(inner, places[name])
            for name, inner in members.items()
            if not is_told(self.schema, places[name])
        }

    def scalar(self, kind: str, shape: Json, place: str) -> Json:
        """A number, or a text, that is nowhere else; an instant is a number, too."""
        number = next(self.numbers)
        self.marks[str(number)] = place
        return number if kind in ("integer", "number") or shape.get("format") == "date-time" else f"mark{number}"

    def meant(self, shape: Json) -> Json:
        """A shape without references and choices: of several, the one that says most."""
        if "$ref" in shape:
            return self.meant(self.schema.document["definitions"][shape["$ref"].rpartition("/")[2]])
        choices = [self.meant(each) for each in (*shape.get("oneOf", []), *shape.get("anyOf", []))]
        typed = [each for each in choices if "type" in each or "properties" in each]
        if "type" in shape or "properties" in shape or not typed:
            return shape
        return max(typed, key=lambda each: len(str(each)))
