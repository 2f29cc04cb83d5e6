"""Check what must fit together in a project: names that are short enough and differ, and valid workflows.

Guarantees that every such problem is found before a template is made of the project. A finding is a path in the file,
the problem and what to write instead.
"""

from collections.abc import Iterator
from difflib import get_close_matches

from lamplighter.base.json_text import Json
from lamplighter.base.modules import load_object
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.file.parsing.yaml_document import Path
from lamplighter.jobs.machine import workflow
from lamplighter.jobs.machine.attempt_states import needs_cause
from lamplighter.jobs.stack.built_images import built_images
from lamplighter.runs.jobs import job_machine

MAX_MACHINE_NAME_LENGTH = 64 - len("-attempt-failed")
"""The longest name of a job with its project: with the longest suffix, a rule's name still fits EventBridge's limit."""
MAX_TAGS = 48
"""The most tags of a job's resources: AWS allows 50, and two name the project and the job."""
MAX_STATE_NAME_LENGTH = 80
MAX_STEP_NAME_LENGTH = MAX_STATE_NAME_LENGTH - len(f": {job_machine.ENDED_WELL}")
"""The longest name of a step whose job's retries need several states, because their names begin with the step's."""
CONTAINER_KEYS = (
    "image", "command", "entrypoint", "working-directory", "user", "stop-timeout", "cpu", "memory", "storage",
    "architecture", "launch", "environment", "env-file", "secrets", "volumes",
    "docker-network", "extra-hosts", "gpus", "retry", "timeout", "sidecars", "network", "cluster",
    "log-retention", "priority",
)  # fmt: skip
"""Keys that a job with a workflow may not have; in `defaults` they do not apply to such a job."""

ProjectFinding = tuple[Path, str, str]
"""A path in the job file (or `workflow`, a file name and a path in it), the problem, and what to write instead."""


def check_project(project: Project) -> Iterator[ProjectFinding]:
    """Yield every finding of a project."""
    yield from _duplicate_ids("jobs", list(project.jobs))
    yield from _duplicate_ids("channels", list(project.channels))
    yield from _duplicate_images(project)
    for name, job in project.jobs.items():
        excess = len(project.name(name)) - MAX_MACHINE_NAME_LENGTH
        if excess > 0:
            shorter = f"shorten it by {excess} characters"
            yield ("jobs", name), f"`{project.name(name)}` is too long for the names that AWS gives", shorter
        if (count := len({*project.aws.tags, *job.tags})) > MAX_TAGS:
            what = f"`{name}` would have {count} tags with those of `aws`"
            yield ("jobs", name, "tags"), what, f"write {MAX_TAGS} at most"
        if job.workflow is not None:
            yield from _check_workflow(project, name, job)


def _duplicate_ids(family: str, given: list[str]) -> Iterator[ProjectFinding]:
    seen: dict[str, str] = {}
    for name in given:
        title = names.logical_id(name)
        if title in seen:
            yield (family, name), f"`{name}` and `{seen[title]}` would both be called {title}", "rename one of them"
        seen.setdefault(title, name)


def _duplicate_images(project: Project) -> Iterator[ProjectFinding]:
    """Yield each image that has the parameter of another one: a job may be called like a sidecar of another job."""
    seen: dict[str, str] = {}
    for each in built_images(project):
        other = seen.setdefault(each.parameter, each.title)
        if other != each.title:
            what = f"the images of `{each.title}` and `{other}` would both be called {each.parameter}"
            yield ("jobs", each.job), what, "rename one of them"


def _check_workflow(project: Project, name: str, job: Job) -> Iterator[ProjectFinding]:
    definition = project.workflows.get(job.workflow or "")
    for key in CONTAINER_KEYS:
        if key.replace("-", "_") in job.model_fields_set:
            advice = "say it of the jobs that are its steps"
            yield ("jobs", name, key), f"a job with a workflow has no container, so `{key}` means nothing", advice
    if not isinstance(definition, dict) or not isinstance(definition.get("States"), dict):
        yield ("workflow", job.workflow or ""), "this is no workflow", "begin with StartAt: and States:"
        return
    findings = [*_check_steps(project, job.workflow or "", definition), *_long_alert_states(name, job)]
    yield from findings
    if not findings:
        yield from load_object("lamplighter.jobs.file.workflow_language:check_language")(project, name, job)


def _long_alert_states(name: str, job: Job) -> Iterator[ProjectFinding]:
    """Yield the channels that give a state too long a name: such a state is named after job and channel."""
    for channel in job.notify.caught:
        excess = len(f"{name}: {job_machine.alert_state_name(channel)}") - MAX_STATE_NAME_LENGTH
        if excess > 0:
            what = f"`{name}` and `{channel}` are too long for the name of the state that tells the channel"
            yield ("jobs", name, "notify", "caught"), what, f"shorten one of them by {excess} characters"


def _check_steps(project: Project, file: str, definition: Json) -> Iterator[ProjectFinding]:
    for path, state in _states_with_paths(definition, ()):
        if "Job" not in state:
            continue
        named, step = str(state["Job"]), str(path[-1])
        job = project.jobs[named] if named in project.jobs and project.jobs[named].workflow is None else None
        if job is not None and needs_cause(job) and len(step) > MAX_STEP_NAME_LENGTH:
            what = f"a name of {len(step)} characters leaves no room for the states that the job `{named}` needs"
            yield ("workflow", file, *path), what, f"shorten it to {MAX_STEP_NAME_LENGTH} characters"
        if state.get("Type", "Task") != "Task":
            yield ("workflow", file, *path, "Type"), "a state with `Job` is a Task", "write Type: Task, or leave it out"
        if job is None:
            runnable = [each for each, other in project.jobs.items() if other.workflow is None]
            close = get_close_matches(named, runnable, 1)
            advice = f"did you mean `{close[0]}`?" if close else "name a job of this file that has no workflow itself"
            yield ("workflow", file, *path, "Job"), f"there is no job `{named}` to be a step", advice
        for key in state:
            if key not in workflow.STEP_FIELDS:
                advice = f"write {', '.join(workflow.STEP_FIELDS)}; what the job is, is said in the job file"
                yield ("workflow", file, *path, key), f"a state with `Job` has no field `{key}`", advice


def _states_with_paths(block: Json, path: Path) -> Iterator[tuple[Path, Json]]:
    found = block.get("States") if isinstance(block, dict) else None
    for name, state in found.items() if isinstance(found, dict) else ():
        if not isinstance(state, dict):
            continue
        here = (*path, "States", name)
        yield here, state
        for field in ("ItemProcessor", "Iterator"):
            yield from _states_with_paths(state.get(field), (*here, field))
        branches = state.get("Branches")
        for at, branch in enumerate(branches if isinstance(branches, list) else ()):
            yield from _states_with_paths(branch, (*here, "Branches", at))
