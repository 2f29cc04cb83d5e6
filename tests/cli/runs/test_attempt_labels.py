"""Attempts are labelled with as few words as distinguish them, and a job's helper states are hidden."""

from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.cli.runs.attempt_labels import labels_for
from lamplighter.runs.history.story import Attempt

RUN: Json = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": True}
OURS: Json = {**RUN, "Arguments": {"Overrides": "{% 'LAMPLIGHTER_RUN' %}"}}
TRIED = Attempt(1, "Load", ("Files[3]",), 2, "ecs:runTask.sync", 0)


def machine(**states: Json) -> Json:
    return {"StartAt": "Load", "States": states}


def test_the_only_possible_attempt_has_no_prefix() -> None:
    assert labels_for(machine(Load=RUN)).prefix(TRIED, None) == ""


def test_attempts_of_a_state_with_retry_or_catch_are_numbered() -> None:
    for field in ("Retry", "Catch"):
        labels = labels_for(machine(Load={**RUN, field: [{"ErrorEquals": ["States.ALL"]}]}))
        assert labels.prefix(TRIED, None) == "2 | "
        assert labels.title(TRIED) == "attempt 2"


def test_with_several_container_states_the_label_names_the_state() -> None:
    labels = labels_for(machine(Load=RUN, Store=RUN))
    assert labels.prefix(TRIED, "proxy") == "Files[3] Load 2 proxy | "
    assert labels.title(TRIED) == "Files[3] Load, attempt 2"


def test_an_attempt_in_a_map_is_labelled_with_its_item() -> None:
    body = {"StartAt": "Load", "States": {"Load": RUN}}
    labels = labels_for(machine(Files={"Type": "Map", "ItemProcessor": body}))
    assert labels.prefix(TRIED, None) == "Files[3] Load 2 | "


def test_a_map_without_containers_changes_no_label() -> None:
    body = {"StartAt": "Stop", "States": {"Stop": {"Type": "Pass", "End": True}}}
    labels = labels_for(machine(Load=RUN, Stop={"Type": "Map", "ItemProcessor": body}))
    assert labels.prefix(TRIED, None) == ""


def test_another_state_is_labelled_with_its_name_and_with_a_number_from_its_second_attempt() -> None:
    labels = labels_for(machine(Load=RUN))
    told = replace(TRIED, path=(), state="Tell ops", resource="sns:publish")
    assert labels.title(told) == "Tell ops, attempt 2"
    assert labels.title(replace(told, number=1)) == "Tell ops"


def test_helper_states_are_hidden_only_in_a_job_s_machine() -> None:
    assert labels_for(machine(Run=OURS)).hides("nightly: Judge")
    assert not labels_for(machine(Run=OURS)).hides("Run")
    assert not labels_for(machine(Run=RUN)).hides("Judge")
