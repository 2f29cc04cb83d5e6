"""Attempts are told apart by as few words as do, and a job's own states are known."""

from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.cli.runs.attempt_labels import labels_for
from lamplighter.runs.story import Attempt

RUN: Json = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": True}
OURS: Json = {**RUN, "Arguments": {"Overrides": "{% 'LAMPLIGHTER_RUN' %}"}}
TRIED = Attempt(1, "Load", ("Files[3]",), 2, "ecs:runTask.sync", 0)


def machine(**states: Json) -> Json:
    return {"StartAt": "Load", "States": states}


def test_the_only_attempt_that_there_can_be_has_no_name() -> None:
    assert labels_for(machine(Load=RUN)).prefix(TRIED, None) == ""


def test_a_state_that_is_retried_or_caught_has_numbered_attempts() -> None:
    for field in ("Retry", "Catch"):
        labels = labels_for(machine(Load={**RUN, field: [{"ErrorEquals": ["States.ALL"]}]}))
        assert labels.prefix(TRIED, None) == "2 | "
        assert labels.title(TRIED) == "attempt 2"


def test_where_several_states_run_containers_each_is_named() -> None:
    labels = labels_for(machine(Load=RUN, Store=RUN))
    assert labels.prefix(TRIED, "proxy") == "Files[3] Load 2 proxy | "
    assert labels.title(TRIED) == "Files[3] Load, attempt 2"


def test_a_state_that_is_done_for_many_items_is_named_by_its_item() -> None:
    body = {"StartAt": "Load", "States": {"Load": RUN}}
    labels = labels_for(machine(Files={"Type": "Map", "ItemProcessor": body}))
    assert labels.prefix(TRIED, None) == "Files[3] Load 2 | "


def test_a_map_of_other_work_changes_no_name() -> None:
    body = {"StartAt": "Stop", "States": {"Stop": {"Type": "Pass", "End": True}}}
    labels = labels_for(machine(Load=RUN, Stop={"Type": "Map", "ItemProcessor": body}))
    assert labels.prefix(TRIED, None) == ""


def test_other_work_is_called_by_its_state_and_counted_from_its_second_attempt_on() -> None:
    labels = labels_for(machine(Load=RUN))
    told = replace(TRIED, path=(), state="Tell ops", resource="sns:publish")
    assert labels.title(told) == "Tell ops, attempt 2"
    assert labels.title(replace(told, number=1)) == "Tell ops"


def test_states_are_a_job_s_own_only_in_the_machine_of_a_job() -> None:
    assert labels_for(machine(Run=OURS)).hides("nightly: Judge")
    assert not labels_for(machine(Run=OURS)).hides("Run")
    assert not labels_for(machine(Run=RUN)).hides("Judge")
