"""Write types of the parameters and answers of AWS's operations, for the type checker alone, from botocore's models.

`make check` runs this before mypy. For each service it writes `typings/aws_types/SERVICE.pyi`, which git ignores, with
`CreateQueueInput` and `CreateQueueOutput` for CreateQueue, and a type for each structure in them. A function names them
in quotation marks, and imports them under `if TYPE_CHECKING`, so nothing is loaded when the engine runs.

The types follow the engine's conventions: timestamps are seconds since the epoch, blobs are bytes. A structure of a
request has its required members, because requests are validated; in an answer all members may be left out.
See https://typing.python.org/en/latest/spec/typeddict.html.
"""

import keyword
import sys
from collections.abc import Iterator
from pathlib import Path

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape, StructureShape

SERVICES = {
    "ecs": "ecs", "events": "events", "scheduler": "scheduler", "sns": "sns", "sqs": "sqs", "states": "stepfunctions",
}  # fmt: skip
"""The services whose code has types, by their name on the bus, with botocore's names."""
TARGET = Path("typings/aws_types")
SCALARS = {
    "string": "str", "character": "str", "boolean": "bool", "integer": "int", "long": "int", "float": "float",
    "double": "float", "timestamp": "float", "blob": "bytes",
}  # fmt: skip
HEAD = "from typing import Any, Required, TypedDict\n"


def write_types(target: Path) -> None:
    """Write the types of all services into a folder."""
    target.mkdir(parents=True, exist_ok=True)
    (target / "__init__.pyi").write_text("")
    for service, name in SERVICES.items():
        model = ServiceModel(Loader().load_service_model(name, "service-2"), name)
        text = HEAD + "".join(_declare_service(model))
        path = target / f"{service}.pyi"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def _declare_service(model: ServiceModel) -> Iterator[str]:
    names = set()
    for name in model.operation_names:
        operation = model.operation_model(name)
        given, answer = operation.input_shape, operation.output_shape
        yield _declare(f"{name}Input", given.members if given else {}, given.required_members if given else [])
        yield _declare(f"{name}Output", answer.members if answer else {}, [])
        names |= {f"{name}Input", f"{name}Output"}
    for name in model.shape_names:
        shape = model.shape_for(name)
        if isinstance(shape, StructureShape) and not shape.metadata.get("exception") and name not in names:
            yield _declare(_structure_name(name), shape.members, [])


def _declare(name: str, members: dict[str, Shape], required: list[str]) -> str:
    fields = [f"{key!r}: {_required(_type_of(shape), key in required)}" for key, shape in members.items()]
    return f"{name} = TypedDict({name!r}, {{{', '.join(fields)}}}, total=False)\n"


def _required(text: str, is_required: bool) -> str:  # noqa: FBT001 - a private function with one caller
    return f"Required[{text}]" if is_required else text


def _type_of(shape: Shape) -> str:
    match shape.type_name:
        case "structure":
            return repr(_structure_name(shape.name))
        case "list":
            return f"list[{_type_of(shape.member)}]"
        case "map":
            return f"dict[str, {_type_of(shape.value)}]"
        case other:
            return SCALARS.get(other, "Any")


def _structure_name(name: str) -> str:
    return f"{name}Shape" if keyword.iskeyword(name) or name in ("Any", "Required", "TypedDict") else name


if __name__ == "__main__":
    write_types(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
