"""An accepted definition is compiled state by state, with the same result as if it were compiled as a whole."""

from dataclasses import replace

import pytest

from lamplighter.asl.definition.lazy_compile import MAX_SHORT_BYTES
from lamplighter.asl.definition.parse import parse_definition
from lamplighter.asl.execution.advance import advance
from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.messages import Started
from lamplighter.base.errors import UnboundedWork
from lamplighter.base.json_text import Json, dumps
from tests.manual_world import manual_world

PASS = {"Type": "Pass", "End": True}
TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {}, "End": True}


def block(**states: Json) -> Json:
    return {"StartAt": next(iter(states)), "States": states}


INNER = block(C={"Type": "Map", "ItemProcessor": block(D=PASS), "End": True})
NESTED = block(
    A={"Type": "Parallel", "Branches": [block(B=TASK), INNER], "Next": "E"},
    E={"Type": "Map", "Iterator": block(F=PASS), "End": True},
)


def test_lazily_compiled_blocks_have_the_same_numbers_as_eagerly_compiled_ones() -> None:
    lazy, eager = parse_definition(dumps(NESTED), already_checked=True), parse_definition(dumps(NESTED))
    shape = [(each.number, each.start, list(each.states)) for each in eager.blocks]
    assert [(each.number, each.start, list(each.states)) for each in lazy.blocks] == shape
    assert lazy.blocks[0].states["A"].branches == eager.blocks[0].states["A"].branches  # type: ignore[attr-defined]
    assert lazy.resources == eager.resources
    assert list(lazy.states) == [name for each in eager.blocks for name in each.states]


def test_a_state_is_compiled_once_and_only_when_it_is_entered() -> None:
    lazy = parse_definition(
        dumps(block(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "InputPath": "no path", "End": True})),
        already_checked=True,
    )
    assert lazy.blocks[0].states["A"] is lazy.states["A"]
    with pytest.raises(ValueError, match="JSONPath"):
        lazy.blocks[0].states["B"]


def new_execution() -> Execution:
    arn = "arn:aws:states:us-east-1:123456789012:execution:m:e"
    return Execution(arn, "e", "role", "arn:aws:states:us-east-1:123456789012:stateMachine:m", "m", {}, "{}", 0)


@pytest.mark.parametrize("long", [True, False], ids=["long", "short"])
def test_a_long_state_is_not_entered_if_unbounded_work_is_not_allowed(long: bool) -> None:
    result = "x" * (MAX_SHORT_BYTES if long else 10)
    definition = parse_definition(dumps(block(A={"Type": "Pass", "Result": result, "End": True})), already_checked=True)
    bounded_world = replace(manual_world(), allows_unbounded_work=False)
    if long:
        with pytest.raises(UnboundedWork):
            advance(definition, new_execution(), Started(), bounded_world)
    else:
        assert advance(definition, new_execution(), Started(), bounded_world).execution.status == "SUCCEEDED"
    assert advance(definition, new_execution(), Started(), manual_world()).execution.status == "SUCCEEDED"


def test_a_state_is_not_long_because_of_the_states_inside_it() -> None:
    inner = block(B={"Type": "Pass", "Result": "x" * MAX_SHORT_BYTES, "End": True})
    definition = parse_definition(
        dumps(block(A={"Type": "Map", "ItemProcessor": inner, "End": True})), already_checked=True
    )
    assert "A" not in definition.long_states
    assert "B" in definition.long_states
