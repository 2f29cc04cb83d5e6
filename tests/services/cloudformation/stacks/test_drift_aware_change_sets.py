"""A change set with DeploymentMode REVERT_DRIFT begins with the actual state of the resources."""

from lamplighter.base.json_text import Json, loads
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue, topic

NAMED: Json = {"StackName": "stack", "ChangeSetName": "change"}


def group(days: int) -> Json:
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "mine", "RetentionInDays": days}}


def set_retention(harness: CloudFormationHarness, days: int) -> None:
    harness.call("logs", "PutRetentionPolicy", logGroupName="mine", retentionInDays=days)


def retention(harness: CloudFormationHarness) -> int:
    (found,) = harness.call("logs", "DescribeLogGroups", logGroupNamePrefix="mine")["logGroups"]
    days: int = found["retentionInDays"]
    return days


def revert(harness: CloudFormationHarness, text: str) -> Json:
    harness.cloudformation("CreateChangeSet", **NAMED, TemplateBody=text, DeploymentMode="REVERT_DRIFT")
    return harness.cloudformation("DescribeChangeSet", **NAMED, IncludePropertyValues=True)


def execute(harness: CloudFormationHarness) -> None:
    harness.cloudformation("ExecuteChangeSet", **NAMED)
    harness.settle()


def test_a_changed_property_is_shown_with_both_states_and_reverted(harness: CloudFormationHarness) -> None:
    harness.create(body(G=group(7), T=topic()))
    set_retention(harness, 30)
    described = revert(harness, body(G=group(7), T=topic()))
    assert (described["DeploymentMode"], described["StackDriftStatus"]) == ("REVERT_DRIFT", "DRIFTED")
    (change,) = (each["ResourceChange"] for each in described["Changes"])
    assert (change["Action"], change["ResourceDriftStatus"]) == ("Modify", "MODIFIED")
    contexts = [loads(change[name])["Properties"] for name in ("BeforeContext", "PreviousDeploymentContext")]
    assert [each["RetentionInDays"] for each in contexts] == ["30", "7"]
    (detail,) = change["Details"]
    target = detail["Target"]
    assert (target["BeforeValue"], target["BeforeValueFrom"]) == ("30", "ACTUAL_STATE")
    assert (target["AfterValue"], target["AfterValueFrom"]) == ("7", "TEMPLATE")
    assert (target["Drift"]["PreviousValue"], target["Drift"]["ActualValue"]) == ("7", "30")
    execute(harness)
    assert (harness.state(), retention(harness)) == ("UPDATE_COMPLETE", 7)


def test_a_template_that_states_the_actual_value_changes_nothing(harness: CloudFormationHarness) -> None:
    harness.create(body(G=group(7)))
    set_retention(harness, 30)
    described = revert(harness, body(G=group(30)))
    (change,) = (each["ResourceChange"] for each in described["Changes"])
    assert (change["Action"], change["ResourceDriftStatus"]) == ("SyncWithActual", "MODIFIED")
    (detail,) = change["Details"]
    assert (detail["ChangeSource"], detail["Target"]["AttributeChangeType"]) == ("NoModification", "SyncWithActual")
    execute(harness)
    assert harness.state() == "UPDATE_COMPLETE"
    assert ("G", "UPDATE_IN_PROGRESS") not in harness.events()
    wanted: Json = {"StackName": "stack", "LogicalResourceId": "G"}
    drift = harness.cloudformation("DetectStackResourceDrift", **wanted)["StackResourceDrift"]
    assert drift["StackResourceDriftStatus"] == "IN_SYNC"


def test_a_deleted_resource_is_created_again(harness: CloudFormationHarness) -> None:
    harness.create(body(G=group(7)))
    harness.call("logs", "DeleteLogGroup", logGroupName="mine")
    described = revert(harness, body(G=group(7)))
    (change,) = (each["ResourceChange"] for each in described["Changes"])
    assert (change["Action"], change["ResourceDriftStatus"]) == ("Add", "DELETED")
    execute(harness)
    assert (harness.state(), retention(harness)) == ("UPDATE_COMPLETE", 7)


def test_a_rollback_restores_the_actual_state(harness: CloudFormationHarness) -> None:
    harness.create(body(G=group(7)))
    set_retention(harness, 30)
    revert(harness, body(G=group(14), Bad=queue(QueueName="not a name") | {"DependsOn": "G"}))
    execute(harness)
    assert (harness.state(), retention(harness)) == ("UPDATE_ROLLBACK_COMPLETE", 30)


def test_a_stack_without_drift_has_nothing_to_revert(harness: CloudFormationHarness) -> None:
    harness.create(body(G=group(7)))
    described = revert(harness, body(G=group(7)))
    assert (described["Status"], described["StackDriftStatus"]) == ("FAILED", "IN_SYNC")
    assert "didn't contain changes" in described["StatusReason"]
