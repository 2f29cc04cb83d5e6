"""Make the page of the job file's keys from its models: type, default, description, effect and an example of each."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml
from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.aws_settings import AwsSettings, KmsKeys
from lamplighter.jobs.file.box import Box
from lamplighter.jobs.file.channels import Channel, Notify
from lamplighter.jobs.file.keep import Keep
from lamplighter.jobs.file.model import Job, Network, Permission, Roles, Sidecar
from lamplighter.jobs.file.parsing.outer_shape import EnvironmentOverlay, FileShape
from lamplighter.jobs.file.retry import ExitCodeRetry, Retry, RetryLimits
from lamplighter.jobs.file.schedules import MissedRuns
from lamplighter.jobs.file.values import DURATION_PATTERN, format_duration
from lamplighter.jobs.file.volumes import Volume
from tests.docs.pages import ROOT
from tests.docs.reference.key_effects import EFFECTS

HEAD = """# The job file

<!-- Made by `make reference` from the models in `src/lamplighter/jobs/file`. Do not edit this page. -->

Each example comes from `examples/every-key.yaml`, a job file with every key. A key without a type is text; one
without a note has its effect on this machine (*the box*) and on AWS. A *command* is a line for `sh -c`, or a list of
words. A value may be `${variable}`, and `null` removes a value that a job has from `defaults`. [Jobs](jobs.md) explains
how the keys work together.

"""


@dataclass(frozen=True, slots=True)
class Section:
    """The keys of one model, and where the example has them."""

    title: str
    model: type[BaseModel]
    path: tuple[str | int, ...]


JOB = ("jobs", "all")
SECTIONS = (
    Section("The file", FileShape, ()),
    Section("box", Box, ("box",)),
    Section("keep", Keep, ("keep",)),
    Section("aws", AwsSettings, ("aws",)),
    Section("aws: kms", KmsKeys, ("aws", "kms")),
    Section("channels", Channel, ("channels",)),
    Section("environments", EnvironmentOverlay, ("environments", "prod")),
    Section("A job", Job, JOB),
    Section("retry", Retry, (*JOB, "retry")),
    Section("retry: a class of failures", RetryLimits, (*JOB, "retry", "infra")),
    Section("retry: exit", ExitCodeRetry, (*JOB, "retry", "exit", 0)),
    Section("missed", MissedRuns, (*JOB, "missed")),
    Section("notify", Notify, (*JOB, "notify")),
    Section("sidecars", Sidecar, (*JOB, "sidecars", "proxy")),
    Section("volumes", Volume, (*JOB, "volumes", 0)),
    Section("network", Network, (*JOB, "network")),
    Section("permissions", Permission, (*JOB, "permissions", 0)),
    Section("roles", Roles, (*JOB, "roles")),
)
LINKED = {each.model.__name__: each.title.lower().replace(":", "").replace(" ", "-") for each in SECTIONS}
"""The anchors of the sections, by the models whose keys they have."""
FILE_TYPES = {
    "defaults": "[keys of a job](#a-job)",
    "jobs": "names, and [keys of a job](#a-job)",
    "box": "[mapping](#box)",
    "keep": "[mapping](#keep)",
    "aws": "[mapping](#aws)",
    "channels": "names, and [channels](#channels)",
    "environments": "names, and [mappings](#environments)",
    "variables": "names and values",
}
OUTSIDE_THE_JOB = {"workflow": "nightly.asl.yaml"}
"""Examples of keys that the job with every other key cannot have."""
ANCHORS = {each.title: LINKED[each.model.__name__] for each in SECTIONS} | {"jobs": LINKED["Job"]}
"""The anchors of the sections, by the keys that they explain."""
MAX_EXAMPLE = 110


def page_text() -> str:
    """Return the page."""
    example: Json = yaml.safe_load((ROOT / "examples" / "every-key.yaml").read_text())
    told: set[str] = set()
    return HEAD + "\n\n".join(_section(each, _find(example, each.path), told) for each in SECTIONS) + "\n"


def _find(document: Json, path: tuple[str | int, ...]) -> Json:
    for key in path:
        document = document[key]
    return document


def _section(section: Section, example: Json, told: set[str]) -> str:
    """Return the text of a section; `told` has the rows of earlier ones, which a part of a job omits."""
    texts = {row.rpartition(" | ")[0]: row for row in _rows(section, example)}
    repeated = [text.split("`")[1] for text in texts if section.path[: len(JOB)] == JOB and text in told]
    rows = "\n".join(row for row in texts.values() if row.split("`")[1] not in repeated)
    told.update(texts)
    rows += f"\n\nAs above: {', '.join(f'`{key}`' for key in repeated)}." if repeated else ""
    purpose = (section.model.__doc__ or "").split("\n")[0].strip()
    return f"## {section.title}\n\n{purpose}\n\n| key | value | example |\n|---|---|---|\n{rows}"


def _rows(section: Section, example: Json) -> Iterator[str]:
    schema = section.model.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    for name, field in section.model.model_fields.items():
        key = field.alias or name
        given = schema["properties"][key]
        kind = FILE_TYPES.get(key) if section.model in (FileShape, EnvironmentOverlay) else None
        about = " ".join(filter(None, (field.description, _effect_note(section.model, key))))
        default = _default(given, is_required=field.is_required())
        shown = _example(section, key, example)
        kind = kind or _type(given, definitions, _limits(field))
        value = _escape(about + ("" if kind == "text" else f" *{kind}*") + (f" ({default})" if default else ""))
        yield f"| `{key}` | {value} | {_escape(shown)} |"


def _effect_note(model: type[BaseModel], key: str) -> str:
    found = EFFECTS.get(f"{model.__name__}.{key}") or (EFFECTS.get(key) if model is FileShape else None)
    return f"**Only on {found}.**" if found else ""


def _default(given: Json, *, is_required: bool) -> str:
    if is_required:
        return "required"
    found = given.get("default")
    if found in (None, "", [], {}) or isinstance(found, dict):
        return ""
    if _scalar(given).get("pattern") == DURATION_PATTERN and isinstance(found, int):
        return f"default `{format_duration(found)}`"
    return f"default `{json.dumps(found).strip(chr(34))}`"


def _scalar(given: Json) -> Json:
    return next((each for each in given.get("anyOf", [given]) if each != {"type": "null"}), given)


def _type(given: Json, definitions: Mapping[str, Json], limits: str) -> str:
    scalar = _scalar(given)
    if "$ref" in scalar:
        name = scalar["$ref"].rsplit("/", 1)[1]
        assert name in LINKED, f"the model {name} has no section: add it to SECTIONS"
        return f"[mapping](#{LINKED[name]})"
    if scalar.get("type") == "array":
        item = _type(scalar["items"], definitions, limits)
        return "one or several" if item == "text" else f"one or several: {item}"
    if "enum" in scalar:
        # YAML has true, True and TRUE; they are one value.
        plain = {str(each).lower(): None for each in scalar["enum"]}
        return " or ".join(f"`{each}`" for each in sorted(plain, key=lambda each: each == "false"))
    if scalar.get("type") == "object":
        inner: Json = next(iter(scalar.get("patternProperties", {}).values()), {})
        return f"names, and {_type(inner, definitions, limits)}" if "$ref" in inner else "names and values"
    return _scalar_type(scalar, limits)


def _limits(field: FieldInfo) -> str:
    """Return the limits of a number or a duration, or an empty text."""
    low = next((each.ge for each in field.metadata if isinstance(each, Ge)), None)
    high = next((each.le for each in field.metadata if isinstance(each, Le)), None)
    if low is not None and high is not None:
        return f", {low} to {high}"
    return f", at least {low}" if low is not None else ""


def _scalar_type(scalar: Json, limits: str) -> str:
    pattern, types = str(scalar.get("pattern", "")), scalar.get("type", "string")
    if pattern == DURATION_PATTERN:
        return f"duration, at most {format_duration(scalar['le'])}" if "le" in scalar else "duration"
    if "oneOf" in scalar:
        return "command"
    if scalar.get("examples"):
        return "size"
    if "integer" in types and "boolean" not in types:
        return f"integer{limits}"
    return f"number{limits}" if "number" in types and pattern else "text"


def _example(section: Section, key: str, example: Json) -> str:
    if section.model is Channel:
        found = next((each[key] for each in example.values() if key in each), None)
    elif section.model is Job and key in OUTSIDE_THE_JOB:
        found = OUTSIDE_THE_JOB[key]
    elif isinstance(example, dict):
        found = example.get(key)
    else:
        found = None
    if found is None:
        return ""
    if len(_flow(found)) > MAX_EXAMPLE and isinstance(found, dict):
        return f"see [below](#{ANCHORS[key]})" if key in ANCHORS else f"`{_flow(dict([*found.items()][:1]))}`, …"
    return f"`{_flow(found)}`"


def _flow(value: Json) -> str:
    """Return a value as YAML in one line."""
    return yaml.safe_dump(value, default_flow_style=True, width=1000, sort_keys=False).removesuffix("...\n").strip()


def _escape(text: str) -> str:
    return text.replace("|", "\\|")
