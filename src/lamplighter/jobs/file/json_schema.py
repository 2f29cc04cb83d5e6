"""Build the JSON Schema of job files for editors: names, types and descriptions.

Guarantees that the schema accepts every file that loads without an error. A value may be `${a variable}`, null removes
an inherited value, and an environment's overrides may be incomplete. The schema cannot express the rest: the format of
references to secrets, names that do not exist, keys that must be present in the end. Loading the file reports these.
`lamplighter.schema.json` beside this module is the schema's text. See https://json-schema.org/draft/2020-12.
"""

from pydantic.json_schema import models_json_schema

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.aws_settings import AwsSettings
from lamplighter.jobs.file.box import Box
from lamplighter.jobs.file.channels import PATTERNS, Channel
from lamplighter.jobs.file.keep import Keep
from lamplighter.jobs.file.model import Job
from lamplighter.jobs.file.parsing.outer_shape import EnvironmentOverlay, FileShape
from lamplighter.jobs.file.values import DURATION_PATTERN, format_duration
from lamplighter.jobs.file.volumes import SHORT_SYNTAX_PATTERN

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VARIABLE_SCHEMA: Json = {"type": "string", "pattern": r"\$\{"}
"""A value that contains a reference to a variable."""
NULL_SCHEMA: Json = {"type": "null"}
_LIST_KEYS = (
    "schedule", "env-file", "volumes", "subnets", "security-groups", "actions", "resources", "codes", "exit",
    "permissions", "secrets", *PATTERNS,
)  # fmt: skip
"""Fields that are lists and also accept a single item."""
_SHORT_FORMS: dict[str, list[Json]] = {
    "notify": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    "missed": [{"enum": ["last", "all", "none"]}],
    "kms": [{"type": "string"}],
    "extra-hosts": [{"type": "array", "items": {"type": "string", "pattern": "[:=]"}}],
}
"""Fields that accept a short form, and the schemas of these forms."""
_SHORT_ITEMS: dict[str, Json] = {"volumes": {"type": "string", "pattern": SHORT_SYNTAX_PATTERN}}
"""Fields whose items accept a short form, and the schemas of these forms."""


def job_file_schema() -> Json:
    """Return the schema of a whole job file."""
    _, made = models_json_schema(
        [(each, "validation") for each in (FileShape, EnvironmentOverlay, Job, Channel, Box, Keep, AwsSettings)],
        by_alias=True,
    )
    definitions = {name: _relaxed_model(each) for name, each in made["$defs"].items()}
    models = (Job, Box, Keep, AwsSettings, Channel)
    body, box, keep, aws, channel = ({"anyOf": [{"$ref": f"#/$defs/{each.__name__}"}, NULL_SCHEMA]} for each in models)
    parts = {"box": box, "keep": keep, "aws": aws, "defaults": body}
    parts |= {"jobs": _mapping(body), "channels": _mapping(channel)}
    for model in (FileShape, EnvironmentOverlay):
        properties = definitions[model.__name__]["properties"]
        for key, each in parts.items():
            properties[key] = {**_description_and_default(properties[key]), **each}
    source = definitions.pop(FileShape.__name__)
    return {
        "$schema": DIALECT,
        "title": "lamplighter.yaml",
        **source,
        "required": ["project", "jobs"],
        "$defs": definitions,
    }


def _mapping(schema: Json) -> Json:
    return {"anyOf": [{"type": "object", "additionalProperties": schema}, NULL_SCHEMA]}


def _description_and_default(schema: Json) -> Json:
    kept = {"description": schema["description"]} if "description" in schema else {}
    return {**kept, "default": schema["default"]} if isinstance(schema.get("default"), (str, int, float)) else kept


def _relaxed_model(model: Json) -> Json:
    """Return a model's schema in which every property is optional and accepts more forms."""
    if "properties" not in model:
        return model
    properties = {name: _relaxed_field(name, each) for name, each in model["properties"].items()}
    return {
        "type": "object",
        **_description_and_default(model),
        "additionalProperties": False,
        "properties": properties,
    }


def _relaxed_field(name: str, field: Json) -> Json:
    """Return a field's schema that also accepts a variable, null and the short forms."""
    plain = {key: value for key, value in field.items() if key not in ("title", "description", "default")}
    options = plain["anyOf"] if set(plain) == {"anyOf"} else [plain]
    if name in _SHORT_ITEMS:
        options = [
            {**each, "items": {"anyOf": [each["items"], _SHORT_ITEMS[name]]}} if "items" in each else each
            for each in options
        ]
    alone = [each["items"] for each in options if name in _LIST_KEYS and "items" in each]
    known = [_relaxed_option(each) for each in (*options, *alone, *_SHORT_FORMS.get(name, []))]
    kept = _description_and_default(field)
    if any(each.get("pattern") == DURATION_PATTERN for each in options) and isinstance(kept.get("default"), int):
        kept["default"] = format_duration(kept["default"])
    return {**kept, "anyOf": [*(each for each in known if each != NULL_SCHEMA), VARIABLE_SCHEMA, NULL_SCHEMA]}


def _relaxed_option(option: Json) -> Json:
    """Return an option's schema whose items or values also accept a variable and null."""
    if "items" in option:
        return {**option, "items": {"anyOf": [_relaxed_option(option["items"]), VARIABLE_SCHEMA, NULL_SCHEMA]}}
    added, patterns = option.get("additionalProperties"), option.get("patternProperties")
    if isinstance(added, dict):
        return {**option, "additionalProperties": {"anyOf": [added, VARIABLE_SCHEMA, NULL_SCHEMA]}}
    if patterns:
        relaxed = {name: {"anyOf": [each, VARIABLE_SCHEMA, NULL_SCHEMA]} for name, each in patterns.items()}
        return {**option, "patternProperties": relaxed}
    return option
