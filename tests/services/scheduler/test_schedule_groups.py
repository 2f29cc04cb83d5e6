"""Operations on schedule groups and their tags."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.engine_harness import ACCOUNT, CALLER, REGION
from tests.services.scheduler.scheduler_harness import HOUR, SchedulerHarness, request


def arn(name: str) -> str:
    return f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{name}"


def groups(harness: SchedulerHarness, **params: Json) -> list[str]:
    return [each["Name"] for each in harness.call("scheduler", "ListScheduleGroups", **params)["ScheduleGroups"]]


def refused(harness: SchedulerHarness, operation: str, **params: Json) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        harness.call("scheduler", operation, **params)
    return caught.value.code, caught.value.message


def test_the_default_group_is_always_there_and_cannot_be_deleted(harness: SchedulerHarness) -> None:
    found = harness.call("scheduler", "GetScheduleGroup", Name="default")
    assert (found["Arn"], found["State"]) == (arn("default"), "ACTIVE")
    assert groups(harness) == ["default"]
    assert refused(harness, "DeleteScheduleGroup", Name="default")[0] == "ValidationException"
    assert refused(harness, "CreateScheduleGroup", Name="default")[0] == "ConflictException"


def test_groups_are_listed_in_pages_with_the_default_among_them(harness: SchedulerHarness) -> None:
    for name in ("a", "b", "x", "y"):
        harness.call("scheduler", "CreateScheduleGroup", Name=name)
    first = harness.call("scheduler", "ListScheduleGroups", MaxResults=3)
    assert [each["Name"] for each in first["ScheduleGroups"]] == ["a", "b", "default"]
    assert groups(harness, MaxResults=3, NextToken=first["NextToken"]) == ["x", "y"]
    assert groups(harness, NamePrefix="d") == ["default"]
    assert groups(harness, NamePrefix="x") == ["x"]
    assert refused(harness, "ListScheduleGroups", NextToken="nonsense")[0] == "ValidationException"


def test_a_group_that_is_deleted_is_deleting_until_its_schedules_are_gone(harness: SchedulerHarness) -> None:
    harness.call("scheduler", "CreateScheduleGroup", Name="batch")
    for number in range(5):
        harness.schedule("cron(0 1 * * ? *)", f"job-{number}", GroupName="batch")
    harness.schedule("cron(0 2 * * ? *)", "other")
    states: list[str] = []

    async def delete() -> None:
        await harness.engine.call(CALLER, "scheduler", "DeleteScheduleGroup", {"Name": "batch"})
        found = await harness.engine.call(CALLER, "scheduler", "GetScheduleGroup", {"Name": "batch"})
        states.append(found["State"])
        with pytest.raises(AwsError) as caught:
            await harness.engine.call(
                CALLER, "scheduler", "CreateSchedule", request("rate(1 hour)", "late", GroupName="batch")
            )
        states.append(caught.value.code)

    harness.run(delete())
    assert states[0] == "DELETING"
    assert states[1] in ("ConflictException", "ResourceNotFoundException")
    harness.settle()
    assert refused(harness, "GetScheduleGroup", Name="batch") == (
        "ResourceNotFoundException",
        "Schedule group batch does not exist.",
    )
    assert [each["Name"] for each in harness.call("scheduler", "ListSchedules")["Schedules"]] == ["other"]
    harness.advance(HOUR)
    assert harness.calls() == []


def test_groups_have_tags(harness: SchedulerHarness) -> None:
    harness.call("scheduler", "CreateScheduleGroup", Name="g", Tags=[{"Key": "team", "Value": "night"}])
    harness.call("scheduler", "TagResource", ResourceArn=arn("g"), Tags=[{"Key": "cost", "Value": "1"}])
    harness.call("scheduler", "UntagResource", ResourceArn=arn("g"), TagKeys=["team", "none"])
    tags = harness.call("scheduler", "ListTagsForResource", ResourceArn=arn("g"))["Tags"]
    assert tags == [{"Key": "cost", "Value": "1"}]
    assert harness.call("scheduler", "ListTagsForResource", ResourceArn=arn("default"))["Tags"] == []
    assert refused(harness, "ListTagsForResource", ResourceArn=arn("none"))[0] == "ResourceNotFoundException"
    reserved = [{"Key": "aws:mine", "Value": ""}]
    assert refused(harness, "TagResource", ResourceArn=arn("g"), Tags=reserved)[0] == "ValidationException"


def test_an_account_has_at_most_500_groups(harness: SchedulerHarness) -> None:
    for number in range(500):
        harness.call("scheduler", "CreateScheduleGroup", Name=f"g{number}")
    assert refused(harness, "CreateScheduleGroup", Name="more")[0] == "ServiceQuotaExceededException"
