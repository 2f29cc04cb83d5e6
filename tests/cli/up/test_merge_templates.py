"""Merged templates contain the resources that can be applied, and never refer to missing resources."""

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

ORIGIN = StackOrigin("/jobs/lamplighter.yaml")
EMPTY_TEMPLATE: Json = {}


def plan(project: str = "home", channels: Json = None, **jobs: Json) -> StackPlan:
    given = {"project": project, "jobs": {name.replace("_", "-"): job for name, job in jobs.items()}}
    made = Project.model_validate({**given, "channels": channels or {"me": {"email": "a@b.example"}}})
    document = add_origin(build_template(made, "here"), Path("/jobs"), ORIGIN)
    return StackPlan(made.prefix, dumps(document), {}, made, origin=ORIGIN)


def job(command: str = "true", **more: Json) -> Json:
    return {"image": "busybox", "command": command, "schedule": "rate(1 hour)", "notify": "me", **more}


def hold_back(new: StackPlan, before: Json, *which: str) -> tuple[Json, frozenset[str]]:
    found = hold_back_units(lambda without: template_without(new, without), before, frozenset(which))
    assert_complete(found[0])
    return found


def assert_complete(document: Json) -> None:
    existing = {*document["Resources"], *document.get("Parameters", {})}
    for section in ("Resources", "Outputs"):
        for name, each in document.get(section, {}).items():
            missing = [
                other for other in find_references(each) if other not in existing and not other.startswith("AWS::")
            ]
            assert not missing, (name, missing)


def full_template(made: StackPlan) -> Json:
    found = template_without(made, frozenset())
    assert found is not None
    return found


def test_each_resource_belongs_to_its_own_job_also_with_similar_names() -> None:
    found = resource_units(full_template(plan(a=job(), a_task=job(), schedule=job())))
    assert (found["ATask"], found["ATaskTask"], found["TaskRole"]) == ("a", "a-task", "TaskRole")
    assert (found["ScheduleMachine"], found["ScheduleRole"], found["Schedules"]) == (
        "schedule",
        "ScheduleRole",
        "Schedules",
    )
    assert found["MeTopic"] == "MeTopic"


def test_a_queue_stays_while_all_jobs_that_need_it_are_held_back() -> None:
    """SQS does not create a queue again within a minute of its deletion."""
    made = plan(bad=job(), good={"command": "true"})
    document, held = hold_back(made, EMPTY_TEMPLATE, "bad")
    assert (set(held), jobs_of(document)) == ({"bad"}, ["good"])
    assert "DidNotStart" in document["Resources"]
    assert hold_back(plan(bad=job()), EMPTY_TEMPLATE, "bad")[0].get("Resources", {}) == {}


def test_a_new_job_that_is_held_back_is_left_out_and_the_others_match_the_plan() -> None:
    document, found = hold_back(plan(a=job("new"), b=job()), EMPTY_TEMPLATE, "b")
    assert (jobs_of(document), found) == (["a"], frozenset({"b"}))
    assert "BSchedule" not in document["Resources"]


def test_a_job_that_is_held_back_stays_as_before() -> None:
    before = full_template(plan(a=job("old"), b=job("old")))
    document, _ = hold_back(plan(a=job("new"), b=job("new")), before, "b")
    assert document["Resources"]["BTask"] == before["Resources"]["BTask"]
    assert document["Resources"]["ATask"] != before["Resources"]["ATask"]


def test_nothing_is_removed_while_a_new_job_is_held_back() -> None:
    before = full_template(plan(old=job()))
    assert jobs_of(hold_back(plan(new=job()), before, "new")[0]) == ["old"]
    assert jobs_of(hold_back(plan(old=job(), new=job()), full_template(plan(old=job(), gone=job())), "old")[0]) == [
        "new",
        "old",
    ]


def test_units_that_refer_to_a_held_back_resource_are_held_back() -> None:
    channels: Json = {"me": {"email": "a@b.example"}, "you": {"email": "c@d.example"}}
    document, found = hold_back(plan(channels=channels, a=job(), b=job(notify="you")), EMPTY_TEMPLATE, "YouTopic")
    assert jobs_of(document) == ["a"]
    assert {"b", "YouTopic", "YouSubscription"} <= found
    assert "MeTopic" in document["Resources"]


def test_a_held_back_subscription_holds_back_no_job() -> None:
    document, found = hold_back(plan(a=job()), EMPTY_TEMPLATE, "MeSubscription")
    assert (jobs_of(document), found) == (["a"], frozenset({"MeSubscription"}))


def test_with_all_new_jobs_held_back_no_job_remains() -> None:
    assert (
        jobs_of(
            hold_back_units(lambda without: template_without(plan(a=job()), without), EMPTY_TEMPLATE, frozenset({"a"}))[
                0
            ]
        )
        == []
    )


def test_a_removed_job_keeps_its_channel_and_its_subscription_but_no_triggers() -> None:
    before = full_template(plan(channels={"you": {"email": "c@d.example"}}, a=job(notify="you"), b=job(notify="you")))
    document = merge_units(full_template(plan(b=job())), before, ["a"], triggers=False)
    assert_complete(document)
    assert {"AMachine", "ATask", "ALog", "ARunFailed", "YouTopic", "YouSubscription", "YouTopicPolicy"} <= set(
        document["Resources"]
    )
    assert not {"ASchedule", "ADidNotStart"} & set(document["Resources"])


def test_a_removed_stack_has_no_triggers_and_retains_its_logs() -> None:
    made = plan(a=job())
    document = without_triggers(
        {**full_template(made), "Resources": build_template(made.project, "here")["Resources"] if made.project else {}}
    )
    assert_complete(document)
    assert document["Resources"]["ALog"]["DeletionPolicy"] == "Retain"
    assert not [each for each in document["Resources"].values() if each["Type"] == "AWS::Scheduler::Schedule"]


def test_a_job_with_a_missing_resource_does_not_count_as_created() -> None:
    document = full_template(plan(a=job(), b=job()))
    assert jobs_of(without_incomplete_units(document, set(document["Resources"]) - {"BTask"})) == ["a"]


@pytest.mark.parametrize("which", ["a", "b", "MeTopic", "DidNotStart", "Schedules", "Cluster", "ScheduleRole"])
@pytest.mark.parametrize("old", [False, True])
def test_a_merged_template_is_complete_whatever_is_held_back(which: str, *, old: bool) -> None:
    before = full_template(plan(a=job("old"), c=job("old"))) if old else EMPTY_TEMPLATE
    document, _ = hold_back_units(
        lambda without: template_without(plan(a=job(), b=job(sidecars={})), without), before, frozenset({which})
    )
    assert_complete({"Resources": {}, **document})
