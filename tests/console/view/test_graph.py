"""A definition as a graph."""

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.asl.definition import walk_states
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.console.view.runs import graph
from tests.documents import documents
from tests.strategies import definitions


def list_state_names(block: Json) -> list[str]:
    """Return the names of a block's states and of all states inside of them."""
    inner = [name for state in block["states"] for each in state["blocks"] for name in list_state_names(each)]
    return [state["name"] for state in block["states"]] + inner


@given(definitions())
def test_every_state_is_in_the_graph_once(definition: str) -> None:
    assert sorted(list_state_names(graph.parse_graph(definition))) == sorted(
        name for name, _ in walk_states.walk_states(loads(definition))
    )


def test_transitions_of_a_state_have_different_kinds_and_labels() -> None:
    choice = {"Type": "Choice", "Choices": [{"Next": "B"}], "Default": "C"}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Next": "B",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}],
    }
    first, second = graph.block_graph({"StartAt": "A", "States": {"A": choice, "T": task}})["states"]
    assert [(each["to"], each["kind"], each["label"]) for each in first["transitions"]] == [
        ("B", "choice", ""),
        ("C", "default", "else"),
    ]
    assert [(each["to"], each["kind"], each["label"]) for each in second["transitions"]] == [
        ("B", "next", ""),
        ("C", "catch", "any error"),
    ]
    assert second["what"] == "ecs:runTask.sync"


def test_an_invalid_definition_has_an_empty_graph() -> None:
    assert graph.parse_graph("not JSON") == {"start": None, "states": []}
    assert graph.parse_graph("[]") == {"start": None, "states": []}


FIELDS = (
    *("States", "StartAt", "Type", "Map", "Parallel", "Wait", "Next", "Default", "Choices", "Catch", "ErrorEquals"),
    *("Branches", "ItemProcessor", "Iterator", "ProcessorConfig", "Mode", "Seconds", "Resource", "End"),
)


@given(documents(*FIELDS), st.sampled_from(["Map", "Parallel", "Wait", "Task", "Choice"]))
def test_any_document_is_drawn_as_a_graph(document: Json, kind: str) -> None:
    of_kind = {"Type": kind, **document} if isinstance(document, dict) else document
    for definition in (document, {"States": document}, {"States": {"A": of_kind, "B": document}, "StartAt": document}):
        block = graph.parse_graph(dumps(definition))
        assert all(isinstance(each["to"], str) for state in block["states"] for each in state["transitions"])
        assert all(isinstance(state["what"], str) for state in block["states"])
