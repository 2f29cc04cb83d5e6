"""Convert a definition to a graph: blocks of states and the transitions between them.

The result has the shape that `static/graph/layout.js` draws. A block has a start and states. A state has its outgoing
transitions (`transitions`, in the order of `runs/history/transitions.py`) and, if it is a Parallel or a Map, the blocks
inside it. Accepts any definition, also an invalid one. See
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html.
"""

from lamplighter.base.json_text import Json, loads_or
from lamplighter.runs.history.transitions import Transition, list_transitions

MAX_LABEL_LENGTH = 22
"""The longest label of a transition, in characters."""


def parse_graph(definition: str) -> Json:
    """Return the graph of a definition's text, or a graph without states if the text is not JSON."""
    return block_graph(loads_or(definition, {}))


def block_graph(machine: Json) -> Json:
    """Return the graph of a machine, a branch or a processor."""
    start, states = _object(machine).get("StartAt"), _object(_object(machine).get("States"))
    return {"start": start, "states": [_state(name, _object(state)) for name, state in states.items()]}


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _state(name: str, state: dict[str, Json]) -> Json:
    return {
        "name": name,
        "type": str(state.get("Type", "")),
        "what": _summarize(state),
        "transitions": [{"to": each.to, "label": _label(each), "kind": each.kind} for each in list_transitions(state)],
        "end": bool(state.get("End")) or state.get("Type") in ("Succeed", "Fail"),
        "blocks": [block_graph(inner) for inner in _inner_blocks(state)],
    }


def _summarize(state: dict[str, Json]) -> str:
    """Describe what the state does in a few words."""
    kind, resource = state.get("Type", ""), str(state.get("Resource", ""))
    if kind == "Task":
        return resource.rpartition(":::")[2] if ":::" in resource else resource.rpartition(":")[2]
    if kind == "Wait" and "Seconds" in state:
        return f"Wait {state['Seconds']} s" if isinstance(state["Seconds"], int) else "Wait"
    if kind == "Map" and is_distributed(state):
        return "Distributed Map"
    return str(kind)


def _label(transition: Transition) -> str:
    if transition.kind == "catch":
        errors = ", ".join(transition.errors)
        return "any error" if "States.ALL" in transition.errors else _shorten(errors)
    return "else" if transition.kind == "default" else ""


def _shorten(label: str) -> str:
    return label if len(label) <= MAX_LABEL_LENGTH else f"{label[: MAX_LABEL_LENGTH - 1]}…"


def is_distributed(state: Json) -> bool:
    """Return whether a state is a distributed Map, whose items are runs of their own."""
    given = _object(state)
    return given.get("Type") == "Map" and (
        _object(_object(_processor(given)).get("ProcessorConfig")).get("Mode") == "DISTRIBUTED"
    )


def map_processor(state: Json) -> Json:
    """Return the block that a Map runs for each item."""
    return _processor(_object(state))


def _inner_blocks(state: dict[str, Json]) -> list[Json]:
    if state.get("Type") == "Parallel":
        return _list(state.get("Branches"))
    return [_processor(state)] if state.get("Type") == "Map" else []


def _processor(state: dict[str, Json]) -> Json:
    return state.get("ItemProcessor", state.get("Iterator"))
