"""Which variables a definition's states refer to."""

from lamplighter.base.json_text import Json
from lamplighter.services.states.machines.variable_references import variable_references
from tests.services.states.states_harness import StatesHarness, single


def names(**state: Json) -> Json:
    return variable_references(single(**state)).get("A", [])


def test_paths_parameters_and_intrinsic_functions_refer_to_variables() -> None:
    fields = {
        "InputPath": "$a.list[0]",
        "Parameters": {"x.$": "$b", "y": [{"z.$": "States.Format('{} $no', $c.d, $.e, States.Hash($f, 'MD5'))"}]},
        "OutputPath": "$",
    }
    assert names(Type="Pass", **fields) == ["a", "b", "c", "f"]


def test_the_input_the_context_and_literals_are_no_variables() -> None:
    assert names(Type="Pass", Parameters={"x.$": "$$.Execution.Id", "y": "$no", "z.$": "$.$no"}) == []


def test_choices_refer_by_variable_and_by_path() -> None:
    rules = [
        {"Not": {"Variable": "$a", "IsNull": True}, "Next": "A"},
        {"And": [{"Variable": "$.x", "StringEqualsPath": "$b.c"}], "Next": "A"},
    ]
    assert names(Type="Choice", Choices=rules) == ["a", "b"]


def test_expressions_refer_wherever_they_stand_and_states_is_no_variable() -> None:
    fields = {"Arguments": {"x": ["{% $a + $states.input.b %}"]}, "Output": "{% $sum($c) %}", "Comment": "$no"}
    assert names(Type="Pass", QueryLanguage="JSONata", **fields) == ["a", "c"]


def test_assigning_is_not_referring_but_lets_a_variable_have_a_functions_name() -> None:
    assert names(Type="Pass", QueryLanguage="JSONata", Assign={"count": "{% $count + 1 %}"}) == ["count"]
    assert names(Type="Pass", QueryLanguage="JSONata", Output="{% $map($a, $uppercase) %}") == ["a"]


def test_states_inside_of_a_state_are_told_by_their_own_names_and_states_without_references_are_not() -> None:
    inner = {"StartAt": "B", "States": {"B": {"Type": "Pass", "InputPath": "$b", "End": True}}}
    found = variable_references(single(Type="Parallel", Branches=[inner]))
    assert found == {"B": ["b"]}


async def test_a_description_shows_them(harness: StatesHarness) -> None:
    arn = (await harness.create(single(Type="Pass", InputPath="$a")))["stateMachineArn"]
    assert (await harness.states("DescribeStateMachine", stateMachineArn=arn))["variableReferences"] == {"A": ["a"]}
