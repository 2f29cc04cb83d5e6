"""Templates are put together from what is good, and never refer to what they do not have."""

from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.up.merge_templates import (
    hold_back_units,
    jobs_of,
    merge_units,
    resource_units,
    without_incomplete_units,
    without_triggers,
)
from lamplighter.cli.up.stack_plan import StackOrigin, StackPlan, add_origin, template_without
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack.template import build_template
from lamplighter.lang.template.references import find_references

MARK = StackOrigin("/jobs/lamplighter.yaml")
NOTHING: Json = {}


def plan(project: str = "home", channels: Json = None, **jobs: Json) -> StackPlan:
    given = {"project": project, "jobs": {name.replace("_", "-"): job for name, job in jobs.items()}}
    made = Project.model_validate({**given, "channels": channels or {"me": {"email": "a@b.example"}}})
    document = add_origin(build_template(made), Path("/jobs"), MARK)
    return StackPlan(made.prefix, dumps(document), {}, made, origin=MARK)


def job(command: str = "true", **more: Json) -> Json:
    return {"image": "busybox", "command": command, "schedule": "rate(1 hour)", "notify": "me", **more}


def held(new: StackPlan, before: Json, *which: str) -> tuple[Json, frozenset[str]]:
    found = hold_back_units(lambda without: template_without(new, without), before, frozenset(which))
    assert_whole(found[0])
    return found


def assert_whole(document: Json) -> None:
    there = {*document["Resources"], *document.get("Parameters", {})}
    for section in ("Resources", "Outputs"):
        for name, each in document.get(section, {}).items():
            lost = [other for other in find_references(each) if other not in there and not other.startswith("AWS::")]
            assert not lost, (name, lost)


def whole(made: StackPlan) -> Json:
    found = template_without(made, frozenset())
    assert found is not None
    return found


def test_each_resource_of_a_job_is_its_own_also_where_names_begin_alike() -> None:
    found = resource_units(whole(plan(a=job(), a_task=job(), schedule=job())))
    assert (found["ATask"], found["ATaskTask"], found["ATaskRole"]) == ("a", "a-task", "a")
    assert (found["ScheduleMachine"], found["ScheduleRole"], found["Schedules"]) == (
        "schedule",
        "ScheduleRole",
        "Schedules",
    )
    assert found["MeTopic"] == "MeTopic"


def test_a_new_job_that_is_held_is_left_out_and_the_others_are_as_the_plan_says() -> None:
    document, found = held(plan(a=job("new"), b=job()), NOTHING, "b")
    assert (jobs_of(document), found) == (["a"], frozenset({"b"}))
    assert "BSchedule" not in document["Resources"]


def test_a_job_that_is_held_is_as_it_was_before() -> None:
    before = whole(plan(a=job("old"), b=job("old")))
    document, _ = held(plan(a=job("new"), b=job("new")), before, "b")
    assert document["Resources"]["BTask"] == before["Resources"]["BTask"]
    assert document["Resources"]["ATask"] != before["Resources"]["ATask"]


def test_nothing_is_removed_while_a_new_job_is_held() -> None:
    before = whole(plan(old=job()))
    assert jobs_of(held(plan(new=job()), before, "new")[0]) == ["old"]
    assert jobs_of(held(plan(old=job(), new=job()), whole(plan(old=job(), gone=job())), "old")[0]) == ["new", "old"]


def test_what_refers_to_a_shared_resource_that_is_held_is_held_as_well() -> None:
    channels: Json = {"me": {"email": "a@b.example"}, "you": {"email": "c@d.example"}}
    document, found = held(plan(channels=channels, a=job(), b=job(notify="you")), NOTHING, "YouTopic")
    assert jobs_of(document) == ["a"]
    assert {"b", "YouTopic", "YouSubscription"} <= found
    assert "MeTopic" in document["Resources"]


def test_a_subscription_that_is_held_holds_no_job() -> None:
    document, found = held(plan(a=job()), NOTHING, "MeSubscription")
    assert (jobs_of(document), found) == (["a"], frozenset({"MeSubscription"}))


def test_where_every_job_is_held_and_none_was_there_before_no_job_is_left() -> None:
    assert (
        jobs_of(hold_back_units(lambda without: template_without(plan(a=job()), without), NOTHING, frozenset({"a"}))[0])
        == []
    )


def test_a_job_that_leaves_keeps_its_channel_with_its_subscription_and_starts_no_more() -> None:
    before = whole(plan(channels={"you": {"email": "c@d.example"}}, a=job(notify="you"), b=job(notify="you")))
    document = merge_units(whole(plan(b=job())), before, ["a"], triggers=False)
    assert_whole(document)
    assert {"AMachine", "ATask", "ALog", "ARunFailed", "YouTopic", "YouSubscription", "YouTopicPolicy"} <= set(
        document["Resources"]
    )
    assert not {"ASchedule", "ADidNotStart"} & set(document["Resources"])


def test_a_stack_that_goes_starts_nothing_and_leaves_its_logs() -> None:
    made = plan(a=job())
    document = without_triggers(
        {**whole(made), "Resources": build_template(made.project)["Resources"] if made.project else {}}
    )
    assert_whole(document)
    assert document["Resources"]["ALog"]["DeletionPolicy"] == "Retain"
    assert not [each for each in document["Resources"].values() if each["Type"] == "AWS::Scheduler::Schedule"]


def test_a_job_of_which_something_was_never_made_does_not_count_as_there_before() -> None:
    document = whole(plan(a=job(), b=job()))
    assert jobs_of(without_incomplete_units(document, set(document["Resources"]) - {"BTask"})) == ["a"]


@pytest.mark.parametrize("which", ["a", "b", "MeTopic", "DidNotStart", "Schedules", "Cluster", "ScheduleRole"])
@pytest.mark.parametrize("old", [False, True])
def test_whatever_is_held_what_comes_out_is_whole(which: str, *, old: bool) -> None:
    before = whole(plan(a=job("old"), c=job("old"))) if old else NOTHING
    document, _ = hold_back_units(
        lambda without: template_without(plan(a=job(), b=job(sidecars={})), without), before, frozenset({which})
    )
    assert_whole({"Resources": {}, **document})
