"""Find out from a definition which tasks it runs, and where.

A state that chooses its task definition or its cluster at run time is reported, but not checked.
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
    """Whether the task gets a public IP address."""
    subnets: tuple[str, ...]
    """The literal subnets; empty if an expression computes them."""


def task_states(definition: Json) -> list[TaskState]:
    """Return the states that run tasks, except those that choose the task at run time."""
    return [_task_state(name, given) for name, given in _ecs_task_states(definition) if _is_static(given)]


def dynamic_states(definition: Json) -> list[str]:
    """Return the names of the states that choose their task definition or cluster at run time."""
    return [name for name, given in _ecs_task_states(definition) if not _is_static(given)]


def static_definition(definition: Json) -> Json:
    """Return a definition without the states that choose their task at run time."""
    left_out = set(dynamic_states(definition))
    return _remove_states(definition, left_out) if left_out else definition


def _ecs_task_states(definition: Json) -> Iterator[tuple[str, Json]]:
    for name, state in walk_states(definition):
        found = parse_resource(state["Resource"]) if state.get("Type") == "Task" else None
        if found is not None and found.service == "ecs" and found.action == "runTask":
            yield name, state.get("Arguments", state.get("Parameters", {}))


def _is_static(arguments: Json) -> bool:
    if not isinstance(arguments, dict):
        return False
    definition, cluster = arguments.get("TaskDefinition"), arguments.get("Cluster", "default")
    return "Cluster.$" not in arguments and all(_is_literal(each) for each in (definition, cluster))


def _is_literal(value: Json) -> bool:
    return isinstance(value, str) and not value.startswith("{%")


def _task_state(name: str, arguments: Json) -> TaskState:
    network = arguments.get("NetworkConfiguration")
    inner = network.get("AwsvpcConfiguration") if isinstance(network, dict) else None
    awsvpc = inner if isinstance(inner, dict) else {}
    subnets = awsvpc.get("Subnets")
    known = tuple(each for each in subnets if _is_literal(each)) if isinstance(subnets, list) else ()
    return TaskState(name, arguments["TaskDefinition"], awsvpc.get("AssignPublicIp") == "ENABLED", known)


def _remove_states(block: Json, names: set[str]) -> Json:
    kept = {}
    for name, state in block["States"].items():
        if name in names:
            continue
        changed = dict(state)
        for field in ("ItemProcessor", "Iterator"):
            if isinstance(state.get(field), dict):
                changed[field] = _remove_states(state[field], names)
        if "Branches" in state:
            changed["Branches"] = [_remove_states(branch, names) for branch in state["Branches"]]
        kept[name] = changed
    return {**block, "States": kept}
