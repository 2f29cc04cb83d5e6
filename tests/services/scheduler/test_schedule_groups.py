"""Operations on schedule groups and their tags."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.engine_harness import ACCOUNT, CALLER, REGION
from tests.services.scheduler.scheduler_harness import HOUR, SchedulerHarness, schedule_request


def group_arn(name: str) -> str:
    return f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{name}"


def list_group_names(harness: SchedulerHarness, **params: Json) -> list[str]:
    return [each["Name"] for each in harness.call("scheduler", "ListScheduleGroups", **params)["ScheduleGroups"]]


def expect_error(harness: SchedulerHarness, operation: str, **params: Json) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        harness.call("scheduler", operation, **params)
    return caught.value.code, caught.value.message


def test_the_default_group_always_exists_and_cannot_be_deleted(harness: SchedulerHarness) -> None:
    found = harness.call("scheduler", "GetScheduleGroup", Name="default")
    assert (found["Arn"], found["State"]) == (group_arn("default"), "ACTIVE")
    assert list_group_names(harness) == ["default"]
    assert expect_error(harness, "DeleteScheduleGroup", Name="default")[0] == "ValidationException"
    assert expect_error(harness, "CreateScheduleGroup", Name="default")[0] == "ConflictException"


def test_groups_are_listed_in_pages_including_the_default_group(harness: SchedulerHarness) -> None:
    for name in ("a", "b", "x", "y"):
        harness.call("scheduler", "CreateScheduleGroup", Name=name)
    first = harness.call("scheduler", "ListScheduleGroups", MaxResults=3)
    assert [each["Name"] for each in first["ScheduleGroups"]] == ["a", "b", "default"]
    assert list_group_names(harness, MaxResults=3, NextToken=first["NextToken"]) == ["x", "y"]
    assert list_group_names(harness, NamePrefix="d") == ["default"]
    assert list_group_names(harness, NamePrefix="x") == ["x"]
    assert expect_error(harness, "ListScheduleGroups", NextToken="nonsense")[0] == "ValidationException"


def test_a_deleted_group_has_the_state_deleting_until_its_schedules_are_gone(harness: SchedulerHarness) -> None:
    harness.call("scheduler", "CreateScheduleGroup", Name="batch")
    for number in range(5):
        harness.create_schedule("cron(0 1 * * ? *)", f"job-{number}", GroupName="batch")
    harness.create_schedule("cron(0 2 * * ? *)", "other")
    states: list[str] = []

    async def delete() -> None:
        await harness.engine.call(CALLER, "scheduler", "DeleteScheduleGroup", {"Name": "batch"})
        found = await harness.engine.call(CALLER, "scheduler", "GetScheduleGroup", {"Name": "batch"})
        states.append(found["State"])
        with pytest.raises(AwsError) as caught:
            await harness.engine.call(
                CALLER, "scheduler", "CreateSchedule", schedule_request("rate(1 hour)", "late", GroupName="batch")
            )
        states.append(caught.value.code)

    harness.run(delete())
    assert states[0] == "DELETING"
    assert states[1] in ("ConflictException", "ResourceNotFoundException")
    harness.settle()
    assert expect_error(harness, "GetScheduleGroup", Name="batch") == (
        "ResourceNotFoundException",
        "Schedule group batch does not exist.",
    )
    assert [each["Name"] for each in harness.call("scheduler", "ListSchedules")["Schedules"]] == ["other"]
    harness.advance(HOUR)
    assert harness.calls() == []


def test_groups_have_tags(harness: SchedulerHarness) -> None:
    harness.call("scheduler", "CreateScheduleGroup", Name="g", Tags=[{"Key": "team", "Value": "night"}])
    harness.call("scheduler", "TagResource", ResourceArn=group_arn("g"), Tags=[{"Key": "cost", "Value": "1"}])
    harness.call("scheduler", "UntagResource", ResourceArn=group_arn("g"), TagKeys=["team", "none"])
    tags = harness.call("scheduler", "ListTagsForResource", ResourceArn=group_arn("g"))["Tags"]
    assert tags == [{"Key": "cost", "Value": "1"}]
    assert harness.call("scheduler", "ListTagsForResource", ResourceArn=group_arn("default"))["Tags"] == []
    assert expect_error(harness, "ListTagsForResource", ResourceArn=group_arn("none"))[0] == "ResourceNotFoundException"
    reserved = [{"Key": "aws:mine", "Value": ""}]
    assert expect_error(harness, "TagResource", ResourceArn=group_arn("g"), Tags=reserved)[0] == "ValidationException"


def test_an_account_has_at_most_500_groups(harness: SchedulerHarness) -> None:
    for number in range(500):
        harness.call("scheduler", "CreateScheduleGroup", Name=f"g{number}")
    assert expect_error(harness, "CreateScheduleGroup", Name="more")[0] == "ServiceQuotaExceededException"
