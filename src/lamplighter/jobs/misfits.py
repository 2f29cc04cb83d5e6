"""What pydantic has against a part of the file, in the file's own words: where it is, and what to write instead."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lamplighter.base.jsontext import Json
from lamplighter.jobs.document import Part, Path, Problem
from lamplighter.jobs.model import Project
from lamplighter.jobs.strict import kebab


def misfits(model: type[BaseModel], part: Part) -> Iterator[Problem]:
    """What a model has to say of a part of the file."""
    try:
        model.model_validate(part.plain())
    except ValidationError as error:
        for each in error.errors(include_url=False, include_context=True):
            yield _told(model, part, tuple(each["loc"]), each)


def _told(model: type[BaseModel], part: Part, loc: Path, error: ErrorDetails) -> Problem:
    found = part.find(loc)
    name = str(loc[-1]) if loc else ""
    match error["type"]:
        case "extra_forbidden":
            known = _keys(model, loc[:-1])
            close = get_close_matches(name, known, 1, 0.5)
            instead = f"did you mean `{close[0]}`?" if close else f"write one of {', '.join(known)}"
            return Problem(found.key or found.place, f"`{name}` is no key that is known here", instead)
        case "missing":
            return Problem(found.key or found.place, f"`{name}` is missing here", f"add `{name}:`")
        case "value_error":
            message, _, instead = str(error["ctx"]["error"]).partition("|")
            return Problem(found.place, f"`{name}`: {message}", instead)
        case "string_pattern_mismatch" if name == "[key]" or error["ctx"]["pattern"].startswith("^[a-z]"):
            shown = loc[-2] if name == "[key]" else found.plain()
            place = (found.key or found.place) if name == "[key]" else found.place
            return Problem(place, f"`{shown}` is no name", "use small letters, digits and single hyphens")
    return Problem(found.place, f"`{name}`: {_sentence(error)}", _remedy(error))


def _sentence(error: ErrorDetails) -> str:
    message = error["msg"]
    return message[:1].lower() + message[1:].removesuffix(".")


def _remedy(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "literal_error":
            return f"write {context['expected']}"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "write `key: value` lines, one further to the right"
        case "tuple_type" | "list_type":
            return "write a list: [one, two]"
        case "string_type":
            return "write text; put it in quotation marks if it looks like a number"
        case "int_parsing" | "int_type" | "int_from_float":
            return "write a whole number"
        case "bool_parsing" | "bool_type":
            return "write true or false"
        case "string_pattern_mismatch":
            return f"write text that fits {context['pattern']}"
        case "too_short":
            return "write at least one"
    return "write another value" + "".join(f", {name} {context[name]}" for name in ("ge", "le") if name in context)


def _keys(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that may stand at a path of the file."""
    for step in path:
        fields = {each.alias or kebab(name): each for name, each in model.model_fields.items()}
        inner = fields[str(step)].annotation if str(step) in fields else None
        model = next(iter(_models(inner)), model) if inner is not None else model
    hidden = {"workflows"} | ({"environment"} if model is Project else set())
    return [
        name for name in (each.alias or kebab(key) for key, each in model.model_fields.items()) if name not in hidden
    ]


def _models(annotation: Json) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
