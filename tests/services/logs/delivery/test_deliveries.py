"""Deliveries pair a delivery source with a delivery destination; the engine stores and shows them.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateDelivery.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.services.logs.logs_harness import LogsHarness

OWNER = "us-east-1:123456789012"
BUS = f"arn:aws:events:{OWNER}:event-bus/orders"
GROUP_ARN = f"arn:aws:logs:{OWNER}:log-group:/vended:*"
BUCKET = "arn:aws:s3:::vended"


def put_source(harness: LogsHarness, name: str = "source", **params: Json) -> Json:
    given = {"name": name, "resourceArn": BUS, "logType": "ERROR_LOGS"} | params
    return harness.logs("PutDeliverySource", **given)["deliverySource"]


def put_destination(harness: LogsHarness, name: str = "target", arn: str = GROUP_ARN, **params: Json) -> Json:
    configuration = {"destinationResourceArn": arn}
    given = {"name": name, "deliveryDestinationConfiguration": configuration, **params}
    return harness.logs("PutDeliveryDestination", **given)["deliveryDestination"]


def create_delivery(harness: LogsHarness, destination: Json, source: str = "source", **params: Json) -> Json:
    given = {"deliverySourceName": source, "deliveryDestinationArn": destination["arn"], **params}
    return harness.logs("CreateDelivery", **given)["delivery"]


def test_a_source_is_shown_as_it_was_put(harness: LogsHarness) -> None:
    shown = put_source(harness, tags={"team": "night"})
    assert shown == {
        "name": "source",
        "resourceArns": [BUS],
        "service": "events",
        "logType": "ERROR_LOGS",
        "arn": f"arn:aws:logs:{OWNER}:delivery-source:source",
        "tags": {"team": "night"},
    }
    assert harness.logs("GetDeliverySource", name="source") == {"deliverySource": shown}
    assert harness.logs("DescribeDeliverySources", resourceArns=[BUS]) == {"deliverySources": [shown]}
    assert harness.logs("DescribeDeliverySources", resourceArns=[BUCKET]) == {"deliverySources": []}


@pytest.mark.parametrize(
    "wrong", [{"resourceArn": BUCKET, "logType": "ACCESS_LOGS"}, {"logType": "NO_LOGS"}, {"resourceArn": "x"}]
)
def test_a_resource_that_vends_no_such_logs_is_refused(harness: LogsHarness, wrong: Json) -> None:
    given = {"name": "source", "resourceArn": BUS, "logType": "ERROR_LOGS"} | wrong
    expected = ("ResourceNotFoundException", "Cannot access provided service.")
    assert harness.expect_error("PutDeliverySource", **given) == expected


@pytest.mark.parametrize(
    ("arn", "kind"),
    [(GROUP_ARN, "CWL"), (BUCKET, "S3"), (f"arn:aws:firehose:{OWNER}:deliverystream/s", "FH")],
)
def test_the_type_of_a_destination_follows_from_its_resource(harness: LogsHarness, arn: str, kind: str) -> None:
    shown = put_destination(harness, arn=arn, outputFormat="json")
    assert (shown["deliveryDestinationType"], shown["outputFormat"]) == (kind, "json")
    assert harness.logs("DescribeDeliveryDestinations", names=["target"]) == {"deliveryDestinations": [shown]}
    assert harness.logs("GetDeliveryDestination", name="target") == {"deliveryDestination": shown}


def test_only_traces_need_no_resource(harness: LogsHarness) -> None:
    shown = harness.logs("PutDeliveryDestination", name="traces", deliveryDestinationType="XRAY")
    assert shown["deliveryDestination"]["deliveryDestinationType"] == "XRAY"
    assert harness.expect_error("PutDeliveryDestination", name="n")[0] == "ValidationException"
    queue = {"destinationResourceArn": f"arn:aws:sqs:{OWNER}:q"}
    given = {"name": "n", "deliveryDestinationConfiguration": queue}
    assert harness.expect_error("PutDeliveryDestination", **given)[0] == "ValidationException"


def test_a_destination_keeps_its_policy_until_it_is_deleted(harness: LogsHarness) -> None:
    put_destination(harness)
    named = {"deliveryDestinationName": "target"}
    assert harness.logs("GetDeliveryDestinationPolicy", **named) == {"policy": {}}
    policy = {"policy": {"deliveryDestinationPolicy": '{"Statement":[]}'}}
    assert harness.logs("PutDeliveryDestinationPolicy", **named, **policy["policy"]) == policy
    put_destination(harness, outputFormat="plain")
    assert harness.logs("GetDeliveryDestinationPolicy", **named) == policy
    harness.logs("DeleteDeliveryDestinationPolicy", **named)
    assert harness.logs("GetDeliveryDestinationPolicy", **named) == {"policy": {}}


def test_a_delivery_is_created_changed_listed_and_deleted(harness: LogsHarness) -> None:
    put_source(harness)
    destination = put_destination(harness, arn=BUCKET)
    made = create_delivery(harness, destination, fieldDelimiter=",")
    assert made == {
        "id": made["id"],
        "arn": f"arn:aws:logs:{OWNER}:delivery:{made['id']}",
        "deliverySourceName": "source",
        "deliveryDestinationArn": destination["arn"],
        "deliveryDestinationType": "S3",
        "fieldDelimiter": ",",
    }
    harness.logs("UpdateDeliveryConfiguration", id=made["id"], s3DeliveryConfiguration={"suffixPath": "a"})
    changed = made | {"s3DeliveryConfiguration": {"suffixPath": "a"}}
    assert harness.logs("GetDelivery", id=made["id"]) == {"delivery": changed}
    assert harness.logs("DescribeDeliveries", deliverySourceNames=["source"]) == {"deliveries": [changed]}
    harness.logs("DeleteDelivery", id=made["id"])
    expected = ("ResourceNotFoundException", "Requested Delivery does not exist in this account.")
    assert harness.expect_error("GetDelivery", id=made["id"]) == expected


def test_what_a_delivery_uses_cannot_be_deleted(harness: LogsHarness) -> None:
    put_source(harness)
    made = create_delivery(harness, put_destination(harness))
    for operation, name in (("DeleteDeliverySource", "source"), ("DeleteDeliveryDestination", "target")):
        assert harness.expect_error(operation, name=name)[0] == "ConflictException"
    harness.logs("DeleteDelivery", id=made["id"])
    for operation, name in (("DeleteDeliverySource", "source"), ("DeleteDeliveryDestination", "target")):
        harness.logs(operation, name=name)
    assert harness.logs("DescribeDeliverySources") == {"deliverySources": []}


def test_a_source_has_one_delivery_to_each_type_of_destination(harness: LogsHarness) -> None:
    put_source(harness)
    create_delivery(harness, put_destination(harness))
    create_delivery(harness, put_destination(harness, "bucket", BUCKET))
    other = put_destination(harness, "other")
    given = {"deliverySourceName": "source", "deliveryDestinationArn": other["arn"]}
    assert harness.expect_error("CreateDelivery", **given)[0] == "ConflictException"


@pytest.mark.parametrize(
    ("operation", "params", "title"),
    [
        ("GetDeliverySource", {"name": "n"}, "Delivery Source"),
        ("DeleteDeliverySource", {"name": "n"}, "Delivery Source"),
        ("GetDeliveryDestination", {"name": "n"}, "Delivery Destination"),
        ("DeleteDeliveryDestination", {"name": "n"}, "Delivery Destination"),
        ("GetDeliveryDestinationPolicy", {"deliveryDestinationName": "n"}, "Delivery Destination"),
        ("DeleteDelivery", {"id": "n"}, "Delivery"),
        ("UpdateDeliveryConfiguration", {"id": "n"}, "Delivery"),
    ],
)
def test_what_does_not_exist_is_named(harness: LogsHarness, operation: str, params: Json, title: str) -> None:
    expected = ("ResourceNotFoundException", f"Requested {title} does not exist in this account.")
    assert harness.expect_error(operation, **params) == expected
