"""Several steps: a workflow in Amazon States Language whose Task states may run jobs of the same file.

A state that says `Job: name` in place of `Resource` runs that job: its container, its retries, its timeout. The job
reads the state's input as LAMPLIGHTER_INPUT, or what `Arguments` says instead; Next, End, Catch, Assign and Output are
the state's own, and so is Retry if it has one. A step passes on the input that it was given, unless `Output` says
otherwise: `{% $states.result %}` is what ECS says of its task. (RunTask takes 8192 characters of overrides, so that
the next step could not be given all of that.) Such a state speaks JSONata, in whatever language the rest is.

Promises that one state becomes one state: where a job needs several (`attempt_states.py`), they are inside a Parallel
of one branch.
"""

import re
from collections.abc import Iterator
from typing import Final

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.json_text import Json
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.retry import Retry
from lamplighter.jobs.machine import expressions
from lamplighter.jobs.machine.attempt_states import (
    EVERYTHING,
    FAILURE,
    SAME_INPUT,
    attempt_states,
    native_retry_state,
    prefix_states,
    reads_cause,
)
from lamplighter.jobs.machine.expressions import expression

KEPT: Final = ("Comment", "Next", "End", "Catch", "Assign", "Output")
RESULT = re.compile(r"\$states\.result\b")
OWN: Final = ("Job", "Type", "Arguments", "Retry", "QueryLanguage", *KEPT)


def job_steps(definition: Json) -> Iterator[tuple[str, Json]]:
    """All states of a definition that run a job, with their names, wherever they are."""
    for name, state in walk_states(definition):
        if isinstance(state.get("Job"), str):
            yield name, state


def expand_workflow(project: Project, definition: Json) -> Json:
    """A workflow in plain Amazon States Language."""
    return _block(project, definition, jsonata=is_jsonata(definition))


def _block(project: Project, block: Json, *, jsonata: bool) -> Json:
    done = {name: _state(project, name, state, jsonata=jsonata) for name, state in block["States"].items()}
    return {**block, "States": done}


def _state(project: Project, title: str, state: Json, *, jsonata: bool) -> Json:
    if "Job" in state:
        return _step(project, title, state, jsonata=jsonata)
    changed = dict(state)
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            changed[field] = _block(project, state[field], jsonata=jsonata)
    if "Branches" in state:
        changed["Branches"] = [_block(project, branch, jsonata=jsonata) for branch in state["Branches"]]
    return changed


def _step(project: Project, title: str, state: Json, *, jsonata: bool) -> Json:
    name = state["Job"]
    job = project.jobs[name]
    given = expressions.to_jsonata(state["Arguments"]) if "Arguments" in state else expressions.INPUT
    kept = {"Output": SAME_INPUT, **{field: state[field] for field in KEPT if field in state}}
    speaks = {} if jsonata else {"QueryLanguage": "JSONata"}
    own = {"Retry": state["Retry"]} if "Retry" in state else {}
    if own:
        job = job.model_copy(update={"retry": Retry()})
    if not reads_cause(job):
        return {**native_retry_state(name, job, given), **speaks, **own, **kept}
    inside = prefix_states(f"{title}: ", attempt_states(name, job, given=given))
    branch = {"StartAt": inside.start, "States": inside.states if jsonata else mark_jsonata(inside.states)}
    return {"Type": "Parallel", "Branches": [branch], **speaks, **own, **_of_one_branch(kept)}


def _of_one_branch(kept: dict[str, Json]) -> dict[str, Json]:
    """What a state says of its result, which is the first of its branches'."""

    def of(value: Json) -> Json:
        if isinstance(value, dict):
            return {name: of(each) for name, each in value.items()}
        if isinstance(value, list):
            return [of(each) for each in value]
        if isinstance(value, str) and value.startswith("{%"):
            return RESULT.sub("$states.result[0]", value)
        return value

    return {name: of(each) if name in ("Output", "Assign") else each for name, each in kept.items()}


def mark_jsonata(block: dict[str, Json]) -> dict[str, Json]:
    """States that say of themselves, and of those inside of them, that they are written in JSONata."""
    return {name: _says(state) for name, state in block.items()}


def _says(state: Json) -> Json:
    if state["Type"] == "Wait":
        return {**{name: each for name, each in state.items() if name != "Seconds"}, "SecondsPath": "$pause"}
    inner = state.get("ItemProcessor")
    within = {"ItemProcessor": {**inner, "States": mark_jsonata(inner["States"])}} if inner else {}
    return {**state, **within, "QueryLanguage": "JSONata"}


def wrap_workflow(project: Project, definition: Json, caught: str | None) -> Json:
    """A workflow as one state, so that whatever fails in it can be caught in one place."""
    given = expand_workflow(project, definition)
    state: Json = {"Type": "Parallel", "Branches": [{"StartAt": given["StartAt"], "States": given["States"]}]}
    if is_jsonata(definition):
        state["Output"] = expression("$states.result[0]")
        catch: Json = {"Assign": {"failure": FAILURE}, "Output": SAME_INPUT}
    else:
        state["OutputPath"] = "$[0]"
        catch = {"Assign": {"failure.$": "$"}, "ResultPath": None}
    catchers = [{"ErrorEquals": [error], **catch, "Next": caught} for error in EVERYTHING] if caught else []
    return {**state, **({"Catch": catchers} if catchers else {}), "End": True}


def is_jsonata(definition: Json) -> bool:
    """Whether a workflow is written in JSONata."""
    return bool(definition.get("QueryLanguage") == "JSONata")
