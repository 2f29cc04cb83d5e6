"""Describe the operations and shapes of an AWS service, as botocore's data files define them.

botocore is in the extra `aws`. Without it, the wheel's own copies of the files serve, which are made when the wheel is
built (`build_models.py`): those of the services that the engine serves. Guarantees the same names and values as
`botocore.model`; a test compares every operation that the engine serves. Why not `botocore.model` itself: its import
loads botocore's HTTP client, which takes 30 ms and 6 MB of every engine.
See https://smithy.io/2.0/spec/model.html and botocore's data files (`service-2.json`).
"""

import gzip
import importlib.util
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path

from lamplighter.base.errors import MissingLibrary
from lamplighter.base.json_text import Json, loads

OWN_DATA = Path(__file__).with_name("aws_models")
"""The folder of the wheel's copies of data files; a checkout has none."""
SERVICE_NAMES = "service-names"
"""The file there with botocore's names of all services."""


def find_data() -> Path:
    """Return the folder of botocore's data files, or of the wheel's copies if botocore is not installed."""
    found = importlib.util.find_spec("botocore")
    return OWN_DATA if found is None or found.origin is None else Path(found.origin).with_name("data")


DATA = find_data()
"""The folder of the data files."""
METADATA = (
    "required", "min", "max", "pattern", "sensitive", "enum", "idempotencyToken", "error", "exception",
    "endpointdiscoveryid", "retryable", "document", "union", "contextParam", "clientContextParams", "requiresLength",
)  # fmt: skip
"""The properties of a shape's values."""
SERIALIZATION = {
    **{name: name for name in (
        "queryName", "flattened", "location", "payload", "streaming", "timestampFormat", "xmlNamespace",
        "resultWrapper", "xmlAttribute", "eventstream", "event", "eventheader", "eventpayload", "jsonvalue",
        "hostLabel",
    )},
    "locationName": "name",
}  # fmt: skip
"""The properties of a shape's form in requests and responses, and their names here."""


class Shape:
    """A type of the service's API. A reference may add properties to those of the type."""

    def __init__(self, name: str, definition: Json, service: "ServiceModel") -> None:
        self.name = name
        self.type_name: str = definition["type"]
        self._definition = definition
        self._service = service

    @cached_property
    def metadata(self) -> Mapping[str, Json]:
        """The properties of values, such as `pattern` and `min`."""
        return {name: self._definition[name] for name in METADATA if name in self._definition}

    @cached_property
    def serialization(self) -> Mapping[str, Json]:
        """The properties of the form in requests and responses, such as `location` and `name`."""
        return {own: self._definition[name] for name, own in SERIALIZATION.items() if name in self._definition}

    @property
    def required_members(self) -> Sequence[str]:
        """The names of the members that a structure must have."""
        names: Sequence[str] = self._definition.get("required", ())
        return names

    @property
    def is_document_type(self) -> bool:
        """Whether the values are documents: any JSON."""
        return bool(self._definition.get("document"))

    @property
    def error_code(self) -> str | None:
        """The code of an error in responses, or None for other shapes."""
        if not self._definition.get("exception"):
            return None
        return str(self._definition.get("error", {}).get("code") or self.name)

    @cached_property
    def members(self) -> Mapping[str, "Shape"]:
        """The members of a structure, by name."""
        return {name: self._service.resolve(each) for name, each in self._definition.get("members", {}).items()}

    @cached_property
    def member(self) -> "Shape":
        """The elements of a list."""
        return self._service.resolve(self._definition["member"])

    @cached_property
    def key(self) -> "Shape":
        """The keys of a map."""
        return self._service.resolve(self._definition["key"])

    @cached_property
    def value(self) -> "Shape":
        """The values of a map."""
        return self._service.resolve(self._definition["value"])


class StructureShape(Shape):
    """A structure with members."""


class ListShape(Shape):
    """A list of elements."""


class MapShape(Shape):
    """A map of keys to values."""


_SHAPE_CLASSES: Mapping[str, type[Shape]] = {"structure": StructureShape, "list": ListShape, "map": MapShape}


class OperationModel:
    """An operation of a service."""

    def __init__(self, name: str, definition: Json, service: "ServiceModel") -> None:
        self.name = name
        self.http: Mapping[str, Json] = definition.get("http", {})
        self._definition = definition
        self._service = service

    @cached_property
    def input_shape(self) -> Shape | None:
        """The parameters, or None if there are none."""
        return self._service.resolve(self._definition["input"]) if "input" in self._definition else None

    @cached_property
    def output_shape(self) -> Shape | None:
        """The result, or None if it is empty."""
        return self._service.resolve(self._definition["output"]) if "output" in self._definition else None

    @property
    def error_names(self) -> frozenset[str]:
        """The names of the errors that the model lists for the operation."""
        return frozenset(each["shape"] for each in self._definition.get("errors", ()))

    @property
    def idempotent_members(self) -> Sequence[str]:
        """The names of the parameters for which an SDK makes a value if the caller has none."""
        members = self.input_shape.members.items() if self.input_shape else ()
        return [name for name, shape in members if shape.metadata.get("idempotencyToken")]


class ServiceModel:
    """The model of a service, made of a parsed data file."""

    def __init__(self, definition: Json) -> None:
        self.definition = definition
        self.metadata: Mapping[str, Json] = definition["metadata"]
        self.operation_names: Collection[str] = definition["operations"].keys()
        self.shape_names: Collection[str] = definition["shapes"].keys()
        self._operations: dict[str, OperationModel] = {}
        self._shapes: dict[str, Shape] = {}

    @cached_property
    def error_shapes(self) -> Sequence[Shape]:
        """The shapes of all errors."""
        names = (name for name, each in self.definition["shapes"].items() if each.get("exception"))
        return [self.shape_for(name) for name in names]

    def operation_model(self, name: str) -> OperationModel:
        """Return an operation. Raises KeyError if there is none of this name."""
        if name not in self._operations:
            self._operations[name] = OperationModel(name, self.definition["operations"][name], self)
        return self._operations[name]

    def shape_for(self, name: str) -> Shape:
        """Return a shape by its name. Raises KeyError if there is none."""
        if name not in self._shapes:
            self._shapes[name] = self._make_shape(name, self.definition["shapes"][name])
        return self._shapes[name]

    def resolve(self, reference: Mapping[str, Json]) -> Shape:
        """Return the shape that a reference names, with the properties that the reference adds."""
        name = reference["shape"]
        if len(reference) == 1:
            return self.shape_for(name)
        added = {key: value for key, value in reference.items() if key != "shape"}
        return self._make_shape(name, {**self.definition["shapes"][name], **added})

    def _make_shape(self, name: str, definition: Json) -> Shape:
        return _SHAPE_CLASSES.get(definition["type"], Shape)(name, definition, self)


@cache
def service_names() -> frozenset[str]:
    """Return botocore's names of all services of AWS."""
    if DATA == OWN_DATA:
        return frozenset(read_data_file(DATA / SERVICE_NAMES))
    return frozenset(path.name for path in DATA.iterdir() if path.is_dir())


def read_definition(service: str) -> Json:
    """Read the latest version of a service's definition, without its documentation, which is most of it.

    Raises `MissingLibrary` if only botocore, which is not installed, has the definition.
    """
    folder = max((path.parent for path in (DATA / service).glob("*/service-2.json*")), default=None)
    if folder is None:
        raise MissingLibrary(f"the definition of the service {service}", "aws")
    definition = read_data_file(folder / "service-2")
    if any(folder.glob("service-2.sdk-extras.json*")):
        _merge(definition, read_data_file(folder / "service-2.sdk-extras")["merge"])
    for described in _described(definition):
        described.pop("documentation", None)
    return {part: definition[part] for part in ("metadata", "operations", "shapes")}


def read_data_file(path: Path) -> Json:
    """Read one of botocore's data files, by its path without the suffix: wheels have compressed files."""
    plain = path.with_name(f"{path.name}.json")
    if plain.exists():
        return loads(plain.read_bytes())
    return loads(gzip.decompress(path.with_name(f"{path.name}.json.gz").read_bytes()))


def _merge(definition: dict[str, Json], additions: Mapping[str, Json]) -> None:
    """Add to a definition what botocore corrects in it."""
    for key, value in additions.items():
        if isinstance(value, dict) and isinstance(definition.get(key), dict):
            _merge(definition[key], value)
        else:
            definition[key] = value


def _described(definition: Json) -> Iterator[dict[str, Json]]:
    """Yield the parts of a definition that may have documentation."""
    yield from definition["operations"].values()
    for shape in definition["shapes"].values():
        yield shape
        yield from shape.get("members", {}).values()
        yield from (shape[part] for part in ("member", "key", "value") if part in shape)
