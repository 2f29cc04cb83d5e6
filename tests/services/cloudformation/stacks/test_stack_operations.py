"""What else can be done to stacks: rolled back, deleted by force, guarded by policies; and events by operation."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from tests.engines import ACCOUNT, REGION
from tests.services.cloudformation.office import Office, body, queue, topic

BAD = queue(DelaySeconds=99_999)
ALL = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
RULE = {"Type": "AWS::Events::Rule", "Properties": {"Name": "nightly", "ScheduleExpression": "rate(1 day)"}}


def deny(action: str, resource: str, **more: Json) -> str:
    """A policy that allows everything but one thing."""
    denied = {"Effect": "Deny", "Action": action, "Principal": "*", "Resource": resource, **more}
    return dumps({"Statement": [ALL, denied]})


# --- rolling back and deleting ----------------------------------------------------------------------------------------


def test_a_failed_update_that_was_kept_is_rolled_back_on_demand(office: Office) -> None:
    office.create(body(Q=queue(DelaySeconds=1)))
    office.update(body(Q=queue(DelaySeconds=2), Bad=BAD | {"DependsOn": "Q"}), DisableRollback=True)
    assert office.state() == "UPDATE_FAILED"
    answer = office.cf("RollbackStack", StackName="stack", ClientRequestToken="back")
    office.settle()
    assert office.state() == "UPDATE_ROLLBACK_COMPLETE"
    url = office.physical("Q")
    attributes = office.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]
    assert attributes == {"DelaySeconds": "1"}
    assert office.cf("RollbackStack", StackName="stack", ClientRequestToken="back") == answer


def test_a_failed_creation_that_was_kept_is_deleted_by_its_rollback(office: Office) -> None:
    kept = queue() | {"DeletionPolicy": "RetainExceptOnCreate"}
    key = office.create(body(Q=kept, Bad=BAD | {"DependsOn": "Q"}), OnFailure="DO_NOTHING")
    office.cf("RollbackStack", StackName="stack")
    office.settle()
    assert office.state(key) == "DELETE_COMPLETE"
    assert office.queues() == []


def test_only_what_failed_is_rolled_back_on_demand(office: Office) -> None:
    office.create(body(Q=queue()))
    with pytest.raises(AwsError, match="is in CREATE_COMPLETE state and can not be rolled back"):
        office.cf("RollbackStack", StackName="stack")


def test_a_stack_that_cannot_be_deleted_is_deleted_by_force(office: Office) -> None:
    key = office.create(body(R=RULE, Q=queue()))
    with pytest.raises(AwsError, match="FORCE_DELETE_STACK may be used only when"):
        office.delete(DeletionMode="FORCE_DELETE_STACK")
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:other"}
    office.call("events", "PutTargets", Rule="nightly", Targets=[target])
    office.delete()
    assert office.state() == "DELETE_FAILED"
    office.delete(DeletionMode="FORCE_DELETE_STACK")
    assert office.state(key) == "DELETE_COMPLETE"
    assert ("R", "DELETE_SKIPPED") in office.events(key)
    assert office.stack(key)["DeletionMode"] == "FORCE_DELETE_STACK"


def test_what_is_to_be_retained_goes_with_a_rollback_where_that_is_asked_for(office: Office) -> None:
    kept = queue() | {"DeletionPolicy": "Retain"}
    office.create(body(Q=kept, Bad=BAD | {"DependsOn": "Q"}), RetainExceptOnCreate=True)
    assert office.state() == "ROLLBACK_COMPLETE"
    assert office.queues() == []
    office.delete()
    office.create(body(T=topic()))
    office.update(body(T=topic(), Q=kept, Bad=BAD | {"DependsOn": "Q"}), RetainExceptOnCreate=True)
    assert office.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert office.queues() == []


def test_only_the_types_that_are_named_are_made(office: Office) -> None:
    with pytest.raises(AwsError, match=r"Resource type AWS::SNS::Topic is not allowed by parameter ResourceTypes"):
        office.create(body(T=topic()), ResourceTypes=["AWS::SQS::*"])
    office.create(body(Q=queue()), ResourceTypes=["AWS::SQS::*"])
    assert office.state() == "CREATE_COMPLETE"


def test_how_a_stack_is_to_be_watched_is_kept_and_shown(office: Office) -> None:
    office.create(body(Q=queue()), RollbackConfiguration={"MonitoringTimeInMinutes": 5})
    assert office.stack()["RollbackConfiguration"] == {"MonitoringTimeInMinutes": 5}


def test_nothing_here_waits_for_a_signal(office: Office) -> None:
    office.create(body(Q=queue()))
    with pytest.raises(AwsError, match="Resource Q is in CREATE_COMPLETE state and can not be signaled"):
        office.cf("SignalResource", StackName="stack", LogicalResourceId="Q", UniqueId="1", Status="SUCCESS")


# --- policies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "after"),
    [
        ("Update:Modify", body(Q=queue(QueueName="one", DelaySeconds=2), T=topic())),
        ("Update:Replace", body(Q=queue(QueueName="two"), T=topic())),
        ("Update:Delete", body(T=topic())),
    ],
)
def test_a_policy_keeps_a_resource_from_an_update(office: Office, action: str, after: str) -> None:
    before = body(Q=queue(QueueName="one"), T=topic())
    office.create(before, StackPolicyBody=deny(action, "LogicalResourceId/Q"))
    office.update(after)
    assert office.state() == "UPDATE_ROLLBACK_COMPLETE"
    told = f"Statement [#2] does not allow [{action}] for resource [LogicalResourceId/Q]"
    assert any(told in reason for reason in office.reasons())
    assert office.queues() == ["one"]


def test_a_policy_is_put_aside_for_one_update(office: Office) -> None:
    office.create(body(Q=queue()), StackPolicyBody=deny("Update:*", "*"))
    office.update(body(Q=queue(DelaySeconds=2)), StackPolicyDuringUpdateBody=dumps({"Statement": [ALL]}))
    assert office.state() == "UPDATE_COMPLETE"
    office.update(body(Q=queue(DelaySeconds=3)))
    assert office.state() == "UPDATE_ROLLBACK_COMPLETE"


def test_what_no_statement_allows_is_denied(office: Office) -> None:
    only_topics = {**ALL, "Condition": {"StringEquals": {"ResourceType": ["AWS::SNS::Topic"]}}}
    office.create(body(Q=queue(), T=topic()), StackPolicyBody=dumps({"Statement": [only_topics]}))
    office.update(body(Q=queue(), T=topic(DisplayName="new")))
    assert office.state() == "UPDATE_COMPLETE"
    office.update(body(Q=queue(DelaySeconds=2), T=topic(DisplayName="new")))
    assert office.state() == "UPDATE_ROLLBACK_COMPLETE"


def test_what_an_update_adds_needs_nobody_s_leave(office: Office) -> None:
    office.create(body(Q=queue()), StackPolicyBody=deny("Update:*", "*"))
    office.update(body(Q=queue(), New=queue()))
    assert office.state() == "UPDATE_COMPLETE"


# --- events -----------------------------------------------------------------------------------------------------------


def operation_events(office: Office, **params: Json) -> list[Json]:
    events: list[Json] = office.cf("DescribeEvents", **params)["OperationEvents"]
    return events


def test_events_are_told_by_operation(office: Office) -> None:
    first = office.cf("CreateStack", StackName="stack", TemplateBody=body(Q=queue()))["OperationId"]
    office.settle()
    second = office.cf("UpdateStack", StackName="stack", TemplateBody=body(Q=queue(), Bad=BAD))["OperationId"]
    office.settle()
    made = operation_events(office, OperationId=first)
    assert {(event["OperationType"], event["OperationId"]) for event in made} == {("CREATE_STACK", first)}
    assert (made[0]["EventType"], made[0]["OperationStatus"]) == ("STACK_EVENT", "SUCCEEDED")
    (failed,) = operation_events(office, OperationId=second, Filters={"FailedEvents": True})
    assert (failed["EventType"], failed["LogicalResourceId"]) == ("PROVISIONING_ERROR", "Bad")
    kinds = [each["OperationType"] for each in office.stack()["LastOperations"]]
    assert kinds == ["ROLLBACK", "UPDATE_STACK"]
    everything = operation_events(office, StackName="stack")
    assert {event["OperationType"] for event in everything} == {"CREATE_STACK", "UPDATE_STACK", "ROLLBACK"}
    with pytest.raises(AwsError, match="One of ChangeSetName, OperationId or StackName"):
        operation_events(office)


def test_events_of_an_operation_come_in_pages(office: Office) -> None:
    office.create(body(**{f"Q{number}": queue() for number in range(40)}))
    first = office.cf("DescribeEvents", StackName="stack")
    second = office.cf("DescribeEvents", StackName="stack", NextToken=first["NextToken"])
    keys = [event["EventId"] for page in (first, second) for event in page["OperationEvents"]]
    assert len(set(keys)) == len(keys) == 2 + 3 * 40


def test_a_change_set_tells_how_it_was_made(office: Office) -> None:
    office.create(body(Q=queue()))
    office.cf("CreateChangeSet", StackName="stack", ChangeSetName="none", TemplateBody=body(Q=queue()))
    (failed,) = operation_events(office, StackName="stack", ChangeSetName="none", Filters={"FailedEvents": True})
    assert (failed["OperationType"], failed["OperationStatus"]) == ("CREATE_CHANGESET", "FAILED")


def test_the_times_of_a_stack_s_events_rise(office: Office) -> None:
    office.create(body(A=queue(), B=queue()))
    told = office.cf("DescribeStackEvents", StackName="stack")["StackEvents"]
    times = [event["Timestamp"] for event in reversed(told)]
    assert times == sorted(set(times))
