"""Retry and Catch, and the data flow through a state.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.asl.simulated_execution import SimulatedExecution, simulate, simulate_state

TASK: Json = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask"}


def simulate_retries(*retriers: Json, **fields: Json) -> SimulatedExecution:
    """Return the simulated execution of a Task with these retriers."""
    return simulate_state({**TASK, "Retry": list(retriers), **fields})


def fail_once(simulated: SimulatedExecution, error: str) -> str:
    """Let the task fail; return "retry", or the status with which the execution ends."""
    simulated.fail(error)
    if simulated.execution.status != "RUNNING":
        return simulated.execution.status
    simulated.fire_timer()
    return "retry"


def retry_delays(simulated: SimulatedExecution, count: int) -> list[int]:
    """Let the task fail `count` times; return the milliseconds before each retry."""
    found = []
    for _ in range(count):
        simulated.fail("Boom")
        found.append(simulated.fire_timer())
    return found


def test_each_retrier_counts_its_own_attempts() -> None:
    """AWS's example: ErrorA, ErrorB, ErrorC and ErrorB; the last is one too many for the first retrier only."""
    retriers = (
        {"ErrorEquals": ["ErrorA", "ErrorB"], "IntervalSeconds": 1, "BackoffRate": 2.0, "MaxAttempts": 2},
        {"ErrorEquals": ["ErrorC"], "IntervalSeconds": 5},
    )
    simulated = simulate_retries(*retriers)
    delays = []
    for error in ("ErrorA", "ErrorB", "ErrorC"):
        simulated.fail(error)
        delays.append(simulated.fire_timer())
    assert delays == [1000, 2000, 5000]
    assert fail_once(simulated, "ErrorB") == "FAILED"
    assert simulated.finish.error == "ErrorB"


def test_the_default_is_three_retries_after_one_two_and_four_seconds() -> None:
    simulated = simulate_retries({"ErrorEquals": ["States.ALL"]})
    assert retry_delays(simulated, 3) == [1000, 2000, 4000]
    assert fail_once(simulated, "Boom") == "FAILED"


def test_max_attempts_zero_never_retries() -> None:
    assert fail_once(simulate_retries({"ErrorEquals": ["Boom"], "MaxAttempts": 0}), "Boom") == "FAILED"


def test_only_the_first_matching_retrier_is_used() -> None:
    first, second = {"ErrorEquals": ["Boom"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}
    assert fail_once(simulate_retries(first, second), "Boom") == "FAILED"
    assert fail_once(simulate_retries(first, second), "Other") == "retry"


def test_max_delay_caps_the_backoff() -> None:
    simulated = simulate_retries(
        {"ErrorEquals": ["Boom"], "IntervalSeconds": 3, "MaxAttempts": 4, "MaxDelaySeconds": 10}
    )
    assert retry_delays(simulated, 4) == [3000, 6000, 10_000, 10_000]


def test_full_jitter_waits_a_random_time_below_the_full_delay() -> None:
    jittery = {"ErrorEquals": ["Boom"], "IntervalSeconds": 8, "BackoffRate": 1, "MaxAttempts": 9}
    found = retry_delays(simulate_retries({**jittery, "JitterStrategy": "FULL"}), 9)
    assert all(0 <= delay < 8000 for delay in found)
    assert len(set(found)) > 5
    assert set(retry_delays(simulate_retries({**jittery, "JitterStrategy": "NONE"}), 9)) == {8000}


def test_a_retry_is_a_new_attempt_and_the_context_counts_it() -> None:
    simulated = simulate_state(
        {**TASK, "Parameters": {"at.$": "$$.State.RetryCount"}, "Retry": [{"ErrorEquals": ["Boom"]}]}
    )
    numbers, seen = [], []
    for _ in range(3):
        task = simulated.tasks[simulated.task_key()]
        numbers.append(task.number)
        seen.append(task.parameters)
        simulated.fail("Boom")
        simulated.fire_timer()
    assert seen == [{"at": 0}, {"at": 1}, {"at": 2}]
    assert numbers == sorted(set(numbers))


def test_a_state_that_is_entered_again_has_all_its_attempts_again() -> None:
    simulated = simulate(
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
        simulated.fail("Boom")
        simulated.fire_timer()
        simulated.succeed()
    assert simulated.types.count("TaskFailed") == 3


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
def test_a_retrier_matches_its_error_names(names: list[str], error: str, expected: str) -> None:
    assert fail_once(simulate_retries({"ErrorEquals": names}), error) == expected


CATCH: Json = {"Caught": {"Type": "Succeed"}}


def test_catch_comes_only_after_the_last_retry() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    simulated = simulate(
        {"S": {**TASK, "Retry": [{"ErrorEquals": ["Boom"], "MaxAttempts": 1}], "Catch": catch, "End": True}, **CATCH}
    )
    assert fail_once(simulated, "Boom") == "retry"
    simulated.fail("Boom", "for the second time")
    assert simulated.output == {"Error": "Boom", "Cause": "for the second time"}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, {"Error": "Boom", "Cause": "why"}),
        ({"ResultPath": "$"}, {"Error": "Boom", "Cause": "why"}),
        ({"ResultPath": "$.error"}, {"job": 1, "error": {"Error": "Boom", "Cause": "why"}}),
        ({"ResultPath": None}, {"job": 1}),
    ],
)
def test_the_result_path_of_a_catcher_places_the_error(where: Json, expected: Json) -> None:
    catch = [{"ErrorEquals": ["Boom"], "Next": "Caught", **where}]
    simulated = simulate({"S": {**TASK, "Catch": catch, "End": True}, **CATCH}, {"job": 1})
    simulated.fail("Boom", "why")
    assert simulated.output == expected


def test_the_first_matching_catcher_is_used() -> None:
    catch = [
        {"ErrorEquals": ["Other"], "Next": "No"},
        {"ErrorEquals": ["Boom"], "Next": "Caught"},
        {"ErrorEquals": ["States.ALL"], "Next": "No"},
    ]
    simulated = simulate({"S": {**TASK, "Catch": catch, "End": True}, **CATCH, "No": {"Type": "Fail"}})
    simulated.fail("Boom")
    assert simulated.output == {"Error": "Boom"}


def test_a_runtime_error_in_a_branch_ends_the_whole_execution() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    bad = {"StartAt": "Bad", "States": {"Bad": {"Type": "Pass", "InputPath": "$.missing", "End": True}}}
    simulated = simulate({"S": {"Type": "Parallel", "Branches": [bad], "Catch": catch, "End": True}, **CATCH})
    assert (simulated.finish.status, simulated.finish.error) == ("FAILED", "States.Runtime")


def test_a_jsonata_catcher_sees_the_error_and_assigns_variables() -> None:
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
    simulated = simulate(states, {"job": 7}, QueryLanguage="JSONata")
    simulated.fail("Boom", "late")
    assert simulated.output == [7, "late"]


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
def test_input_and_result_pass_through_the_five_fields_in_order(fields: Json, seen: Json, output: Json) -> None:
    simulated = simulate_state({**TASK, **fields}, {"a": {"b": 1}})
    assert simulated.tasks[simulated.task_key()].parameters == seen
    simulated.succeed({"r": [2]})
    assert simulated.output == output


def test_a_result_path_into_a_value_that_is_no_object_can_be_caught() -> None:
    catch = [{"ErrorEquals": ["States.ResultPathMatchFailure"], "Next": "Caught", "ResultPath": "$"}]
    simulated = simulate({"S": {**TASK, "ResultPath": "$.x", "Catch": catch, "End": True}, **CATCH}, "text")
    simulated.succeed(1)
    assert simulated.output["Error"] == "States.ResultPathMatchFailure"


@pytest.mark.parametrize(("size", "status"), [(262_144, "SUCCEEDED"), (262_145, "FAILED")])
def test_a_result_may_have_262144_bytes(size: int, status: str) -> None:
    simulated = simulate_state(TASK)
    simulated.succeed("x" * (size - 2))
    assert simulated.finish.status == status
    assert simulated.finish.error == (None if status == "SUCCEEDED" else "States.DataLimitExceeded")


def test_the_limit_counts_bytes_of_utf8() -> None:
    simulated = simulate_state(TASK)
    simulated.succeed("é" * 131_072)
    assert simulated.finish.error == "States.DataLimitExceeded"


def test_a_history_of_25000_events_ends_with_a_failure_that_names_the_limit() -> None:
    states: Json = {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "A"}], "Default": "C"},
        "C": {"Type": "Succeed"},
    }
    simulated = simulate(states).run()
    assert (simulated.finish.status, simulated.finish.error) == ("FAILED", "States.Runtime")
    assert simulated.finish.cause == "The execution reached the maximum number of history events (25000)."
    last = simulated.history[-1]
    assert (last["id"], last["type"]) == (25_000, "ExecutionFailed")


def test_a_branch_sees_outer_variables_and_its_own_variables_end_with_it() -> None:
    inner = {
        "StartAt": "In",
        "States": {"In": {"Type": "Pass", "Parameters": {"outer.$": "$v"}, "Assign": {"w": 2}, "End": True}},
    }
    simulated = simulate(
        {
            "First": {"Type": "Pass", "Assign": {"v": 1}, "Next": "Fan"},
            "Fan": {"Type": "Parallel", "Branches": [inner], "Next": "Last"},
            "Last": {"Type": "Pass", "Parameters": {"w.$": "$w"}, "End": True},
        }
    )
    assert simulated.history[6]["stateExitedEventDetails"]["output"] == '{"outer":1}'
    assert simulated.finish.error == "States.Runtime"


def test_an_error_in_a_catcher_is_reported_with_its_location_and_fails_the_execution() -> None:
    catchers = [{"ErrorEquals": ["Other"], "Next": "N"}, {"ErrorEquals": ["X"], "Next": "N", "Output": "{% $z %}"}]
    state = {**TASK, "QueryLanguage": "JSONata", "Catch": catchers, "Next": "N"}
    simulated = simulate({"S": state, "N": {"Type": "Succeed"}}, {})
    simulated.fail("X")
    assert simulated.finish.error == "States.QueryEvaluationError"
    assert simulated.finish.cause == (
        "An error occurred while executing the state 'S' (entered at the event id #2). The JSONata expression '$z' "
        "specified for the field 'Catch[1]/Output' returned nothing (undefined)."
    )
    assert simulated.types[-2:] == ["EvaluationFailed", "ExecutionFailed"]


def test_a_result_path_of_a_catcher_that_does_not_fit_is_reported_with_the_state() -> None:
    state = {**TASK, "Catch": [{"ErrorEquals": ["X"], "Next": "N", "ResultPath": "$.a.b"}], "Next": "N"}
    simulated = simulate({"S": state, "N": {"Type": "Succeed"}}, {"a": 1})
    simulated.fail("X")
    assert simulated.finish.error == "States.ResultPathMatchFailure"
    assert (simulated.finish.cause or "").startswith("An error occurred while executing the state 'S' (entered at")


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
def test_a_path_without_a_result_is_reported_in_the_words_of_aws_s_library(path: str, reason: str) -> None:
    """AWS reported for a user's execution: Invalid path '$.Payload' : No results for path: $['Payload']"""
    simulated = simulate_state({"Type": "Pass", "InputPath": path}, {"a": {}, "list": [1]})
    assert (simulated.finish.cause or "").endswith(f"Invalid path '{path}' : {reason}")
