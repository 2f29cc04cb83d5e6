"""Reading `lamplighter.yaml`: from its text to a project that is complete, or to all that is wrong with it.

Promises that every error names file, line and column and says what to write instead, and that all of them are told at
once. Refuses to guess: an unknown key is an error, with the one that was probably meant.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lamplighter.base.jsontext import Json
from lamplighter.jobs import document
from lamplighter.jobs.document import JobFileError, Part, Path, Place, Problem
from lamplighter.jobs.merge import Variables, overlay, without_nulls
from lamplighter.jobs.model import Project
from lamplighter.jobs.source import Source
from lamplighter.jobs.strict import kebab

USUAL_NAME = "lamplighter.yaml"
BIGGEST = 1024 * 1024
"""Bytes of a file."""


class Loaded:
    """A project, and where each part of it was written."""

    def __init__(self, project: Project, part: Part, folder: FilePath) -> None:
        self.project = project
        self.folder = folder
        self._part = part

    def place(self, *path: str | int, key: bool = False) -> Place:
        """Where something is written: `place("jobs", "nightly", "timeout")`."""
        found = self._part.find(path)
        return found.key if key and found.key else found.place


def load(file: FilePath, environment: str | None = None) -> Loaded:
    """Read a job file as an environment sees it; raises JobFileError."""
    part = document.read(_text(file), str(file))
    problems = list(_misfits(Source, part, ()))
    whole = _as_seen(part, environment, problems)
    unknown = {each.place for each in problems if each.message.startswith("no variable")}
    problems += [each for each in _misfits(Project, whole, ()) if each.place not in unknown]
    problems += [each for name in whole.mapping() if name == "jobs" for each in _references(whole)]
    workflows = dict(_workflows(whole, file.parent, problems))
    if problems:
        raise JobFileError(problems)
    return Loaded(Project.model_validate({**whole.plain(), "workflows": workflows}), whole, file.parent)


def _text(file: FilePath) -> str:
    start = Place(str(file), 1, 1)
    try:
        raw = file.read_bytes()
    except OSError as error:
        why = (error.strerror or "it cannot be read").lower()
        raise JobFileError([Problem(start, f"this file cannot be read: {why}", "name another file")]) from None
    if len(raw) > BIGGEST:
        raise JobFileError([Problem(start, f"a file of {len(raw)} bytes is too long", "keep it below 1 MiB")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise JobFileError([Problem(start, "this file is not UTF-8", "save it as UTF-8")]) from None


def _as_seen(part: Part, environment: str | None, problems: list[Problem]) -> Part:
    """The file with the environment's overrides, its defaults and its variables in their places."""
    top = dict(part.mapping())
    environments = top.pop("environments", Part({}, part.place)).mapping()
    if environment is not None and environment not in environments:
        known = f"write one of {', '.join(environments)}" if environments else "add it under `environments:`"
        problems.append(Problem(part.place, f"there is no environment `{environment}`", known))
    mine = environments.get(environment or "", Part({}, part.place))
    merged = overlay(Part(top, part.place), Part(mine.mapping(), part.place)).mapping()
    given = {name: each.plain() for name, each in merged.pop("variables", mine).mapping().items()}
    variables = Variables({**given, "project": top["project"].plain() if "project" in top else None,
                           "environment": environment})  # fmt: skip
    defaults = merged.pop("defaults", Part({}, part.place))
    if "jobs" in merged:
        merged["jobs"] = _with_defaults(merged["jobs"], defaults)
    if environment is not None:
        merged["environment"] = Part(environment, part.place)
    seen = variables.fill(without_nulls(Part(merged, part.place)))
    problems += variables.problems
    return seen


def _with_defaults(jobs: Part, defaults: Part) -> Part:
    """Each job over the defaults; one whose whole body is missing is all defaults."""
    bodies = {name: Part({}, job.place, job.key) if job.value is None else job for name, job in jobs.mapping().items()}
    return Part({name: overlay(defaults, job) for name, job in bodies.items()} or jobs.value, jobs.place, jobs.key)


def _misfits(model: type[BaseModel], part: Part, at: Path) -> Iterator[Problem]:
    """What a model has to say of a part of the file."""
    try:
        model.model_validate(part.plain())
    except ValidationError as error:
        for each in error.errors(include_url=False, include_context=True):
            yield _told(model, part, (*at, *each["loc"]), each)


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


def _references(whole: Part) -> Iterator[Problem]:
    """Names in a file that have to lead somewhere in it."""
    channels = list(whole.find(("channels",)).mapping()) if "channels" in whole.mapping() else []
    for job in whole.mapping()["jobs"].mapping().values():
        notify = job.mapping().get("notify")
        for named in _scalars(notify) if notify is not None else ():
            if isinstance(named.value, str) and named.value not in channels:
                close = get_close_matches(named.value, channels, 1)
                instead = f"did you mean `{close[0]}`?" if close else f"add `{named.value}:` under `channels:`"
                yield Problem(named.place, f"there is no channel `{named.value}`", instead)


def _scalars(part: Part) -> Iterator[Part]:
    if isinstance(part.value, dict):
        for each in part.value.values():
            yield from _scalars(each)
    elif isinstance(part.value, list):
        for each in part.value:
            yield from _scalars(each)
    else:
        yield part


def _workflows(whole: Part, folder: FilePath, problems: list[Problem]) -> Iterator[tuple[str, Json]]:
    """The files that jobs name as their workflow, read."""
    jobs = whole.mapping().get("jobs")
    for job in jobs.mapping().values() if jobs is not None else ():
        named = job.mapping().get("workflow")
        if named is None or not isinstance(named.value, str):
            continue
        try:
            yield named.value, document.read(_text(folder / named.value), str(folder / named.value)).plain()
        except JobFileError as error:
            problems += error.problems
