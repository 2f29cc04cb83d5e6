"""Read `lamplighter.yaml`: return a complete project, or raise all of its problems.

Guarantees that each error names file, line and column and says what to write instead, and that all errors are reported
together. Rejects unknown keys; the error suggests the key that was probably meant.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path as FilePath

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.aws_settings import AwsSettings
from lamplighter.jobs.file.box import Box
from lamplighter.jobs.file.channels import Channel, as_list
from lamplighter.jobs.file.cross_checks import CONTAINER_KEYS, check_project
from lamplighter.jobs.file.env_files import add_env_files, env_file_names
from lamplighter.jobs.file.environments import VariableFiller, apply_overlay, drop_nulls, keep_texts
from lamplighter.jobs.file.keep import Keep
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.file.parsing import yaml_document
from lamplighter.jobs.file.parsing.outer_shape import FileShape
from lamplighter.jobs.file.parsing.validation_errors import permanent_problems, validation_problems
from lamplighter.jobs.file.parsing.yaml_document import JobFileError, Problem, SourcePosition, YamlNode
from lamplighter.jobs.file.schedules import translate_schedule
from lamplighter.jobs.file.strict_model import StrictModel

MAX_FILE_BYTES = 4 * 1024 * 1024
"""The largest size of a file, in bytes."""
SECTIONS: Mapping[str, type[StrictModel]] = {"box": Box, "keep": Keep, "aws": AwsSettings}
"""The parts of the file, and of an environment, that are about a place where jobs run."""


@dataclass(frozen=True, slots=True)
class LoadedJobFile:
    """A project, and the position where each part of it was written."""

    project: Project
    folder: FilePath
    root: YamlNode
    """The file as it was written, with defaults, overrides and variables applied."""
    workflows: Mapping[str, YamlNode]
    other_files: frozenset[FilePath] = frozenset()
    """The other files that it names: workflows, and files of variables."""

    def position_of(self, *path: str | int, key: bool = False) -> SourcePosition:
        """Return the position of a part: `position_of("jobs", "nightly", "timeout")`, `position_of("workflow", file,
        "States")`.
        """
        root, steps = self.root, path
        if path[:1] == ("workflow",):
            root, steps = self.workflows[str(path[1])], path[2:]
        found = root.find(steps)
        return found.key_position if key and found.key_position else found.position


def load_job_file(file: FilePath, environment: str | None = None) -> LoadedJobFile:
    """Read a job file as an environment sees it. Raises `JobFileError`."""
    root = yaml_document.parse_yaml(_read_text(file), str(file))
    if not isinstance(root.value, dict):
        raise JobFileError([Problem(root.position, "this is not a job file", "begin with `project: name` and `jobs:`")])
    root = keep_texts(root)
    problems = list(validation_problems(FileShape, root))
    problems += _at_new_positions(_body_problems(root), problems)
    resolved = _resolve_environment(root, environment, problems)
    other_files = [file.parent / str(each.value) for each in env_file_names(resolved)]
    resolved = add_env_files(resolved, file.parent, problems)
    problems += _at_new_positions(validation_problems(Project, resolved), problems)
    problems += _unknown_channels(resolved)
    other_files += [_workflow_path(file.parent, name) for name, _ in _workflow_names(resolved)]
    workflows = dict(_read_workflows(resolved, file.parent, problems))
    if problems:
        raise JobFileError(problems, other_files)
    documents = {name: each.plain() for name, each in workflows.items()}
    loaded = LoadedJobFile(
        Project.model_validate({**_with_aws_schedules(resolved.plain()), "workflows": documents}),
        file.parent,
        resolved,
        workflows,
        frozenset(other_files),
    )
    findings = [
        Problem(loaded.position_of(*path, key=True), what, instead)
        for path, what, instead in check_project(loaded.project)
    ]
    if findings:
        raise JobFileError(findings, other_files)
    return loaded


def load_box(file: FilePath, environment: str | None = None) -> Box:
    """Read only what a job file says about its machine. Raises `JobFileError` and `ValidationError`."""
    resolved = _resolve_environment(yaml_document.parse_yaml(_read_text(file), str(file)), environment, [])
    return Box.model_validate({name: each.plain() for name, each in _submapping(resolved, "box").items()})


def _read_text(file: FilePath) -> str:
    start = SourcePosition(str(file), 1, 1)
    try:
        raw = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise JobFileError([Problem(start, f"cannot read this file: {reason}", "name another file")]) from None
    if len(raw) > MAX_FILE_BYTES:
        raise JobFileError([Problem(start, f"the file is too long: {len(raw)} bytes", "keep it below 4 MiB")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise JobFileError([Problem(start, "this file is not UTF-8", "save it as UTF-8")]) from None


def _at_new_positions(more: Iterable[Problem], problems: list[Problem]) -> list[Problem]:
    reported = {each.position for each in problems}
    return [each for each in more if each.position not in reported]


def _body_problems(part: YamlNode) -> Iterator[Problem]:
    """Yield the problems of all parts of the file, including those of other environments."""
    for around in (part, *_submapping(part, "environments").values()):
        bodies = around.mapping()
        defaults = {"defaults": bodies["defaults"]} if "defaults" in bodies else {}
        for name, body in (*_submapping(around, "jobs").items(), *defaults.items()):
            if body.value is not None:
                yield from permanent_problems(Job, body, name)
        for section, model in SECTIONS.items():
            if section in bodies and bodies[section].value is not None:
                yield from permanent_problems(model, bodies[section], section)
        for name, channel in _submapping(around, "channels").items():
            if channel.value is not None:
                yield from permanent_problems(Channel, channel, name)


def _submapping(part: YamlNode, name: str) -> Mapping[str, YamlNode]:
    """Return the mapping under a name, or an empty one."""
    node = part.mapping().get(name)
    return node.mapping() if node is not None else {}


def _resolve_environment(part: YamlNode, environment: str | None, problems: list[Problem]) -> YamlNode:
    """Return the file with the environment's overrides, the defaults and the variables applied."""
    top = dict(part.mapping())
    environments = top.pop("environments", YamlNode({}, part.position)).mapping()
    if environment is not None and environment not in environments:
        known = f"write one of {', '.join(environments)}" if environments else "add it under `environments:`"
        problems.append(Problem(part.position, f"there is no environment `{environment}`", known))
    overrides = environments.get(environment or "", YamlNode({}, part.position))
    merged = apply_overlay(YamlNode(top, part.position), YamlNode(overrides.mapping(), part.position)).mapping()
    if changed := _submapping(overrides, "channels"):  # A channel has one target: it is replaced, not merged.
        merged["channels"] = replace(merged["channels"], value={**_submapping(part, "channels"), **changed})
    variable_nodes = merged.pop("variables", YamlNode({}, part.position)).mapping()
    given = {name: each.kept() for name, each in variable_nodes.items() if not isinstance(each.value, (dict, list))}
    variables = VariableFiller({**given, "project": top["project"].plain() if "project" in top else None,
                           "environment": environment})  # fmt: skip
    defaults = merged.pop("defaults", YamlNode({}, part.position))
    if "jobs" in merged:
        merged["jobs"] = _with_defaults(merged["jobs"], defaults)
    if environment is not None:
        merged["environment"] = YamlNode(environment, part.position)
    resolved = variables.fill(drop_nulls(YamlNode(merged, part.position)))
    problems += variables.problems
    return resolved


def _with_defaults(jobs: YamlNode, defaults: YamlNode) -> YamlNode:
    """Merge each job over the defaults.

    A job without a body has only the defaults. A job with a workflow does not inherit keys that only a container has.
    """
    shared = {name: each for name, each in defaults.mapping().items() if name not in CONTAINER_KEYS}
    of_workflows = YamlNode(shared, defaults.position, defaults.key_position)
    bodies = {
        name: YamlNode({}, job.position, job.key_position) if job.value is None else job
        for name, job in jobs.mapping().items()
    }
    merged = {
        name: apply_overlay(of_workflows if "workflow" in job.mapping() else defaults, job)
        for name, job in bodies.items()
    }
    return YamlNode(merged or jobs.value, jobs.position, jobs.key_position)


def _with_aws_schedules(document: Json) -> Json:
    """Return a valid file with its schedules of Unix cron in AWS's grammar."""
    schedules = {name: as_list(body["schedule"]) for name, body in document["jobs"].items() if "schedule" in body}
    for name, written in schedules.items():
        document["jobs"][name]["schedule"] = [translate_schedule(each, name) for each in written]
    return document


def _unknown_channels(resolved: YamlNode) -> Iterator[Problem]:
    channels = list(resolved.find(("channels",)).mapping()) if "channels" in resolved.mapping() else []
    for job in _submapping(resolved, "jobs").values():
        notify = job.mapping().get("notify")
        for named in _scalars(notify) if notify is not None else ():
            if isinstance(named.value, str) and named.value not in channels:
                close = get_close_matches(named.value, channels, 1)
                instead = f"did you mean `{close[0]}`?" if close else f"add `{named.value}:` under `channels:`"
                yield Problem(named.position, f"there is no channel `{named.value}`", instead)


def _scalars(part: YamlNode) -> Iterator[YamlNode]:
    if isinstance(part.value, dict):
        for each in part.value.values():
            yield from _scalars(each)
    elif isinstance(part.value, list):
        for each in part.value:
            yield from _scalars(each)
    else:
        yield part


def _workflow_names(resolved: YamlNode) -> Iterator[tuple[str, YamlNode]]:
    """Yield the names of the workflows' files, and where they are written."""
    for job in _submapping(resolved, "jobs").values():
        named = job.mapping().get("workflow")
        if named is not None and isinstance(named.value, str):
            yield named.value, named


def _workflow_path(folder: FilePath, name: str) -> FilePath:
    """Return the path of a workflow's file; a NUL, which no path can contain, is replaced, so that no file is found."""
    return folder / name.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _read_workflows(resolved: YamlNode, folder: FilePath, problems: list[Problem]) -> Iterator[tuple[str, YamlNode]]:
    for name, named in _workflow_names(resolved):
        file = _workflow_path(folder, name)
        try:
            # JSON may be indented by tabs, YAML may not.
            text = _read_text(file).replace("\t", " ") if file.suffix == ".json" else _read_text(file)
            yield name, yaml_document.parse_yaml(text, str(file))
        except JobFileError as error:
            missing = not file.is_file()
            instead = "name a file beside this one, in Amazon States Language"
            problems += [Problem(named.position, f"there is no file `{name}`", instead)] if missing else error.problems
