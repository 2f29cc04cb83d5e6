"""Expand workflows: Amazon States Language whose Task states may run jobs of the same job file.

A state with `Job: name` in place of `Resource` runs that job, with its container, retries and timeout. The job reads
the state's input as LAMPLIGHTER_INPUT, or the value of `Arguments`. Next, End, Catch, Assign and Output belong to the
state, and so does Retry if it has one. Such a state uses JSONata, even if the workflow uses JSONPath.

A step passes on its input, unless it has `Output`. The output `{% $states.result %}` is ECS's description of the task.
RunTask accepts only 8192 characters of overrides, so such a description may be too long as the next step's input.

Guarantees that one state becomes one state: if a job needs several (`attempt_states.py`), they are inside a Parallel
with one branch.
"""

import re
from collections.abc import Iterator
from typing import Final

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.json_text import Json, convert_members
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.retry import Retry
from lamplighter.jobs.machine import expressions
from lamplighter.jobs.machine.attempt_states import (
    FAILURE,
    SAME_INPUT,
    attempt_states,
    catch_each,
    native_retry_state,
    needs_cause,
    prefix_states,
)
from lamplighter.jobs.machine.expressions import expression

COPIED_FIELDS: Final = ("Comment", "Next", "End", "Catch", "Assign", "Output")
RESULT_VARIABLE = re.compile(r"\$states\.result\b")
STEP_FIELDS: Final = ("Job", "Type", "Arguments", "Retry", "QueryLanguage", *COPIED_FIELDS)


def job_steps(definition: Json) -> Iterator[tuple[str, Json]]:
    """Yield every state of a definition that runs a job, with its name, at any depth."""
    yield from ((name, state) for name, state in walk_states(definition) if isinstance(state.get("Job"), str))


def expand_workflow(project: Project, definition: Json) -> Json:
    """Return a workflow in plain Amazon States Language."""
    return _expand_block(project, definition, jsonata=is_jsonata(definition))


def _expand_block(project: Project, block: Json, *, jsonata: bool) -> Json:
    done = {name: _expand_state(project, name, state, jsonata=jsonata) for name, state in block["States"].items()}
    return {**block, "States": done}


def _expand_state(project: Project, title: str, state: Json, *, jsonata: bool) -> Json:
    if "Job" in state:
        return _expand_step(project, title, state, jsonata=jsonata)
    changed = dict(state)
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            changed[field] = _expand_block(project, state[field], jsonata=jsonata)
    if "Branches" in state:
        changed["Branches"] = [_expand_block(project, branch, jsonata=jsonata) for branch in state["Branches"]]
    return changed


def _expand_step(project: Project, title: str, state: Json, *, jsonata: bool) -> Json:
    name = state["Job"]
    job = project.jobs[name]
    given = expressions.to_jsonata(state["Arguments"]) if "Arguments" in state else expressions.INPUT
    kept = {"Output": SAME_INPUT, **{field: state[field] for field in COPIED_FIELDS if field in state}}
    query_language = {} if jsonata else {"QueryLanguage": "JSONata"}
    retry = {"Retry": state["Retry"]} if "Retry" in state else {}
    if retry:
        job = job.model_copy(update={"retry": Retry(spot=job.retry.spot if job.falls_back else None)})
    if not needs_cause(job):
        return {**native_retry_state(name, job, given), **query_language, **retry, **kept}
    attempts = prefix_states(f"{title}: ", attempt_states(name, job, given=given))
    branch = {"StartAt": attempts.start, "States": attempts.states if jsonata else mark_jsonata(attempts.states)}
    return {"Type": "Parallel", "Branches": [branch], **query_language, **retry, **_unwrap_branch_result(kept)}


def _unwrap_branch_result(fields: dict[str, Json]) -> dict[str, Json]:
    """Adapt Output and Assign to a Parallel, whose result is a list with one branch's result."""

    def unwrap(value: Json) -> Json:
        if isinstance(value, str) and value.startswith("{%"):
            return RESULT_VARIABLE.sub("$states.result[0]", value)
        return convert_members(value, unwrap)

    return {name: unwrap(each) if name in ("Output", "Assign") else each for name, each in fields.items()}


def mark_jsonata(block: dict[str, Json]) -> dict[str, Json]:
    """Return the states, and the states inside them, with JSONata as their query language."""
    return {name: _with_jsonata(state) for name, state in block.items()}


def _with_jsonata(state: Json) -> Json:
    if state["Type"] == "Wait":
        return {**{name: each for name, each in state.items() if name != "Seconds"}, "SecondsPath": "$pause"}
    inner = state.get("ItemProcessor")
    within = {"ItemProcessor": {**inner, "States": mark_jsonata(inner["States"])}} if inner else {}
    return {**state, **within, "QueryLanguage": "JSONata"}


def wrap_workflow(project: Project, definition: Json, caught: str | None) -> Json:
    """Return a workflow as one state, so that one Catch handles every failure in it."""
    given = expand_workflow(project, definition)
    state: Json = {"Type": "Parallel", "Branches": [{"StartAt": given["StartAt"], "States": given["States"]}]}
    if is_jsonata(definition):
        state["Output"] = expression("$states.result[0]")
        catch: Json = {"Assign": {"failure": FAILURE}, "Output": SAME_INPUT}
    else:
        state["OutputPath"] = "$[0]"
        catch = {"Assign": {"failure.$": "$"}, "ResultPath": None}
    return {**state, **({"Catch": catch_each(**catch, Next=caught)} if caught else {}), "End": True}


def is_jsonata(definition: Json) -> bool:
    """Return whether a workflow is written in JSONata."""
    return bool(definition.get("QueryLanguage") == "JSONata")
