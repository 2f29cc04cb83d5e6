"""Operations on schedule groups and their tags."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.engines import ACCOUNT, CALLER, REGION
from tests.services.scheduler.desk import HOUR, Desk, request


def arn(name: str) -> str:
    return f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{name}"


def groups(desk: Desk, **params: Json) -> list[str]:
    return [each["Name"] for each in desk.call("scheduler", "ListScheduleGroups", **params)["ScheduleGroups"]]


def refused(desk: Desk, operation: str, **params: Json) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        desk.call("scheduler", operation, **params)
    return caught.value.code, caught.value.message


def test_the_default_group_is_always_there_and_cannot_be_deleted(desk: Desk) -> None:
    found = desk.call("scheduler", "GetScheduleGroup", Name="default")
    assert (found["Arn"], found["State"]) == (arn("default"), "ACTIVE")
    assert groups(desk) == ["default"]
    assert refused(desk, "DeleteScheduleGroup", Name="default")[0] == "ValidationException"
    assert refused(desk, "CreateScheduleGroup", Name="default")[0] == "ConflictException"


def test_groups_are_listed_in_pages_with_the_default_among_them(desk: Desk) -> None:
    for name in ("a", "b", "x", "y"):
        desk.call("scheduler", "CreateScheduleGroup", Name=name)
    first = desk.call("scheduler", "ListScheduleGroups", MaxResults=3)
    assert [each["Name"] for each in first["ScheduleGroups"]] == ["a", "b", "default"]
    assert groups(desk, MaxResults=3, NextToken=first["NextToken"]) == ["x", "y"]
    assert groups(desk, NamePrefix="d") == ["default"]
    assert groups(desk, NamePrefix="x") == ["x"]
    assert refused(desk, "ListScheduleGroups", NextToken="nonsense")[0] == "ValidationException"


def test_a_group_that_is_deleted_is_deleting_until_its_schedules_are_gone(desk: Desk) -> None:
    desk.call("scheduler", "CreateScheduleGroup", Name="batch")
    for number in range(5):
        desk.schedule("cron(0 1 * * ? *)", f"job-{number}", GroupName="batch")
    desk.schedule("cron(0 2 * * ? *)", "other")
    states: list[str] = []

    async def delete() -> None:
        await desk.engine.call(CALLER, "scheduler", "DeleteScheduleGroup", {"Name": "batch"})
        found = await desk.engine.call(CALLER, "scheduler", "GetScheduleGroup", {"Name": "batch"})
        states.append(found["State"])
        with pytest.raises(AwsError) as caught:
            await desk.engine.call(
                CALLER, "scheduler", "CreateSchedule", request("rate(1 hour)", "late", GroupName="batch")
            )
        states.append(caught.value.code)

    desk.run(delete())
    assert states[0] == "DELETING"
    assert states[1] in ("ConflictException", "ResourceNotFoundException")
    desk.settle()
    assert refused(desk, "GetScheduleGroup", Name="batch") == (
        "ResourceNotFoundException",
        "Schedule group batch does not exist.",
    )
    assert [each["Name"] for each in desk.call("scheduler", "ListSchedules")["Schedules"]] == ["other"]
    desk.advance(HOUR)
    assert desk.calls() == []


def test_groups_have_tags(desk: Desk) -> None:
    desk.call("scheduler", "CreateScheduleGroup", Name="g", Tags=[{"Key": "team", "Value": "night"}])
    desk.call("scheduler", "TagResource", ResourceArn=arn("g"), Tags=[{"Key": "cost", "Value": "1"}])
    desk.call("scheduler", "UntagResource", ResourceArn=arn("g"), TagKeys=["team", "none"])
    tags = desk.call("scheduler", "ListTagsForResource", ResourceArn=arn("g"))["Tags"]
    assert tags == [{"Key": "cost", "Value": "1"}]
    assert desk.call("scheduler", "ListTagsForResource", ResourceArn=arn("default"))["Tags"] == []
    assert refused(desk, "ListTagsForResource", ResourceArn=arn("none"))[0] == "ResourceNotFoundException"
    reserved = [{"Key": "aws:mine", "Value": ""}]
    assert refused(desk, "TagResource", ResourceArn=arn("g"), Tags=reserved)[0] == "ValidationException"


def test_an_account_has_at_most_500_groups(desk: Desk) -> None:
    for number in range(500):
        desk.call("scheduler", "CreateScheduleGroup", Name=f"g{number}")
    assert refused(desk, "CreateScheduleGroup", Name="more")[0] == "ServiceQuotaExceededException"
