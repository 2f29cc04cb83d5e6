from lamplighter.base.json_text import loads
from tests.engines import ACCOUNT, REGION
from tests.services.events.hall import Hall

ARN = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/"


def names(hall: Hall, **params: object) -> list[str]:
    return [bus["Name"] for bus in hall.events("ListEventBuses", **params)["EventBuses"]]


def test_the_default_bus_is_always_there(hall: Hall) -> None:
    assert hall.events("DescribeEventBus")["Arn"] == f"{ARN}default"
    assert names(hall) == ["default"]
    assert hall.refused("DeleteEventBus", Name="default") == (
        "ValidationException",
        "Cannot delete event bus default.",
    )


def test_a_bus_is_made_changed_and_deleted(hall: Hall) -> None:
    assert hall.events("CreateEventBus", Name="mine", Description="d")["EventBusArn"] == f"{ARN}mine"
    hall.events("UpdateEventBus", Name="mine", Description="e", LogConfig={"Level": "INFO"})
    assert hall.events("DescribeEventBus", Name=f"{ARN}mine") == {
        "Name": "mine",
        "Arn": f"{ARN}mine",
        "Description": "e",
        "LogConfig": {"Level": "INFO"},
        "CreationTime": hall.clock.now() / 1000,
        "LastModifiedTime": hall.clock.now() / 1000,
    }
    hall.rule(EventBusName="mine")
    assert hall.refused("DeleteEventBus", Name="mine")[0] == "ValidationException"
    hall.events("DeleteRule", Name="rule", EventBusName="mine")
    hall.events("DeleteEventBus", Name="mine")
    hall.events("DeleteEventBus", Name="mine")
    assert hall.refused("DescribeEventBus", Name="mine") == (
        "ResourceNotFoundException",
        "Event bus mine does not exist.",
    )


def test_buses_are_listed_in_pages_with_the_default_bus_among_them(hall: Hall) -> None:
    for name in ("a", "z", "b"):
        hall.events("CreateEventBus", Name=name)
    first = hall.events("ListEventBuses", Limit=2)
    assert [bus["Name"] for bus in first["EventBuses"]] == ["a", "b"]
    assert names(hall, Limit=2, NextToken=first["NextToken"]) == ["default", "z"]
    assert names(hall, NamePrefix="d") == ["default"]
    hall.events("TagResource", ResourceARN=f"{ARN}default", Tags=[{"Key": "k", "Value": "v"}])
    assert names(hall) == ["a", "b", "default", "z"]


def test_permissions_are_kept_and_shown(hall: Hall) -> None:
    condition = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"}
    hall.events("PutPermission", Action="events:PutEvents", Principal="*", StatementId="s", Condition=condition)
    policy = loads(hall.events("DescribeEventBus")["Policy"])
    assert policy["Statement"] == [
        {
            "Sid": "s",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "events:PutEvents",
            "Resource": f"{ARN}default",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        }
    ]
    assert hall.refused("RemovePermission", StatementId="t")[0] == "ResourceNotFoundException"
    hall.events("RemovePermission", StatementId="s")
    assert "Policy" not in hall.events("DescribeEventBus")


def test_what_is_no_permission_is_refused(hall: Hall) -> None:
    for params in (
        {"Action": "events:PutRule", "Principal": "*", "StatementId": "s"},
        {"Action": "events:PutEvents", "StatementId": "s"},
        {"Policy": "{"},
        {"Policy": '{"Statement":["x"]}'},
    ):
        assert hall.refused("PutPermission", **params)[0] == "ValidationException"
    assert hall.refused("RemovePermission")[0] == "ValidationException"
    long = '{"Statement":[{"Sid":"' + "x" * 10_240 + '"}]}'
    assert hall.refused("PutPermission", Policy=long)[0] == "PolicyLengthExceededException"


def test_tags_of_what_is_not_there_are_refused(hall: Hall) -> None:
    for arn in (f"{ARN}none", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/none", "arn:aws:events:x:1:other/1"):
        assert hall.refused("ListTagsForResource", ResourceARN=arn)[0] == "ResourceNotFoundException"


def test_there_are_no_partners_and_no_global_endpoints(hall: Hall) -> None:
    assert hall.events("ListEventSources") == {"EventSources": []}
    assert hall.events("ListEndpoints") == {"Endpoints": []}
