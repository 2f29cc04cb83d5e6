"""What can be known of a definition before it runs: of the tasks that it runs, which and where.

A state that chooses its task definition or its cluster when it runs is named, and not judged.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lamplighter.asl.definition.parse import parse_resource
from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.json_text import Json


@dataclass(frozen=True, slots=True)
class TaskState:
    """A state that runs a task."""

    state: str
    definition: str
    public: bool
    """Whether the task gets a public address."""
    subnets: tuple[str, ...]
    """Those that are said; none where an expression says them."""


def task_states(definition: Json) -> list[TaskState]:
    """The states that run tasks which are known beforehand."""
    return [_run(name, given) for name, given in _all(definition) if _is_known(given)]


def dynamic_states(definition: Json) -> list[str]:
    """The states that choose when they run."""
    return [name for name, given in _all(definition) if not _is_known(given)]


def static_definition(definition: Json) -> Json:
    """A definition without the states that choose when they run."""
    left_out = set(dynamic_states(definition))
    return _without(definition, left_out) if left_out else definition


def _all(definition: Json) -> Iterator[tuple[str, Json]]:
    for name, state in walk_states(definition):
        found = parse_resource(state["Resource"]) if state.get("Type") == "Task" else None
        if found is not None and found.service == "ecs" and found.action == "runTask":
            yield name, state.get("Arguments", state.get("Parameters", {}))


def _is_known(given: Json) -> bool:
    if not isinstance(given, dict):
        return False
    definition, cluster = given.get("TaskDefinition"), given.get("Cluster", "default")
    return "Cluster.$" not in given and all(_is_literal(each) for each in (definition, cluster))


def _is_literal(value: Json) -> bool:
    return isinstance(value, str) and not value.startswith("{%")


def _run(name: str, given: Json) -> TaskState:
    network = given.get("NetworkConfiguration")
    inner = network.get("AwsvpcConfiguration") if isinstance(network, dict) else None
    where = inner if isinstance(inner, dict) else {}
    subnets = where.get("Subnets")
    known = tuple(each for each in subnets if _is_literal(each)) if isinstance(subnets, list) else ()
    return TaskState(name, given["TaskDefinition"], where.get("AssignPublicIp") == "ENABLED", known)


def _without(block: Json, names: set[str]) -> Json:
    kept = {}
    for name, state in block["States"].items():
        if name in names:
            continue
        changed = dict(state)
        for field in ("ItemProcessor", "Iterator"):
            if isinstance(state.get(field), dict):
                changed[field] = _without(state[field], names)
        if "Branches" in state:
            changed["Branches"] = [_without(branch, names) for branch in state["Branches"]]
        kept[name] = changed
    return {**block, "States": kept}
