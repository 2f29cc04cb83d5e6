"""Translate pydantic's errors into problems of the job file: the position, the problem, and what to write instead."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lamplighter.base.errors import Bug
from lamplighter.base.json_text import Json
from lamplighter.jobs.file.environments import drop_nulls
from lamplighter.jobs.file.model import Job, Project, Sidecar
from lamplighter.jobs.file.parsing.foreign_keys import JOB_HINTS, TOP_HINTS, foreign_key_hint, spelled_key
from lamplighter.jobs.file.parsing.invalid_value import IncompleteValue, InvalidValue
from lamplighter.jobs.file.parsing.outer_shape import FileShape
from lamplighter.jobs.file.parsing.yaml_document import Path, Problem, YamlNode
from lamplighter.jobs.file.strict_model import kebab_case
from lamplighter.jobs.file.text_formats import MAX_NAME_LENGTH
from lamplighter.jobs.file.values import format_value


def validation_problems(model: type[BaseModel], part: YamlNode) -> Iterator[Problem]:
    """Yield the problems that a model finds in a part of the file."""
    yield from (_to_problem(model, part, each["loc"], each) for each in _errors(model, part))


def permanent_problems(model: type[BaseModel], part: YamlNode, name: str) -> Iterator[Problem]:
    """Yield the problems that no environment can fix; the part may be incomplete and use variables."""
    for each in _errors(model, part):
        if each["type"] == "extra_forbidden":
            yield _to_problem(model, part, each["loc"], each, name)
    seen = drop_nulls(part)
    for each in _errors(model, seen):
        if not (_is_unfinished(each) or _may_be_variable(seen, each)):
            yield _to_problem(model, seen, each["loc"], each, name)


def _errors(model: type[BaseModel], part: YamlNode) -> list[ErrorDetails]:
    try:
        model.model_validate(part.plain())
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=True)
        # pydantic reports a list whose items are all invalid as too short, too.
        return [
            each
            for each in errors
            if each["type"] != "too_short" or not any(_is_inside(other["loc"], each["loc"]) for other in errors)
        ]
    return []


def _is_unfinished(error: ErrorDetails) -> bool:
    return error["type"] == "missing" or isinstance(error.get("ctx", {}).get("error"), IncompleteValue)


def _may_be_variable(part: YamlNode, error: ErrorDetails) -> bool:
    """Return whether a variable may fix the value. A variable is never a mapping, and keys are not replaced."""
    value = part.find(error["loc"]).value
    return (
        isinstance(value, str)
        and "${" in value
        and "[key]" not in error["loc"]
        and error["type"] not in _MAPPING_ERRORS
    )


def _is_inside(loc: Path, around: Path) -> bool:
    return len(loc) > len(around) and loc[: len(around)] == around


def _to_problem(model: type[BaseModel], part: YamlNode, loc: Path, error: ErrorDetails, outer_key: str = "") -> Problem:
    found = part.find(loc)
    name = str(loc[-1]) if loc else ""
    match error["type"]:
        case "extra_forbidden":
            advice = _advice_for_unknown_key(model, loc)
            return Problem(found.key_position or found.position, f"`{name}` is not a known key here", advice)
        case "missing":
            return Problem(found.key_position or found.position, f"`{name}` is missing here", f"add `{name}:`")
    if name == "[key]":
        shown, place = str(loc[-2]), found.key_position or found.position
    else:
        shown, place = format_value(found.plain()).strip("`"), found.position
    text, advice = _describe(shown, error)
    owner = _owner(loc) or outer_key
    prefix = "" if "[key]" in loc or not owner else f"`{owner}`: "
    return Problem(place, prefix + text, advice)


def _advice_for_unknown_key(model: type[BaseModel], loc: Path) -> str:
    """Return what to write instead of a key: a known one, or what other tools mean by it."""
    name, known = str(loc[-1]), _allowed_keys(model, loc[:-1])
    owner = _model_at(model, loc[:-1])
    hints = JOB_HINTS if owner in (Job, Sidecar) else TOP_HINTS if owner is FileShape else {}
    meant = spelled_key(name, known)
    if meant is None and (hint := foreign_key_hint(name, hints)):
        return hint
    close = [meant] if meant is not None else get_close_matches(name, known, 1, MIN_SIMILARITY)
    return f"did you mean `{close[0]}`?" if close else f"write one of {', '.join(known)}"


def _owner(loc: Path) -> str:
    """Return the key that a value belongs to; for an item of a list, the key of the list."""
    return next((str(step) for step in reversed(loc) if isinstance(step, str)), "")


def _describe(shown: str, error: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong with a value, and what to write instead."""
    context = error.get("ctx", {})
    kind = error["type"]
    if kind == "value_error":
        invalid = context["error"]
        if not isinstance(invalid, InvalidValue):
            raise Bug("a validator of the job file must raise InvalidValue") from invalid
        return invalid.problem, invalid.advice
    if kind in _ERROR_TEXTS:
        what, advice = _ERROR_TEXTS[kind]
        quoted = shown if shown in ("nothing", "a list", "a mapping") else f"`{shown}`"
        return f"{quoted} is {what}", advice
    if kind == "literal_error":
        return f"`{shown}` is not allowed here", f"write {context['expected'].replace(chr(39), '')}"
    if kind in _BOUNDS:
        limit, words, side = _BOUNDS[kind]
        bound = f"{int(context[limit])}{'s' if re.fullmatch('([0-9]+[dhms])+', shown) else ''}"
        return f"`{shown}` is {words} {bound}", f"write {bound} or {side}"
    if kind == "too_short":
        return "this is empty", "write at least one"
    if kind == "too_long":
        return f"this has {context['actual_length']} items", f"write {context['max_length']} at most"
    return f"{error['msg'][:1].lower()}{error['msg'][1:]}", "write another value"


MIN_SIMILARITY = 0.75
"""The least similarity of two keys for one to be a misspelling of the other; `volumes` and `roles` are less similar."""
_NOT_A_MAPPING = ("not a mapping", "write `key: value` lines, one further to the right")
_NOT_A_LIST = ("not a list", "write [one, two]")
_MAPPING_ERRORS = ("dict_type", "model_type", "model_attributes_type")
_ERROR_TEXTS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(_MAPPING_ERRORS, _NOT_A_MAPPING),
    "tuple_type": _NOT_A_LIST,
    "list_type": _NOT_A_LIST,
    "string_type": ("not text", "write text; put it in quotation marks if it looks like a number"),
    "string_pattern_mismatch": ("not a name", "use small letters, digits and single hyphens, a letter first"),
    "string_too_long": ("too long for a name", f"write {MAX_NAME_LENGTH} characters at most"),
}
"""For each error of pydantic, what the value is and what to write instead."""
_BOUNDS = {"greater_than_equal": ("ge", "less than", "more"), "less_than_equal": ("le", "more than", "less")}


def _allowed_keys(model: type[BaseModel], path: Path) -> list[str]:
    model = _model_at(model, path)
    hidden = {"workflows"} | ({"environment"} if model is Project else set())
    return [
        name
        for name in (each.alias or kebab_case(key) for key, each in model.model_fields.items())
        if name not in hidden
    ]


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    """Return the model of the mapping at a path."""
    for step in path:
        fields = {each.alias or kebab_case(name): each for name, each in model.model_fields.items()}
        inner = fields[str(step)].annotation if str(step) in fields else None
        model = next(iter(_models(inner)), model) if inner is not None else model
    return model


def _models(annotation: Json) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
