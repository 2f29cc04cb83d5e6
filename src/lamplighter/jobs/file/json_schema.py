"""The JSON Schema of job files, for editors: names, kinds, what each is for.

Promises to refuse no file that is read without an error: a value may be `${a variable}`, null takes away what is
inherited, and what an environment changes need not be whole. What it cannot say (places, names that lead nowhere, what
has to be there in the end) is told when the file is read. `lamplighter.schema.json` beside this module is its text.
See https://json-schema.org/draft/2020-12.
"""

from pydantic.json_schema import models_json_schema

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.channels import PATTERNS, Channel
from lamplighter.jobs.file.model import Job
from lamplighter.jobs.file.outer_shape import EnvironmentOverlay, FileShape
from lamplighter.jobs.file.values import DURATION, format_duration

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE: Json = {"type": "string", "pattern": r"\$\{"}
"""A value that a variable gives."""
NOTHING: Json = {"type": "null"}
_LISTS = (
    "schedule", "subnets", "security-groups", "actions", "resources", "codes", "exit", "permissions", *PATTERNS,
)  # fmt: skip
"""Fields that are lists of which one item may stand alone."""
_SHORT: dict[str, list[Json]] = {
    "notify": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    "missed": [{"enum": ["last", "all", "none"]}],
}
"""Fields that may be written shorter."""


def job_file_schema() -> Json:
    """The schema of a whole file."""
    _, made = models_json_schema(
        [(model, "validation") for model in (FileShape, EnvironmentOverlay, Job, Channel)], by_alias=True
    )
    definitions = {name: _model(each) for name, each in made["$defs"].items()}
    body: Json = {"anyOf": [{"$ref": "#/$defs/Job"}, NOTHING]}
    channel: Json = {"anyOf": [{"$ref": "#/$defs/Channel"}, NOTHING]}
    for name in ("Source", "Overlay"):
        properties = definitions[name]["properties"]
        for key, each in {"defaults": body, "jobs": _mapping(body), "channels": _mapping(channel)}.items():
            properties[key] = {**_said(properties[key]), **each}
    source = definitions.pop("Source")
    return {
        "$schema": DIALECT,
        "title": "lamplighter.yaml",
        **source,
        "required": ["project", "jobs"],
        "$defs": definitions,
    }


def _mapping(of: Json) -> Json:
    return {"anyOf": [{"type": "object", "additionalProperties": of}, NOTHING]}


def _said(of: Json) -> Json:
    said = {"description": of["description"]} if "description" in of else {}
    return {**said, "default": of["default"]} if isinstance(of.get("default"), (str, int, float)) else said


def _model(model: Json) -> Json:
    """A model of which parts may be missing, and whose fields are loosened."""
    if "properties" not in model:
        return model
    properties = {name: _field(name, each) for name, each in model["properties"].items()}
    return {"type": "object", **_said(model), "additionalProperties": False, "properties": properties}


def _field(name: str, field: Json) -> Json:
    """A field that may also be a variable, null, or one of the short forms that are read as the long ones."""
    plain = {key: value for key, value in field.items() if key not in ("title", "description", "default")}
    options = plain["anyOf"] if set(plain) == {"anyOf"} else [plain]
    alone = [each["items"] for each in options if name in _LISTS and "items" in each]
    known = [_inside(each) for each in (*options, *alone, *_SHORT.get(name, []))]
    said = _said(field)
    if any(each.get("pattern") == DURATION for each in options) and isinstance(said.get("default"), int):
        said["default"] = format_duration(said["default"])
    return {**said, "anyOf": [*(each for each in known if each != NOTHING), REFERENCE, NOTHING]}


def _inside(option: Json) -> Json:
    """The same of what is inside of a list or a mapping."""
    if "items" in option:
        return {**option, "items": {"anyOf": [_inside(option["items"]), REFERENCE, NOTHING]}}
    for key in ("additionalProperties", "patternProperties"):
        within = option.get(key)
        if isinstance(within, dict) and key == "additionalProperties":
            return {**option, key: {"anyOf": [within, REFERENCE, NOTHING]}}
        if isinstance(within, dict):
            return {**option, key: {name: {"anyOf": [each, REFERENCE, NOTHING]} for name, each in within.items()}}
    return option
