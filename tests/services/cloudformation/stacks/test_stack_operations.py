"""Other operations on stacks: rollback, forced deletion, stack policies, and events by operation."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from tests.engine_harness import ACCOUNT, REGION
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue, topic

BAD = queue(DelaySeconds=99_999)
ALL = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
RULE = {"Type": "AWS::Events::Rule", "Properties": {"Name": "nightly", "ScheduleExpression": "rate(1 day)"}}


def deny(action: str, resource: str, **more: Json) -> str:
    """Return a stack policy that allows everything but one action on one resource."""
    denied = {"Effect": "Deny", "Action": action, "Principal": "*", "Resource": resource, **more}
    return dumps({"Statement": [ALL, denied]})


# --- rolling back and deleting ----------------------------------------------------------------------------------------


def test_a_failed_update_without_automatic_rollback_is_rolled_back_on_request(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue(DelaySeconds=1)))
    harness.update(body(Q=queue(DelaySeconds=2), Bad=BAD | {"DependsOn": "Q"}), DisableRollback=True)
    assert harness.state() == "UPDATE_FAILED"
    answer = harness.cloudformation("RollbackStack", StackName="stack", ClientRequestToken="back")
    harness.settle()
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
    url = harness.physical("Q")
    attributes = harness.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]
    assert attributes == {"DelaySeconds": "1"}
    assert harness.cloudformation("RollbackStack", StackName="stack", ClientRequestToken="back") == answer


def test_rolling_back_a_failed_creation_deletes_the_stack(harness: CloudFormationHarness) -> None:
    retained = queue() | {"DeletionPolicy": "RetainExceptOnCreate"}
    key = harness.create(body(Q=retained, Bad=BAD | {"DependsOn": "Q"}), OnFailure="DO_NOTHING")
    harness.cloudformation("RollbackStack", StackName="stack")
    harness.settle()
    assert harness.state(key) == "DELETE_COMPLETE"
    assert harness.queues() == []


def test_only_a_failed_stack_can_be_rolled_back_on_request(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    with pytest.raises(AwsError, match="is in CREATE_COMPLETE state and can not be rolled back"):
        harness.cloudformation("RollbackStack", StackName="stack")


def test_a_stack_whose_deletion_failed_can_be_force_deleted(harness: CloudFormationHarness) -> None:
    key = harness.create(body(R=RULE, Q=queue()))
    with pytest.raises(AwsError, match="FORCE_DELETE_STACK may be used only when"):
        harness.delete(DeletionMode="FORCE_DELETE_STACK")
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:other"}
    harness.call("events", "PutTargets", Rule="nightly", Targets=[target])
    harness.delete()
    assert harness.state() == "DELETE_FAILED"
    harness.delete(DeletionMode="FORCE_DELETE_STACK")
    assert harness.state(key) == "DELETE_COMPLETE"
    assert ("R", "DELETE_SKIPPED") in harness.events(key)
    assert harness.stack(key)["DeletionMode"] == "FORCE_DELETE_STACK"


def test_a_rollback_deletes_retained_resources_if_retain_except_on_create_is_set(
    harness: CloudFormationHarness,
) -> None:
    retained = queue() | {"DeletionPolicy": "Retain"}
    harness.create(body(Q=retained, Bad=BAD | {"DependsOn": "Q"}), RetainExceptOnCreate=True)
    assert harness.state() == "ROLLBACK_COMPLETE"
    assert harness.queues() == []
    harness.delete()
    harness.create(body(T=topic()))
    harness.update(body(T=topic(), Q=retained, Bad=BAD | {"DependsOn": "Q"}), RetainExceptOnCreate=True)
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert harness.queues() == []


def test_only_the_given_resource_types_may_be_created(harness: CloudFormationHarness) -> None:
    with pytest.raises(AwsError, match=r"Resource type AWS::SNS::Topic is not allowed by parameter ResourceTypes"):
        harness.create(body(T=topic()), ResourceTypes=["AWS::SQS::*"])
    harness.create(body(Q=queue()), ResourceTypes=["AWS::SQS::*"])
    assert harness.state() == "CREATE_COMPLETE"


def test_the_rollback_configuration_is_stored_and_returned(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()), RollbackConfiguration={"MonitoringTimeInMinutes": 5})
    assert harness.stack()["RollbackConfiguration"] == {"MonitoringTimeInMinutes": 5}


def test_a_resource_accepts_no_signals(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    with pytest.raises(AwsError, match="Resource Q is in CREATE_COMPLETE state and can not be signaled"):
        harness.cloudformation(
            "SignalResource", StackName="stack", LogicalResourceId="Q", UniqueId="1", Status="SUCCESS"
        )


# --- policies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "after"),
    [
        ("Update:Modify", body(Q=queue(QueueName="one", DelaySeconds=2), T=topic())),
        ("Update:Replace", body(Q=queue(QueueName="two"), T=topic())),
        ("Update:Delete", body(T=topic())),
    ],
)
def test_a_stack_policy_prevents_the_update_of_a_resource(
    harness: CloudFormationHarness, action: str, after: str
) -> None:
    before = body(Q=queue(QueueName="one"), T=topic())
    harness.create(before, StackPolicyBody=deny(action, "LogicalResourceId/Q"))
    harness.update(after)
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
    expected = f"Statement [#2] does not allow [{action}] for resource [LogicalResourceId/Q]"
    assert any(expected in reason for reason in harness.reasons())
    assert harness.queues() == ["one"]


def test_a_stack_policy_can_be_overridden_for_one_update(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()), StackPolicyBody=deny("Update:*", "*"))
    harness.update(body(Q=queue(DelaySeconds=2)), StackPolicyDuringUpdateBody=dumps({"Statement": [ALL]}))
    assert harness.state() == "UPDATE_COMPLETE"
    harness.update(body(Q=queue(DelaySeconds=3)))
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"


def test_an_update_that_no_policy_statement_allows_is_denied(harness: CloudFormationHarness) -> None:
    only_topics = {**ALL, "Condition": {"StringEquals": {"ResourceType": ["AWS::SNS::Topic"]}}}
    harness.create(body(Q=queue(), T=topic()), StackPolicyBody=dumps({"Statement": [only_topics]}))
    harness.update(body(Q=queue(), T=topic(DisplayName="new")))
    assert harness.state() == "UPDATE_COMPLETE"
    harness.update(body(Q=queue(DelaySeconds=2), T=topic(DisplayName="new")))
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"


def test_a_stack_policy_does_not_apply_to_new_resources(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()), StackPolicyBody=deny("Update:*", "*"))
    harness.update(body(Q=queue(), New=queue()))
    assert harness.state() == "UPDATE_COMPLETE"


# --- events -----------------------------------------------------------------------------------------------------------


def operation_events(harness: CloudFormationHarness, **params: Json) -> list[Json]:
    events: list[Json] = harness.cloudformation("DescribeEvents", **params)["OperationEvents"]
    return events


def test_events_are_listed_by_operation(harness: CloudFormationHarness) -> None:
    first = harness.cloudformation("CreateStack", StackName="stack", TemplateBody=body(Q=queue()))["OperationId"]
    harness.settle()
    second = harness.cloudformation("UpdateStack", StackName="stack", TemplateBody=body(Q=queue(), Bad=BAD))[
        "OperationId"
    ]
    harness.settle()
    made = operation_events(harness, OperationId=first)
    assert {(event["OperationType"], event["OperationId"]) for event in made} == {("CREATE_STACK", first)}
    assert (made[0]["EventType"], made[0]["OperationStatus"]) == ("STACK_EVENT", "SUCCEEDED")
    (failed,) = operation_events(harness, OperationId=second, Filters={"FailedEvents": True})
    assert (failed["EventType"], failed["LogicalResourceId"]) == ("PROVISIONING_ERROR", "Bad")
    kinds = [each["OperationType"] for each in harness.stack()["LastOperations"]]
    assert kinds == ["ROLLBACK", "UPDATE_STACK"]
    everything = operation_events(harness, StackName="stack")
    assert {event["OperationType"] for event in everything} == {"CREATE_STACK", "UPDATE_STACK", "ROLLBACK"}
    with pytest.raises(AwsError, match="One of ChangeSetName, OperationId or StackName"):
        operation_events(harness)


def test_events_of_an_operation_are_paginated(harness: CloudFormationHarness) -> None:
    harness.create(body(**{f"Q{number}": queue() for number in range(40)}))
    first = harness.cloudformation("DescribeEvents", StackName="stack")
    second = harness.cloudformation("DescribeEvents", StackName="stack", NextToken=first["NextToken"])
    keys = [event["EventId"] for page in (first, second) for event in page["OperationEvents"]]
    assert len(set(keys)) == len(keys) == 2 + 3 * 40


def test_the_events_of_a_change_set_report_its_creation(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    harness.cloudformation("CreateChangeSet", StackName="stack", ChangeSetName="none", TemplateBody=body(Q=queue()))
    (failed,) = operation_events(harness, StackName="stack", ChangeSetName="none", Filters={"FailedEvents": True})
    assert (failed["OperationType"], failed["OperationStatus"]) == ("CREATE_CHANGESET", "FAILED")


def test_the_timestamps_of_a_stack_s_events_increase(harness: CloudFormationHarness) -> None:
    harness.create(body(A=queue(), B=queue()))
    events = harness.cloudformation("DescribeStackEvents", StackName="stack")["StackEvents"]
    times = [event["Timestamp"] for event in reversed(events)]
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"DeletionPolicy": "Forget"}, "Template format error: Unrecognized DeletionPolicy Forget for resource Q"),
        (
            {"UpdateReplacePolicy": "RetainExceptOnCreate"},
            "Template format error: Unrecognized UpdateReplacePolicy RetainExceptOnCreate for resource Q",
        ),
        ({"DeletionPolicy": ["Retain"]}, "Template format error: Every DeletionPolicy member must be a string."),
    ],
)
def test_a_policy_that_is_not_known_is_refused(harness: CloudFormationHarness, members: Json, message: str) -> None:
    with pytest.raises(AwsError) as error:
        harness.create(body(Q=queue() | members))
    assert (error.value.code, error.value.message) == ("ValidationError", message)


def test_a_property_that_the_type_does_not_have_fails_its_resource(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue(DelaySecond=5)))
    assert harness.state() == "ROLLBACK_COMPLETE"
    why = "Properties validation failed for resource Q with message: #: extraneous key [DelaySecond] is not permitted"
    assert why in harness.reasons()


def test_a_stack_name_that_is_too_long_is_refused(harness: CloudFormationHarness) -> None:
    with pytest.raises(AwsError, match="Member must have length less than or equal to 128"):
        harness.create(body(Q=queue()), name="a" * 129)


def test_a_resource_that_was_never_made_is_deleted_without_a_beginning(harness: CloudFormationHarness) -> None:
    bad = queue(QueueName="not a name")
    harness.create(body(Bad=bad))
    assert [status for name, status in harness.events() if name == "Bad"] == [
        *("CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_COMPLETE")
    ]
    harness.create(body(Q=queue()), name="other")
    harness.update(body(Q=queue(), Bad=bad), name="other")
    assert [status for name, status in harness.events("other") if name == "Bad"] == [
        *("CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_COMPLETE")
    ]
