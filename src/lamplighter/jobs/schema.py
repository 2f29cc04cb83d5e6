"""The JSON Schema of job files, for editors: names, kinds, what each is for.

Promises to refuse no file that is read without an error: a value may be `${a variable}`, and null takes away what is
inherited. What it cannot say (places, names that lead nowhere) is told when the file is read.
See https://json-schema.org/draft/2020-12.
"""

from pydantic.json_schema import models_json_schema

from lamplighter.base.jsontext import Json
from lamplighter.jobs.channels import PATTERNS, Channel
from lamplighter.jobs.model import Job
from lamplighter.jobs.source import Overlay, Source

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE: Json = {"type": "string", "pattern": r"\$\{"}
"""A value that a variable gives."""


def schema() -> Json:
    """The schema of a whole file."""
    _, made = models_json_schema([(model, "validation") for model in (Source, Overlay, Job, Channel)], by_alias=True)
    definitions = {name: _loosened(each) for name, each in made["$defs"].items()}
    body: Json = {"anyOf": [{"$ref": "#/$defs/Job"}, {"type": "null"}]}
    for name in ("Source", "Overlay"):
        properties = definitions[name]["properties"]
        properties["defaults"] = body
        properties["jobs"] = {**_said(properties["jobs"]), "type": "object", "additionalProperties": body}
        properties["channels"] = {"type": "object", "additionalProperties": {"$ref": "#/$defs/Channel"}}
    source = definitions.pop("Source")
    return {"$schema": DIALECT, **source, "title": "lamplighter.yaml", "$defs": definitions}


def _said(of: Json) -> Json:
    return {key: of[key] for key in ("title", "description") if key in of}


def _loosened(model: Json) -> Json:
    """A model whose fields may also be variables, null, or the short forms that are read as the long ones."""
    if "properties" not in model:
        return model
    return {**model, "properties": {name: _field(name, each) for name, each in model["properties"].items()}}


def _field(name: str, field: Json) -> Json:
    said = {key: field[key] for key in ("title", "description", "default") if key in field}
    plain = {key: value for key, value in field.items() if key not in said}
    options = plain["anyOf"] if set(plain) == {"anyOf"} else [plain]
    return {**said, "anyOf": [*options, *_SHORT.get(name, []), REFERENCE, {"type": "null"}]}


_WORDS: Json = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
_SHORT: dict[str, list[Json]] = {
    "notify": _WORDS,
    "schedule": [{"type": "string"}],
    "missed": [{"enum": ["last", "all", "none"]}],
    "exit": [{"$ref": "#/$defs/Exit"}],
    **{pattern: [{"type": "string"}] for pattern in PATTERNS},
}
"""Fields that may be written shorter."""
