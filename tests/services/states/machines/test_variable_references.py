"""Find the variables to which the states of a definition refer."""

from lamplighter.base.json_text import Json
from lamplighter.services.states.machines.variable_references import variable_references
from tests.services.states.states_harness import StatesHarness, one_state


def referenced_names(**state: Json) -> Json:
    return variable_references(one_state(**state)).get("A", [])


def test_paths_parameters_and_intrinsic_functions_refer_to_variables() -> None:
    fields = {
        "InputPath": "$a.list[0]",
        "Parameters": {"x.$": "$b", "y": [{"z.$": "States.Format('{} $no', $c.d, $.e, States.Hash($f, 'MD5'))"}]},
        "OutputPath": "$",
    }
    assert referenced_names(Type="Pass", **fields) == ["a", "b", "c", "f"]


def test_input_context_object_and_literals_are_not_variables() -> None:
    assert referenced_names(Type="Pass", Parameters={"x.$": "$$.Execution.Id", "y": "$no", "z.$": "$.$no"}) == []


def test_choice_rules_refer_to_variables_in_variable_and_path_fields() -> None:
    rules = [
        {"Not": {"Variable": "$a", "IsNull": True}, "Next": "A"},
        {"And": [{"Variable": "$.x", "StringEqualsPath": "$b.c"}], "Next": "A"},
    ]
    assert referenced_names(Type="Choice", Choices=rules) == ["a", "b"]


def test_expressions_in_any_field_refer_to_variables_except_states() -> None:
    fields = {"Arguments": {"x": ["{% $a + $states.input.b %}"]}, "Output": "{% $sum($c) %}", "Comment": "$no"}
    assert referenced_names(Type="Pass", QueryLanguage="JSONata", **fields) == ["a", "c"]


def test_the_name_of_a_function_is_a_variable_only_if_the_definition_assigns_it() -> None:
    assert referenced_names(Type="Pass", QueryLanguage="JSONata", Assign={"count": "{% $count + 1 %}"}) == ["count"]
    assert referenced_names(Type="Pass", QueryLanguage="JSONata", Output="{% $map($a, $uppercase) %}") == ["a"]


def test_nested_states_are_listed_by_name_and_states_without_references_are_left_out() -> None:
    inner = {"StartAt": "B", "States": {"B": {"Type": "Pass", "InputPath": "$b", "End": True}}}
    found = variable_references(one_state(Type="Parallel", Branches=[inner]))
    assert found == {"B": ["b"]}


async def test_describe_state_machine_shows_the_variable_references(harness: StatesHarness) -> None:
    arn = (await harness.create_machine(one_state(Type="Pass", InputPath="$a")))["stateMachineArn"]
    assert (await harness.states("DescribeStateMachine", stateMachineArn=arn))["variableReferences"] == {"A": ["a"]}
