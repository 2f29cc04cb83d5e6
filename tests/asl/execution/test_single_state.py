"""TestState: the stages and the outcome of one state, which ends as it does in an execution.

https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html
"""

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.asl.definition.model import RetryableState
from lamplighter.asl.definition.parse import SINGLE_STATE, parse_definition, single_state_machine
from lamplighter.asl.execution.advance import advance
from lamplighter.asl.execution.messages import Started
from lamplighter.asl.execution.single_state import (
    MAX_TEST_SECONDS,
    StateConfiguration,
    StateInput,
    StateOutcome,
    StateTest,
)
from lamplighter.base.json_text import Json, dumps, loads
from tests.asl.simulated_execution import new_execution
from tests.manual_world import manual_world

TASK: Json = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
MAP: Json = {
    "Type": "Map",
    "ItemProcessor": {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": True}}},
    "End": True,
}
DISTRIBUTED_PROCESSOR: Json = {
    "StartAt": "Each",
    "States": {"Each": {"Type": "Pass", "End": True}},
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
}
BOOM = ("Boom", "as told")


def create_test(
    state: Json, given: Json = None, configuration: StateConfiguration | None = None, **variables: Json
) -> StateTest:
    """Return the test of a state, which has not begun yet."""
    machine = single_state_machine(state)
    state_input = StateInput(given, variables, {"State": {"Name": SINGLE_STATE}})
    return StateTest(
        machine, SINGLE_STATE, lambda _: {}, state_input, configuration or StateConfiguration(), manual_world()
    )


def succeed(state_test: StateTest, result: Json) -> StateOutcome:
    """Return the outcome of a state whose task returns a result."""
    assert state_test.begin() is None
    return state_test.succeed(result)


def fail(state_test: StateTest, error: str | None = BOOM[0], cause: str | None = BOOM[1]) -> StateOutcome:
    """Return the outcome of a state whose task fails."""
    assert state_test.begin() is None
    return state_test.fail(error, cause)


# Stages


def test_a_pass_shows_every_stage_of_jsonpath() -> None:
    state_test = create_test(
        {
            "Type": "Pass",
            "InputPath": "$.a",
            "Parameters": {"got.$": "$.b"},
            "ResultPath": "$.c",
            "OutputPath": "$.c",
            "Next": "N",
        },
        {"a": {"b": 1}},
    )
    assert state_test.begin() == StateOutcome("SUCCEEDED", {"got": 1}, "N")
    assert state_test.stages == {
        "input": {"a": {"b": 1}},
        "afterInputPath": {"b": 1},
        "afterParameters": {"got": 1},
        "afterResultSelector": {"got": 1},
        "afterResultPath": {"a": {"b": 1}, "c": {"got": 1}},
    }


def test_a_pass_with_a_result_has_no_stages_of_its_input() -> None:
    state_test = create_test({"Type": "Pass", "InputPath": "$.x", "Result": 7, "End": True}, {"x": 1})
    state_test.begin()
    assert state_test.stages == {"input": {"x": 1}, "result": 7, "afterResultSelector": 7, "afterResultPath": 7}


def test_jsonata_has_no_stages_between_input_and_output() -> None:
    state_test = create_test(
        {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.a %}", "End": True}, {"a": 1}
    )
    assert state_test.begin() == StateOutcome("SUCCEEDED", 1)
    assert state_test.stages == {"input": {"a": 1}}


def test_a_task_shows_its_parameters_and_the_stages_of_its_result() -> None:
    state_test = create_test(
        TASK | {"Parameters": {"P.$": "$.p"}, "ResultSelector": {"r.$": "$.x"}, "ResultPath": "$.out"}, {"p": 1}
    )
    assert succeed(state_test, {"x": 2}).output == {"p": 1, "out": {"r": 2}}
    assert state_test.arguments == {"P": 1}
    assert list(state_test.stages) == [
        "input",
        "afterInputPath",
        "afterParameters",
        "result",
        "afterResultSelector",
        "afterResultPath",
    ]


def test_a_jsonata_task_shows_its_arguments_and_its_result() -> None:
    state_test = create_test(TASK | {"QueryLanguage": "JSONata", "Arguments": {"P": "{% $states.input %}"}}, 5)
    assert succeed(state_test, 6) == StateOutcome("SUCCEEDED", 6)
    assert state_test.stages == {"input": 5, "afterArguments": {"P": 5}, "result": 6}


def test_an_expression_sees_all_fields_of_states() -> None:
    state_test = create_test(TASK | {"QueryLanguage": "JSONata", "Output": "{% $states %}"}, 5)
    assert succeed(state_test, 6).output == {"input": 5, "context": {"State": {"Name": SINGLE_STATE}}, "result": 6}


def test_stages_end_at_the_stage_that_fails() -> None:
    state_test = create_test(MAP | {"ItemsPath": "$$.State"}, [1])
    outcome = state_test.begin()
    assert outcome == StateOutcome(
        "FAILED", error="States.Runtime", cause='Reference path "$.State" must point to array.'
    )
    assert state_test.stages == {"input": [1], "afterInputPath": [1]}
    assert state_test.limits == {}


def test_a_map_shows_its_items_and_its_limits_but_no_result() -> None:
    state_test = create_test(
        MAP
        | {
            "ItemsPath": "$.n",
            "ItemProcessor": DISTRIBUTED_PROCESSOR,
            "ItemSelector": {"at.$": "$$.Map.Item.Index", "it.$": "$$.Map.Item.Value", "all.$": "$.n"},
            "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"b": 1}},
            "MaxConcurrency": 3,
            "ToleratedFailureCount": 1,
            "ToleratedFailurePercentage": 50,
        },
        {"n": [7, 8, 9]},
    )
    assert succeed(state_test, ["done"]).output == ["done"]
    chosen = [{"at": at, "it": item, "all": [7, 8, 9]} for at, item in enumerate([7, 8, 9])]
    assert state_test.stages["afterItemsPath"] == [7, 8, 9]
    assert state_test.stages["afterItemSelector"] == chosen
    assert state_test.stages["afterItemBatcher"] == [
        {"BatchInput": {"b": 1}, "Items": chosen[:2]},
        {"BatchInput": {"b": 1}, "Items": chosen[2:]},
    ]
    assert state_test.limits == {"maxConcurrency": 3, "toleratedFailureCount": 1, "toleratedFailurePercentage": 50.0}
    assert state_test.iterations == 2
    assert "result" not in state_test.stages


def test_items_of_an_item_reader_replace_the_items_path() -> None:
    configuration = StateConfiguration(
        data='{"rows": [{"a": 1}]}', reader={"InputType": "JSON", "ItemsPointer": "/rows"}
    )
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
    state_test = create_test(MAP | {"ItemProcessor": DISTRIBUTED_PROCESSOR, "ItemReader": reader}, {}, configuration)
    assert state_test.begin() is None
    assert state_test.arguments == [{"a": 1}]
    assert state_test.stages["afterItemsPointer"] == [{"a": 1}]
    assert "afterItemsPath" not in state_test.stages


def test_data_that_the_item_reader_cannot_read_fails_the_map() -> None:
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
    state_test = create_test(
        MAP | {"ItemProcessor": DISTRIBUTED_PROCESSOR, "ItemReader": reader}, {}, StateConfiguration(data="{}")
    )
    outcome = state_test.begin()
    assert outcome is not None
    assert (outcome.status, outcome.error) == ("FAILED", "States.ItemReaderFailed")


def test_a_state_adds_its_variables_to_the_given_ones() -> None:
    state_test = create_test({"Type": "Pass", "Assign": {"b.$": "$.x"}, "End": True}, {"x": 2}, a=1)
    state_test.begin()
    assert state_test.variables == {"a": 1, "b": 2}


# Outcomes


def test_a_choice_leads_to_the_state_of_its_matching_rule() -> None:
    choice: Json = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.v", "NumericGreaterThan": 1, "Next": "High"}],
        "Default": "Low",
    }
    assert create_test(choice, {"v": 2}).begin() == StateOutcome("SUCCEEDED", {"v": 2}, "High")
    assert create_test(choice, {"v": 1}).begin() == StateOutcome("SUCCEEDED", {"v": 1}, "Low")


def test_a_choice_without_a_matching_rule_or_default_fails() -> None:
    outcome = create_test(
        {"Type": "Choice", "Choices": [{"Variable": "$.v", "NumericEquals": 1, "Next": "N"}]}, {"v": 2}
    ).begin()
    assert outcome is not None
    assert (outcome.status, outcome.error) == ("FAILED", "States.Runtime")


def test_a_wait_succeeds_without_waiting() -> None:
    assert create_test({"Type": "Wait", "Seconds": MAX_TEST_SECONDS, "Next": "N"}, 1).begin() == StateOutcome(
        "SUCCEEDED", 1, "N"
    )


def test_a_wait_longer_than_a_test_may_take_times_out() -> None:
    assert create_test({"Type": "Wait", "Seconds": MAX_TEST_SECONDS + 1, "Next": "N"}).begin() == StateOutcome(
        "FAILED", error="States.Timeout"
    )


def test_a_fail_state_fails() -> None:
    assert create_test({"Type": "Fail", "Error": "E", "Cause": "C"}).begin() == StateOutcome(
        "FAILED", error="E", cause="C"
    )


RETRY: Json = [{"ErrorEquals": ["Other"]}, {"ErrorEquals": ["Boom"], "IntervalSeconds": 3, "MaxAttempts": 2}]


def test_a_retrier_with_attempts_left_reports_the_backoff_interval() -> None:
    outcome = fail(create_test(TASK | {"Retry": RETRY}, configuration=StateConfiguration(retried=1)))
    assert outcome.status == "RETRIABLE"
    assert outcome.handling == {"retryIndex": 1, "retryBackoffIntervalSeconds": 6}
    assert (outcome.error, outcome.cause, outcome.next) == (*BOOM, None)


def test_a_retrier_without_attempts_left_fails_the_state_and_is_reported() -> None:
    outcome = fail(create_test(TASK | {"Retry": RETRY}, configuration=StateConfiguration(retried=2)))
    assert (outcome.status, outcome.handling) == ("FAILED", {"retryIndex": 1})


def test_an_error_that_no_retrier_matches_fails_without_details() -> None:
    assert fail(create_test(TASK | {"Retry": RETRY[:1]})) == StateOutcome("FAILED", error=BOOM[0], cause=BOOM[1])


def test_a_catcher_catches_the_error_after_the_last_retry() -> None:
    catch = [{"ErrorEquals": ["No"], "Next": "X"}, {"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "Y"}]
    outcome = fail(create_test(TASK | {"Retry": RETRY, "Catch": catch}, {"a": 1}, StateConfiguration(retried=2)))
    assert outcome.status == "CAUGHT_ERROR"
    assert outcome.next == "Y"
    assert outcome.output == {"a": 1, "e": {"Error": "Boom", "Cause": "as told"}}
    assert outcome.handling == {"retryIndex": 1, "catchIndex": 1}


def test_a_jsonata_catcher_sees_the_error_and_assigns_variables() -> None:
    catch = [
        {
            "ErrorEquals": ["Boom"],
            "Next": "Y",
            "Output": "{% $states.errorOutput.Error %}",
            "Assign": {"why": "{% $states.errorOutput.Cause %}"},
        }
    ]
    state_test = create_test(TASK | {"QueryLanguage": "JSONata", "Catch": catch}, {})
    assert fail(state_test).output == "Boom"
    assert state_test.variables == {"why": "as told"}


def test_a_runtime_error_is_never_caught() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Y"}]
    state_test = create_test(TASK | {"Parameters": {"x.$": "$.missing"}, "Catch": catch}, {})
    outcome = state_test.begin()
    assert outcome is not None
    assert (outcome.status, outcome.error) == ("FAILED", "States.Runtime")


def test_a_map_fails_when_more_items_failed_than_it_tolerates() -> None:
    distributed = MAP | {"ItemProcessor": DISTRIBUTED_PROCESSOR, "ToleratedFailureCount": 2}
    assert succeed(create_test(distributed, [1, 2, 3], StateConfiguration(failures=2)), [1]).status == "SUCCEEDED"
    outcome = succeed(create_test(distributed, [1, 2, 3], StateConfiguration(failures=3)), [1])
    assert (outcome.status, outcome.error) == ("FAILED", "States.ExceedToleratedFailureThreshold")


def test_an_inline_map_tolerates_no_failed_item() -> None:
    assert succeed(create_test(MAP, [1], StateConfiguration(failures=1)), [1]).status == "FAILED"


def test_a_parallel_passes_its_arguments_to_its_branches() -> None:
    branches = [{"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}} for name in "LR"]
    state_test = create_test({"Type": "Parallel", "Branches": branches, "InputPath": "$.a", "End": True}, {"a": 1})
    assert succeed(state_test, [1, 2]).output == [1, 2]
    assert state_test.arguments == 1
    assert "result" not in state_test.stages


def test_an_output_that_is_too_large_fails_the_state() -> None:
    outcome = succeed(create_test(TASK), "x" * 262_143)
    assert (outcome.status, outcome.error) == ("FAILED", "States.DataLimitExceeded")


# The outcome in an execution


DOCUMENTS = st.dictionaries(st.sampled_from("ab"), st.integers() | st.lists(st.integers(), max_size=2), max_size=2)
PATHS = st.sampled_from(["$", "$.a", "$.b", "$.a[0]"])
STATES = st.one_of(
    st.builds(
        lambda given, result, place, leave: {
            "Type": "Pass",
            "InputPath": given,
            **result,
            "ResultPath": place,
            "OutputPath": leave,
        },
        PATHS,
        st.sampled_from([{}, {"Result": [1]}, {"Parameters": {"x.$": "$"}}]),
        st.sampled_from(["$", "$.a", "$.c.d", None]),
        PATHS,
    ),
    st.builds(
        lambda output: {"Type": "Pass", "QueryLanguage": "JSONata", "Output": output},
        st.sampled_from(["{% $states.input.a %}", {"x": "{% $states.input.b %}"}, 1, "{% $sum($states.input.a) %}"]),
    ),
    st.builds(lambda given, leave: {"Type": "Succeed", "InputPath": given, "OutputPath": leave}, PATHS, PATHS),
)


@given(STATES, DOCUMENTS)
def test_a_tested_state_ends_as_it_ends_in_an_execution(state: Json, document: Json) -> None:
    tested = state if state["Type"] == "Succeed" else state | {"End": True}
    outcome = create_test(tested, document).begin()
    machine = parse_definition(dumps({"StartAt": SINGLE_STATE, "States": {SINGLE_STATE: tested}}))
    finish = advance(machine, new_execution(document), Started(), manual_world()).finish
    assert outcome is not None
    assert finish is not None
    assert (outcome.status, outcome.error) == (finish.status, finish.error)
    if finish.output is not None:
        assert outcome.output == loads(finish.output)
    else:
        assert (finish.cause or "").endswith(outcome.cause or "")


def test_a_heartbeat_that_is_not_a_number_fails_a_task() -> None:
    outcome = create_test(TASK | {"HeartbeatSecondsPath": "$.beat"}, {"beat": "soon"}).begin()
    assert outcome is not None
    assert (outcome.status, outcome.error) == ("FAILED", "States.Runtime")


def test_every_retryable_state_waits_for_its_result() -> None:
    for state in (TASK, MAP):
        state_test = create_test(state, [])
        assert isinstance(state_test.state, RetryableState)
        assert state_test.begin() is None
