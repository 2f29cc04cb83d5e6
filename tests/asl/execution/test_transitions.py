"""Retry and Catch, and how documents go through a state.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.asl.simulated_execution import SimulatedExecution, only, play

TASK: Json = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask"}


def retrying(*retriers: Json, **fields: Json) -> SimulatedExecution:
    """A Task with these retriers."""
    return only({**TASK, "Retry": list(retriers), **fields})


def fate(night: SimulatedExecution, error: str) -> str:
    """What an error leads to: a retry, or the status that the execution ends with."""
    night.fail(error)
    if night.execution.status != "RUNNING":
        return night.execution.status
    night.fire_timer()
    return "retry"


def delays(night: SimulatedExecution, times: int) -> list[int]:
    """The milliseconds before each of so many retries."""
    found = []
    for _ in range(times):
        night.fail("Boom")
        found.append(night.fire_timer())
    return found


def test_each_retrier_counts_its_own_attempts() -> None:
    """AWS's example: ErrorA, ErrorB, ErrorC, ErrorB and ErrorB; the last is one too many for the first retrier only."""
    retriers = (
        {"ErrorEquals": ["ErrorA", "ErrorB"], "IntervalSeconds": 1, "BackoffRate": 2.0, "MaxAttempts": 2},
        {"ErrorEquals": ["ErrorC"], "IntervalSeconds": 5},
    )
    night = retrying(*retriers)
    passed = []
    for error in ("ErrorA", "ErrorB", "ErrorC"):
        night.fail(error)
        passed.append(night.fire_timer())
    assert passed == [1000, 2000, 5000]
    assert fate(night, "ErrorB") == "FAILED"
    assert night.finish.error == "ErrorB"


def test_retries_are_three_after_one_two_and_four_seconds_where_nothing_else_is_said() -> None:
    night = retrying({"ErrorEquals": ["States.ALL"]})
    assert delays(night, 3) == [1000, 2000, 4000]
    assert fate(night, "Boom") == "FAILED"


def test_max_attempts_zero_never_retries() -> None:
    assert fate(retrying({"ErrorEquals": ["Boom"], "MaxAttempts": 0}), "Boom") == "FAILED"


def test_only_the_first_retrier_that_matches_is_asked() -> None:
    first, second = {"ErrorEquals": ["Boom"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}
    assert fate(retrying(first, second), "Boom") == "FAILED"
    assert fate(retrying(first, second), "Other") == "retry"


def test_max_delay_caps_the_backoff() -> None:
    night = retrying({"ErrorEquals": ["Boom"], "IntervalSeconds": 3, "MaxAttempts": 4, "MaxDelaySeconds": 10})
    assert delays(night, 4) == [3000, 6000, 10_000, 10_000]


def test_full_jitter_waits_some_time_up_to_the_whole_delay() -> None:
    jittery = {"ErrorEquals": ["Boom"], "IntervalSeconds": 8, "BackoffRate": 1, "MaxAttempts": 9}
    found = delays(retrying({**jittery, "JitterStrategy": "FULL"}), 9)
    assert all(0 <= delay < 8000 for delay in found)
    assert len(set(found)) > 5
    assert set(delays(retrying({**jittery, "JitterStrategy": "NONE"}), 9)) == {8000}


def test_a_retry_is_a_new_attempt_and_the_context_counts_it() -> None:
    night = only({**TASK, "Parameters": {"at.$": "$$.State.RetryCount"}, "Retry": [{"ErrorEquals": ["Boom"]}]})
    numbers, seen = [], []
    for _ in range(3):
        work = night.work[night.named()]
        numbers.append(work.number)
        seen.append(work.parameters)
        night.fail("Boom")
        night.fire_timer()
    assert seen == [{"at": 0}, {"at": 1}, {"at": 2}]
    assert numbers == sorted(set(numbers))


def test_a_state_that_is_entered_anew_has_all_its_attempts_again() -> None:
    night = play(
        {
            "Work": {
                **TASK,
                "Retry": [{"ErrorEquals": ["Boom"], "MaxAttempts": 1}],
                "ResultPath": None,
                "Next": "Test",
            },
            "Test": {
                "Type": "Choice",
                "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "Work"}],
                "Default": "Done",
            },
            "Done": {"Type": "Succeed"},
        },
        1,
    )
    for _ in range(3):
        night.fail("Boom")
        night.fire_timer()
        night.succeed()
    assert night.types.count("TaskFailed") == 3


@pytest.mark.parametrize(
    ("names", "error", "expected"),
    [
        (["States.ALL"], "Boom", "retry"),
        (["States.ALL"], "States.Timeout", "retry"),
        (["States.ALL"], "States.DataLimitExceeded", "FAILED"),
        (["States.ALL"], "States.Runtime", "FAILED"),
        (["States.Runtime"], "States.Runtime", "FAILED"),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", "retry"),
        (["States.TaskFailed"], "Boom", "retry"),
        (["States.TaskFailed"], "States.TaskFailed", "retry"),
        (["States.TaskFailed"], "States.Timeout", "FAILED"),
        (["States.Timeout"], "States.Timeout", "retry"),
        (["States.Timeout"], "States.TaskFailed", "FAILED"),
        (["boom"], "Boom", "FAILED"),
        (["Other", "Boom"], "Boom", "retry"),
    ],
)
def test_which_errors_a_retrier_means(names: list[str], error: str, expected: str) -> None:
    assert fate(retrying({"ErrorEquals": names}), error) == expected


CATCH: Json = {"Caught": {"Type": "Succeed"}}


def test_catch_comes_only_after_the_last_retry() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    night = play(
        {"S": {**TASK, "Retry": [{"ErrorEquals": ["Boom"], "MaxAttempts": 1}], "Catch": catch, "End": True}, **CATCH}
    )
    assert fate(night, "Boom") == "retry"
    night.fail("Boom", "for the second time")
    assert night.output == {"Error": "Boom", "Cause": "for the second time"}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, {"Error": "Boom", "Cause": "why"}),
        ({"ResultPath": "$"}, {"Error": "Boom", "Cause": "why"}),
        ({"ResultPath": "$.error"}, {"job": 1, "error": {"Error": "Boom", "Cause": "why"}}),
        ({"ResultPath": None}, {"job": 1}),
    ],
)
def test_where_catch_puts_the_error(where: Json, expected: Json) -> None:
    catch = [{"ErrorEquals": ["Boom"], "Next": "Caught", **where}]
    night = play({"S": {**TASK, "Catch": catch, "End": True}, **CATCH}, {"job": 1})
    night.fail("Boom", "why")
    assert night.output == expected


def test_the_first_catcher_that_matches_is_taken() -> None:
    catch = [
        {"ErrorEquals": ["Other"], "Next": "No"},
        {"ErrorEquals": ["Boom"], "Next": "Caught"},
        {"ErrorEquals": ["States.ALL"], "Next": "No"},
    ]
    night = play({"S": {**TASK, "Catch": catch, "End": True}, **CATCH, "No": {"Type": "Fail"}})
    night.fail("Boom")
    assert night.output == {"Error": "Boom"}


def test_a_runtime_error_in_a_branch_ends_the_whole_execution() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    bad = {"StartAt": "Bad", "States": {"Bad": {"Type": "Pass", "InputPath": "$.missing", "End": True}}}
    night = play({"S": {"Type": "Parallel", "Branches": [bad], "Catch": catch, "End": True}, **CATCH})
    assert (night.finish.status, night.finish.error) == ("FAILED", "States.Runtime")


def test_a_catch_in_jsonata_sees_the_error_and_sets_variables() -> None:
    catch = {
        "ErrorEquals": ["Boom"],
        "Next": "Caught",
        "Assign": {"why": "{% $states.errorOutput.Cause %}"},
        "Output": "{% $states.input.job %}",
    }
    states = {
        "S": {**TASK, "Catch": [catch], "End": True},
        "Caught": {"Type": "Succeed", "Output": ["{% $states.input %}", "{% $why %}"]},
    }
    night = play(states, {"job": 7}, QueryLanguage="JSONata")
    night.fail("Boom", "late")
    assert night.output == [7, "late"]


@pytest.mark.parametrize(
    ("fields", "seen", "output"),
    [
        ({}, {"a": {"b": 1}}, {"r": [2]}),
        ({"InputPath": "$.a"}, {"b": 1}, {"r": [2]}),
        ({"InputPath": None}, {}, {"r": [2]}),
        ({"Parameters": {"p.$": "$.a.b", "c": 0}}, {"p": 1, "c": 0}, {"r": [2]}),
        ({"InputPath": "$.a", "Parameters": {"p.$": "$.b"}}, {"p": 1}, {"r": [2]}),
        ({"ResultSelector": {"s.$": "$.r[0]"}}, {"a": {"b": 1}}, {"s": 2}),
        ({"ResultPath": "$.x"}, {"a": {"b": 1}}, {"a": {"b": 1}, "x": {"r": [2]}}),
        ({"ResultPath": "$.a.b"}, {"a": {"b": 1}}, {"a": {"b": {"r": [2]}}}),
        ({"ResultPath": None}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"InputPath": "$.a", "ResultPath": None}, {"b": 1}, {"a": {"b": 1}}),
        ({"OutputPath": "$.r"}, {"a": {"b": 1}}, [2]),
        ({"OutputPath": None}, {"a": {"b": 1}}, {}),
        ({"ResultPath": "$.x", "OutputPath": "$.x.r[0]"}, {"a": {"b": 1}}, 2),
    ],
)
def test_documents_go_through_the_five_fields_in_order(fields: Json, seen: Json, output: Json) -> None:
    night = only({**TASK, **fields}, {"a": {"b": 1}})
    assert night.work[night.named()].parameters == seen
    night.succeed({"r": [2]})
    assert night.output == output


def test_a_result_path_into_no_object_is_an_error_that_can_be_caught() -> None:
    catch = [{"ErrorEquals": ["States.ResultPathMatchFailure"], "Next": "Caught", "ResultPath": "$"}]
    night = play({"S": {**TASK, "ResultPath": "$.x", "Catch": catch, "End": True}, **CATCH}, "text")
    night.succeed(1)
    assert night.output["Error"] == "States.ResultPathMatchFailure"


@pytest.mark.parametrize(("size", "status"), [(262_144, "SUCCEEDED"), (262_145, "FAILED")])
def test_a_result_may_have_262144_bytes(size: int, status: str) -> None:
    night = only(TASK)
    night.succeed("x" * (size - 2))
    assert night.finish.status == status
    assert night.finish.error == (None if status == "SUCCEEDED" else "States.DataLimitExceeded")


def test_the_limit_counts_bytes_of_utf8() -> None:
    night = only(TASK)
    night.succeed("é" * 131_072)
    assert night.finish.error == "States.DataLimitExceeded"


def test_a_history_of_25000_events_ends_with_the_failure_that_says_so() -> None:
    states: Json = {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "A"}], "Default": "C"},
        "C": {"Type": "Succeed"},
    }
    night = play(states).run()
    assert (night.finish.status, night.finish.error) == ("FAILED", "States.Runtime")
    assert night.finish.cause == "The execution reached the maximum number of history events (25000)."
    last = night.history[-1]
    assert (last["id"], last["type"]) == (25_000, "ExecutionFailed")


def test_variables_of_a_block_are_seen_inside_of_it_and_not_after_it() -> None:
    inner = {
        "StartAt": "In",
        "States": {"In": {"Type": "Pass", "Parameters": {"outer.$": "$v"}, "Assign": {"w": 2}, "End": True}},
    }
    night = play(
        {
            "First": {"Type": "Pass", "Assign": {"v": 1}, "Next": "Fan"},
            "Fan": {"Type": "Parallel", "Branches": [inner], "Next": "Last"},
            "Last": {"Type": "Pass", "Parameters": {"w.$": "$w"}, "End": True},
        }
    )
    assert night.history[6]["stateExitedEventDetails"]["output"] == '{"outer":1}'
    assert night.finish.error == "States.Runtime"


def test_a_fault_of_a_catcher_is_told_with_its_place_and_ends_the_execution() -> None:
    catchers = [{"ErrorEquals": ["Other"], "Next": "N"}, {"ErrorEquals": ["X"], "Next": "N", "Output": "{% $z %}"}]
    state = {**TASK, "QueryLanguage": "JSONata", "Catch": catchers, "Next": "N"}
    night = play({"S": state, "N": {"Type": "Succeed"}}, {})
    night.fail("X")
    assert night.finish.error == "States.QueryEvaluationError"
    assert night.finish.cause == (
        "An error occurred while executing the state 'S' (entered at the event id #2). The JSONata expression '$z' "
        "specified for the field 'Catch[1]/Output' returned nothing (undefined)."
    )
    assert night.types[-2:] == ["EvaluationFailed", "ExecutionFailed"]


def test_a_result_path_of_a_catcher_that_does_not_fit_is_told_with_the_state() -> None:
    state = {**TASK, "Catch": [{"ErrorEquals": ["X"], "Next": "N", "ResultPath": "$.a.b"}], "Next": "N"}
    night = play({"S": state, "N": {"Type": "Succeed"}}, {"a": 1})
    night.fail("X")
    assert night.finish.error == "States.ResultPathMatchFailure"
    assert (night.finish.cause or "").startswith("An error occurred while executing the state 'S' (entered at")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("$.zz", "No results for path: $['zz']"),
        ("$.a.zz", "No results for path: $['a']['zz']"),
        ("$.zz.a", "Missing property in path $['zz']"),
        ("$.list[7]", "No results for path: $['list'][7]"),
        ("$.list[7].a", "No results for path: $['list'][7]['a']"),
    ],
)
def test_a_path_that_leads_nowhere_is_told_in_the_words_of_aws_s_library(path: str, reason: str) -> None:
    """AWS, of a user's execution: Invalid path '$.Payload' : No results for path: $['Payload']"""
    night = only({"Type": "Pass", "InputPath": path}, {"a": {}, "list": [1]})
    assert (night.finish.cause or "").endswith(f"Invalid path '{path}' : {reason}")
