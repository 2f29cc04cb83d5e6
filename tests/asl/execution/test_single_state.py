"""One state, tried by itself: its stages, its end, and that it ends as it does in an execution.

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
from lamplighter.base.world import manual_world
from tests.asl.simulated_execution import begin

TASK: Json = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
MAP: Json = {
    "Type": "Map",
    "ItemProcessor": {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": True}}},
    "End": True,
}
WIDE: Json = {
    "StartAt": "Each",
    "States": {"Each": {"Type": "Pass", "End": True}},
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
}
BOOM = ("Boom", "as told")


def probe(state: Json, given: Json = None, past: StateConfiguration | None = None, **variables: Json) -> StateTest:
    """A state that is tried, not begun yet."""
    machine = single_state_machine(state)
    read = StateInput(given, variables, {"State": {"Name": SINGLE_STATE}})
    return StateTest(machine, SINGLE_STATE, lambda _: {}, read, past or StateConfiguration(), manual_world())


def worked(tried: StateTest, result: Json) -> StateOutcome:
    """How it ends when its work comes to a result."""
    assert tried.begin() is None
    return tried.succeed(result)


def broken(tried: StateTest, error: str | None = BOOM[0], cause: str | None = BOOM[1]) -> StateOutcome:
    """How it ends when its work fails."""
    assert tried.begin() is None
    return tried.fail(error, cause)


# Stages


def test_a_pass_shows_every_filter_of_json_path() -> None:
    tried = probe(
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
    assert tried.begin() == StateOutcome("SUCCEEDED", {"got": 1}, "N")
    assert tried.stages == {
        "input": {"a": {"b": 1}},
        "afterInputPath": {"b": 1},
        "afterParameters": {"got": 1},
        "afterResultSelector": {"got": 1},
        "afterResultPath": {"a": {"b": 1}, "c": {"got": 1}},
    }


def test_a_pass_with_a_result_looks_at_no_input() -> None:
    tried = probe({"Type": "Pass", "InputPath": "$.x", "Result": 7, "End": True}, {"x": 1})
    tried.begin()
    assert tried.stages == {"input": {"x": 1}, "result": 7, "afterResultSelector": 7, "afterResultPath": 7}


def test_jsonata_has_no_stages_between_input_and_output() -> None:
    tried = probe(
        {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.a %}", "End": True}, {"a": 1}
    )
    assert tried.begin() == StateOutcome("SUCCEEDED", 1)
    assert tried.stages == {"input": {"a": 1}}


def test_a_task_shows_what_it_asks_and_what_it_makes_of_the_answer() -> None:
    tried = probe(
        TASK | {"Parameters": {"P.$": "$.p"}, "ResultSelector": {"r.$": "$.x"}, "ResultPath": "$.out"}, {"p": 1}
    )
    assert worked(tried, {"x": 2}).output == {"p": 1, "out": {"r": 2}}
    assert tried.arguments == {"P": 1}
    assert list(tried.stages) == [
        "input",
        "afterInputPath",
        "afterParameters",
        "result",
        "afterResultSelector",
        "afterResultPath",
    ]


def test_a_jsonata_task_shows_its_arguments_and_its_result() -> None:
    tried = probe(TASK | {"QueryLanguage": "JSONata", "Arguments": {"P": "{% $states.input %}"}}, 5)
    assert worked(tried, 6) == StateOutcome("SUCCEEDED", 6)
    assert tried.stages == {"input": 5, "afterArguments": {"P": 5}, "result": 6}


def test_an_expression_sees_the_whole_of_states() -> None:
    tried = probe(TASK | {"QueryLanguage": "JSONata", "Output": "{% $states %}"}, 5)
    assert worked(tried, 6).output == {"input": 5, "context": {"State": {"Name": SINGLE_STATE}}, "result": 6}


def test_stages_end_where_one_fails() -> None:
    tried = probe(MAP | {"ItemsPath": "$$.State"}, [1])
    verdict = tried.begin()
    assert verdict == StateOutcome(
        "FAILED", error="States.Runtime", cause='Reference path "$.State" must point to array.'
    )
    assert tried.stages == {"input": [1], "afterInputPath": [1]}
    assert tried.limits == {}


def test_a_map_shows_its_items_and_its_bounds_but_no_result() -> None:
    tried = probe(
        MAP
        | {
            "ItemsPath": "$.n",
            "ItemProcessor": WIDE,
            "ItemSelector": {"at.$": "$$.Map.Item.Index", "it.$": "$$.Map.Item.Value", "all.$": "$.n"},
            "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"b": 1}},
            "MaxConcurrency": 3,
            "ToleratedFailureCount": 1,
            "ToleratedFailurePercentage": 50,
        },
        {"n": [7, 8, 9]},
    )
    assert worked(tried, ["done"]).output == ["done"]
    chosen = [{"at": at, "it": item, "all": [7, 8, 9]} for at, item in enumerate([7, 8, 9])]
    assert tried.stages["afterItemsPath"] == [7, 8, 9]
    assert tried.stages["afterItemSelector"] == chosen
    assert tried.stages["afterItemBatcher"] == [
        {"BatchInput": {"b": 1}, "Items": chosen[:2]},
        {"BatchInput": {"b": 1}, "Items": chosen[2:]},
    ]
    assert tried.limits == {"maxConcurrency": 3, "toleratedFailureCount": 1, "toleratedFailurePercentage": 50.0}
    assert tried.iterations == 2
    assert "result" not in tried.stages


def test_what_an_item_reader_found_takes_the_place_of_the_items() -> None:
    past = StateConfiguration(data='{"rows": [{"a": 1}]}', reader={"InputType": "JSON", "ItemsPointer": "/rows"})
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
    tried = probe(MAP | {"ItemProcessor": WIDE, "ItemReader": reader}, {}, past)
    assert tried.begin() is None
    assert tried.arguments == [{"a": 1}]
    assert tried.stages["afterItemsPointer"] == [{"a": 1}]
    assert "afterItemsPath" not in tried.stages


def test_a_text_that_is_not_what_the_reader_expects_fails_the_map() -> None:
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
    tried = probe(MAP | {"ItemProcessor": WIDE, "ItemReader": reader}, {}, StateConfiguration(data="{}"))
    verdict = tried.begin()
    assert verdict is not None
    assert (verdict.status, verdict.error) == ("FAILED", "States.ItemReaderFailed")


def test_a_state_adds_its_variables_to_those_it_was_given() -> None:
    tried = probe({"Type": "Pass", "Assign": {"b.$": "$.x"}, "End": True}, {"x": 2}, a=1)
    tried.begin()
    assert tried.variables == {"a": 1, "b": 2}


# Ends


def test_a_choice_goes_where_its_rule_says() -> None:
    choice: Json = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.v", "NumericGreaterThan": 1, "Next": "High"}],
        "Default": "Low",
    }
    assert probe(choice, {"v": 2}).begin() == StateOutcome("SUCCEEDED", {"v": 2}, "High")
    assert probe(choice, {"v": 1}).begin() == StateOutcome("SUCCEEDED", {"v": 1}, "Low")


def test_a_choice_without_a_way_fails() -> None:
    verdict = probe(
        {"Type": "Choice", "Choices": [{"Variable": "$.v", "NumericEquals": 1, "Next": "N"}]}, {"v": 2}
    ).begin()
    assert verdict is not None
    assert (verdict.status, verdict.error) == ("FAILED", "States.Runtime")


def test_a_wait_is_not_waited_for() -> None:
    assert probe({"Type": "Wait", "Seconds": MAX_TEST_SECONDS, "Next": "N"}, 1).begin() == StateOutcome(
        "SUCCEEDED", 1, "N"
    )


def test_a_wait_beyond_what_a_test_may_take_times_out() -> None:
    assert probe({"Type": "Wait", "Seconds": MAX_TEST_SECONDS + 1, "Next": "N"}).begin() == StateOutcome(
        "FAILED", error="States.Timeout"
    )


def test_a_fail_fails() -> None:
    assert probe({"Type": "Fail", "Error": "E", "Cause": "C"}).begin() == StateOutcome("FAILED", error="E", cause="C")


RETRY: Json = [{"ErrorEquals": ["Other"]}, {"ErrorEquals": ["Boom"], "IntervalSeconds": 3, "MaxAttempts": 2}]


def test_a_retrier_with_attempts_left_says_when_it_is_tried_again() -> None:
    verdict = broken(probe(TASK | {"Retry": RETRY}, past=StateConfiguration(retried=1)))
    assert verdict.status == "RETRIABLE"
    assert verdict.handling == {"retryIndex": 1, "retryBackoffIntervalSeconds": 6}
    assert (verdict.error, verdict.cause, verdict.next) == (*BOOM, None)


def test_a_retrier_without_attempts_left_fails_and_is_named() -> None:
    verdict = broken(probe(TASK | {"Retry": RETRY}, past=StateConfiguration(retried=2)))
    assert (verdict.status, verdict.handling) == ("FAILED", {"retryIndex": 1})


def test_an_error_that_nobody_means_fails_without_details() -> None:
    assert broken(probe(TASK | {"Retry": RETRY[:1]})) == StateOutcome("FAILED", error=BOOM[0], cause=BOOM[1])


def test_a_catcher_takes_over_after_the_last_retry() -> None:
    catch = [{"ErrorEquals": ["No"], "Next": "X"}, {"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "Y"}]
    verdict = broken(probe(TASK | {"Retry": RETRY, "Catch": catch}, {"a": 1}, StateConfiguration(retried=2)))
    assert verdict.status == "CAUGHT_ERROR"
    assert verdict.next == "Y"
    assert verdict.output == {"a": 1, "e": {"Error": "Boom", "Cause": "as told"}}
    assert verdict.handling == {"retryIndex": 1, "catchIndex": 1}


def test_a_catcher_in_jsonata_sees_the_error_and_sets_variables() -> None:
    catch = [
        {
            "ErrorEquals": ["Boom"],
            "Next": "Y",
            "Output": "{% $states.errorOutput.Error %}",
            "Assign": {"why": "{% $states.errorOutput.Cause %}"},
        }
    ]
    tried = probe(TASK | {"QueryLanguage": "JSONata", "Catch": catch}, {})
    assert broken(tried).output == "Boom"
    assert tried.variables == {"why": "as told"}


def test_a_runtime_error_is_never_caught() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Y"}]
    tried = probe(TASK | {"Parameters": {"x.$": "$.missing"}, "Catch": catch}, {})
    verdict = tried.begin()
    assert verdict is not None
    assert (verdict.status, verdict.error) == ("FAILED", "States.Runtime")


def test_a_map_fails_when_more_items_failed_than_it_tolerates() -> None:
    wide = MAP | {"ItemProcessor": WIDE, "ToleratedFailureCount": 2}
    assert worked(probe(wide, [1, 2, 3], StateConfiguration(failures=2)), [1]).status == "SUCCEEDED"
    verdict = worked(probe(wide, [1, 2, 3], StateConfiguration(failures=3)), [1])
    assert (verdict.status, verdict.error) == ("FAILED", "States.ExceedToleratedFailureThreshold")


def test_an_inline_map_tolerates_nothing() -> None:
    assert worked(probe(MAP, [1], StateConfiguration(failures=1)), [1]).status == "FAILED"


def test_a_parallel_hands_its_branches_its_arguments() -> None:
    branches = [{"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}} for name in "LR"]
    tried = probe({"Type": "Parallel", "Branches": branches, "InputPath": "$.a", "End": True}, {"a": 1})
    assert worked(tried, [1, 2]).output == [1, 2]
    assert tried.arguments == 1
    assert "result" not in tried.stages


def test_an_output_that_is_too_large_fails() -> None:
    verdict = worked(probe(TASK), "x" * 262_143)
    assert (verdict.status, verdict.error) == ("FAILED", "States.DataLimitExceeded")


# The machine agrees


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
def test_a_state_ends_alone_as_it_ends_in_an_execution(state: Json, document: Json) -> None:
    alone = state if state["Type"] == "Succeed" else state | {"End": True}
    verdict = probe(alone, document).begin()
    machine = parse_definition(dumps({"StartAt": SINGLE_STATE, "States": {SINGLE_STATE: alone}}))
    finish = advance(machine, begin(document), Started(), manual_world()).finish
    assert verdict is not None
    assert finish is not None
    assert (verdict.status, verdict.error) == (finish.status, finish.error)
    if finish.output is not None:
        assert verdict.output == loads(finish.output)
    else:
        assert (finish.cause or "").endswith(verdict.cause or "")


def test_a_heartbeat_that_is_no_number_fails_a_task_as_in_an_execution() -> None:
    verdict = probe(TASK | {"HeartbeatSecondsPath": "$.beat"}, {"beat": "soon"}).begin()
    assert verdict is not None
    assert (verdict.status, verdict.error) == ("FAILED", "States.Runtime")


def test_every_state_that_works_waits_for_its_work() -> None:
    for state in (TASK, MAP):
        tried = probe(state, [])
        assert isinstance(tried.state, RetryableState)
        assert tried.begin() is None
