"""Which transitions of its definition a run took."""

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.runs.history.transitions import END, list_transitions, taken_transitions
from tests.documents import documents
from tests.runs.histories import RUN, Entry, begun, entered, exited, failed, scheduled, story, submitted, succeeded

CATCH_ALL: Json = {"ErrorEquals": ["States.ALL"], "Next": "Tell"}
JOB: Json = {
    "StartAt": "Run",
    "States": {
        "Run": {"Type": "Task", "Next": "Tell", "Catch": [CATCH_ALL]},
        "Tell": {"Type": "Pass", "End": True},
    },
}
NEXT, CAUGHT = 0, 1
ENDED_WELL: Entry = ("ExecutionSucceeded", 0, {"output": "{}"})


def taken(definition: Json, *entries: Entry) -> Mapping[str, Sequence[int]]:
    return taken_transitions(story(*entries), definition)


def test_a_caught_error_took_the_catch_and_a_success_next_even_to_the_same_state() -> None:
    caught = (*RUN, failed(4, "a", 3), exited("Run", 5), entered("Tell", 6, "Pass"))
    assert taken(JOB, *caught) == {"Run": [CAUGHT]}
    went_well = (*RUN, succeeded(4, "a"), exited("Run", 5), entered("Tell", 6, "Pass"))
    assert taken(JOB, *went_well) == {"Run": [NEXT]}


def test_a_success_after_a_retry_took_next() -> None:
    again = (*RUN, failed(4, "a", 3), scheduled(5), submitted(6, "b"), succeeded(7, "b"), exited("Run", 8))
    assert taken(JOB, *again, entered("Tell", 9, "Pass")) == {"Run": [NEXT]}


def test_an_expression_that_fails_took_the_catch_although_its_event_follows_the_state_before() -> None:
    first = {"First": {"Type": "Pass", "Next": "Run"}}
    entries = (
        begun(), entered("First", 0, "Pass"), exited("First", 2, "Pass"), entered("Run", 3),
        ("EvaluationFailed", 3, {"error": "States.QueryEvaluationError", "state": "Run"}),
        exited("Run", 5), entered("Tell", 6, "Pass"),
    )  # fmt: skip
    assert taken({"StartAt": "First", "States": {**JOB["States"], **first}}, *entries) == {
        "First": [NEXT],
        "Run": [CAUGHT],
    }


def test_only_the_state_at_which_the_run_ended_leads_to_the_end() -> None:
    entries = (*RUN, succeeded(4, "a"), exited("Run", 5), entered("Tell", 6, "Pass"), exited("Tell", 7, "Pass"))
    assert taken(JOB, *entries) == {"Run": [NEXT]}
    assert taken(JOB, *entries, ENDED_WELL) == {"Run": [NEXT], "Tell": [END]}


def test_a_run_that_an_error_or_a_request_ended_did_not_reach_the_end() -> None:
    end_state: Json = {"StartAt": "Run", "States": {"Run": {"Type": "Task", "End": True, "Catch": [CATCH_ALL]}}}
    assert taken(end_state, *RUN, failed(4, "a", 3), ("ExecutionFailed", 5, {"error": "E"})) == {}
    assert taken(end_state, *RUN, ("ExecutionAborted", 4, None)) == {}


def test_a_fail_state_leads_to_the_end() -> None:
    definition: Json = {"StartAt": "No", "States": {"No": {"Type": "Fail"}}}
    assert taken(definition, begun(), entered("No", 0, "Fail")) == {}
    assert taken(definition, begun(), entered("No", 0, "Fail"), ("ExecutionFailed", 2, {"error": "E"})) == {"No": [END]}


def test_a_loop_took_each_transition_that_one_of_its_visits_took() -> None:
    choice = {"Type": "Choice", "Choices": [{"Next": "Work"}], "Default": "Done"}
    states = {"Work": {"Type": "Pass", "Next": "More?"}, "More?": choice, "Done": {"Type": "Succeed"}}
    entries = (
        begun(), entered("Work", 0, "Pass"), exited("Work", 2, "Pass"), entered("More?", 3, "Choice"),
        exited("More?", 4, "Choice"), entered("Work", 5, "Pass"), exited("Work", 6, "Pass"),
        entered("More?", 7, "Choice"), exited("More?", 8, "Choice"), entered("Done", 9, "Succeed"),
    )  # fmt: skip
    definition: Json = {"StartAt": "Work", "States": states}
    assert taken(definition, *entries[:7]) == {"Work": [0], "More?": [0]}
    assert taken(definition, *entries) == {"Work": [0], "More?": [0, 1]}


def test_rules_of_one_kind_with_the_same_target_are_one_transition() -> None:
    choice: Json = {"Type": "Choice", "Choices": [{"Next": "A"}, {"Next": "A"}, {"Next": "B"}], "Default": "A"}
    assert [(each.to, each.kind) for each in list_transitions(choice)] == [("A", "choice"), ("B", "choice")]
    catchers = [{"ErrorEquals": ["One"], "Next": "A"}, {"ErrorEquals": ["States.ALL"], "Next": "A"}]
    (catch, following) = sorted(list_transitions({"Next": "A", "Catch": catchers}), key=lambda each: each.kind)
    assert (catch.kind, catch.errors, following.kind) == ("catch", ("One", "States.ALL"), "next")


@given(documents("Next", "Choices", "Default", "Catch", "ErrorEquals"))
def test_any_document_has_only_transitions_with_a_target(document: Json) -> None:
    state = document if isinstance(document, dict) else {"Next": document, "Choices": [document]}
    assert all(each.to for each in list_transitions(state))


@given(st.lists(st.sampled_from([entered("Run", 1), exited("Run", 2), failed(2, "a", 3), ENDED_WELL])))
def test_an_incomplete_history_takes_no_unknown_transition(entries: list[Entry]) -> None:
    found = taken(JOB, *entries)
    assert all(at in (END, NEXT, CAUGHT) for indexes in found.values() for at in indexes)
