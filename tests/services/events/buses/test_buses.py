from lamplighter.base.json_text import Json, dumps, loads
from tests.engine_harness import ACCOUNT, REGION
from tests.services.events.events_harness import EventsHarness

ARN = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/"


def list_bus_names(harness: EventsHarness, **params: object) -> list[str]:
    return [bus["Name"] for bus in harness.events("ListEventBuses", **params)["EventBuses"]]


def test_the_default_bus_always_exists(harness: EventsHarness) -> None:
    assert harness.events("DescribeEventBus")["Arn"] == f"{ARN}default"
    assert list_bus_names(harness) == ["default"]
    assert harness.expect_error("DeleteEventBus", Name="default") == (
        "ValidationException",
        "Cannot delete event bus default.",
    )


def test_a_bus_is_created_changed_and_deleted(harness: EventsHarness) -> None:
    assert harness.events("CreateEventBus", Name="mine", Description="d")["EventBusArn"] == f"{ARN}mine"
    harness.events("UpdateEventBus", Name="mine", Description="e", LogConfig={"Level": "INFO"})
    assert harness.events("DescribeEventBus", Name=f"{ARN}mine") == {
        "Name": "mine",
        "Arn": f"{ARN}mine",
        "Description": "e",
        "LogConfig": {"Level": "INFO"},
        "CreationTime": harness.clock.now() / 1000,
        "LastModifiedTime": harness.clock.now() / 1000,
    }
    harness.put_rule(EventBusName="mine")
    # https://github.com/hashicorp/terraform-provider-aws/issues/22131
    expected = ("ValidationException", "EventBus can't be deleted since it has rules.")
    assert harness.expect_error("DeleteEventBus", Name="mine") == expected
    harness.events("DeleteRule", Name="rule", EventBusName="mine")
    harness.events("DeleteEventBus", Name="mine")
    harness.events("DeleteEventBus", Name="mine")
    assert harness.expect_error("DescribeEventBus", Name="mine") == (
        "ResourceNotFoundException",
        "Event bus mine does not exist.",
    )


def test_buses_are_listed_in_pages_including_the_default_bus(harness: EventsHarness) -> None:
    for name in ("a", "z", "b"):
        harness.events("CreateEventBus", Name=name)
    first = harness.events("ListEventBuses", Limit=2)
    assert [bus["Name"] for bus in first["EventBuses"]] == ["a", "b"]
    assert list_bus_names(harness, Limit=2, NextToken=first["NextToken"]) == ["default", "z"]
    assert list_bus_names(harness, NamePrefix="d") == ["default"]
    harness.events("TagResource", ResourceARN=f"{ARN}default", Tags=[{"Key": "k", "Value": "v"}])
    assert list_bus_names(harness) == ["a", "b", "default", "z"]


def test_permissions_are_stored_shown_and_removed(harness: EventsHarness) -> None:
    condition = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"}
    harness.events("PutPermission", Action="events:PutEvents", Principal="*", StatementId="s", Condition=condition)
    policy = loads(harness.events("DescribeEventBus")["Policy"])
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
    assert harness.expect_error("RemovePermission", StatementId="t")[0] == "ResourceNotFoundException"
    harness.events("RemovePermission", StatementId="s")
    assert "Policy" not in harness.events("DescribeEventBus")


def test_an_invalid_permission_is_refused(harness: EventsHarness) -> None:
    invalid: tuple[Json, ...] = (
        {"Action": "events:PutRule", "Principal": "*", "StatementId": "s"},
        {"Action": "events:PutEvents", "StatementId": "s"},
        *(
            # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Condition.html
            {"Action": "events:PutEvents", "Principal": "*", "StatementId": "s", "Condition": condition}
            for condition in (
                {"Type": "StringLike", "Key": "aws:PrincipalOrgID", "Value": "o-1"},
                {"Type": "StringEquals", "Key": "aws:SourceAccount", "Value": "o-1"},
            )
        ),
        {"Policy": "{"},
        {"Policy": '{"Statement":["x"]}'},
    )
    for params in invalid:
        assert harness.expect_error("PutPermission", **params)[0] == "ValidationException"
    assert harness.expect_error("RemovePermission")[0] == "ValidationException"
    long = '{"Statement":[{"Sid":"' + "x" * 10_240 + '"}]}'
    assert harness.expect_error("PutPermission", Policy=long)[0] == "PolicyLengthExceededException"


def test_a_policy_about_another_bus_is_refused(harness: EventsHarness) -> None:
    """https://github.com/hashicorp/terraform-provider-aws/issues/27976"""
    statement = {"Sid": "s", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents"}
    policies = [dumps({"Version": "2012-10-17", "Statement": statement | {"Resource": f"{ARN}mine"}})]
    policies.append(dumps({"Version": "2012-10-17", "Statement": [statement | {"Resource": [f"{ARN}mine"]}]}))
    harness.events("CreateEventBus", Name="mine")
    expected = ("ValidationException", f'The relative-id "event-bus/mine" is invalid for ARN "{ARN}mine"')
    for policy in policies:
        assert harness.expect_error("PutPermission", Policy=policy) == expected
        harness.events("PutPermission", EventBusName="mine", Policy=policy)


def test_listing_the_tags_of_a_missing_resource_is_an_error(harness: EventsHarness) -> None:
    for arn in (f"{ARN}none", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/none", "arn:aws:events:x:1:other/1"):
        assert harness.expect_error("ListTagsForResource", ResourceARN=arn)[0] == "ResourceNotFoundException"
