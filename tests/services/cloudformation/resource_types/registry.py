"""AWS's registry schemas of resource types, read from cfn-lint, and an example resource with every property."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from lamplighter.base.json_text import Json

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Schema:
    """AWS's registry schema of a resource type."""

    type: str
    document: Mapping[str, Json]

    def top_level_names(self, section: str) -> set[str]:
        """Return the top-level properties that a section names."""
        paths = [path.removeprefix("/properties/") for path in self.document.get(section, [])]
        return {path for path in paths if "/" not in path}

    @property
    def create_only(self) -> set[str]:
        """The properties that cannot change without a replacement."""
        return self.top_level_names("createOnlyProperties")

    @property
    def read_only(self) -> set[str]:
        """The properties that only AWS sets: attributes."""
        return self.top_level_names("readOnlyProperties")

    @property
    def settable(self) -> set[str]:
        """The properties that a template may set."""
        return set(self.document["properties"]) - self.read_only


def schema_of(name: str) -> Schema:
    """Return the schema of a resource type."""
    return Schema(name, PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, name).schema)


def is_read_only(schema: Schema, place: str) -> bool:
    """Return whether only AWS sets this member of a property."""
    return f"/properties/{place}" in schema.document.get("readOnlyProperties", [])


@dataclass(frozen=True, slots=True)
class Example:
    """A resource with every property, in which each scalar has a unique value."""

    properties: dict[str, Json] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    """The place of each unique value, by its JSON text; a flag's place, by the flag's name."""


def example(schema: Schema) -> Example:
    """Return a resource with every property of its type."""
    builder = _ExampleBuilder(schema, itertools.count(1001), {})
    properties = schema.document["properties"]
    return Example({name: builder.value(properties[name], name) for name in sorted(schema.settable)}, builder.marks)


@dataclass(frozen=True, slots=True)
class _ExampleBuilder:
    schema: Schema
    numbers: Iterator[int]
    marks: dict[str, str]

    def value(self, shape: Json, place: str) -> Json:
        """Return a value of a shape."""
        shape = self.resolve(shape)
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
        """Return an object with all its members."""
        free = dict.fromkeys(["Key"], next(iter(shape.get("patternProperties", {}).values()), {"type": "string"}))
        members = shape.get("properties", {}) or free
        places = {name: f"{place}/{name}" for name in members}
        return {
            name: self.value(inner, places[name])
            for name, inner in members.items()
            if not is_read_only(self.schema, places[name])
        }

    def scalar(self, kind: str, shape: Json, place: str) -> Json:
        """Return a unique number or text; a date-time is a number, too."""
        number = next(self.numbers)
        self.marks[str(number)] = place
        if shape.get("pattern") == "[0-9]+":
            return str(number)  # a number, written as text
        is_time = shape.get("format") == "date-time" or place.endswith("Date")
        is_number = kind in ("integer", "number") or is_time
        return number if is_number else f"mark{number}"

    def resolve(self, shape: Json) -> Json:
        """Resolve references and choices of a shape; of several choices, take the longest."""
        if "$ref" in shape:
            return self.resolve(self.schema.document["definitions"][shape["$ref"].rpartition("/")[2]])
        choices = [self.resolve(each) for each in (*shape.get("oneOf", []), *shape.get("anyOf", []))]
        typed = [each for each in choices if "type" in each or "properties" in each]
        if "type" in shape or "properties" in shape or not typed:
            return shape
        return max(typed, key=lambda each: len(str(each)))
