"""Stacks are created and deleted as on AWS, with the same events."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from tests.engine_harness import ACCOUNT, DAY, REGION
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue, topic

OPEN: Json = {"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}
BAD = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 99_999}}
TRUST: Json = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
ROLE: Json = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [TRUST]}}}


def test_a_resource_is_created_after_the_resources_that_it_refers_to(harness: CloudFormationHarness) -> None:
    policy = {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Q"}], "PolicyDocument": {}}}
    subscription = {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": {"Ref": "T"},
            "Protocol": "sqs",
            "Endpoint": {"Fn::GetAtt": ["Q", "Arn"]},
            "RawMessageDelivery": "true",
        },
    }
    harness.create(body(A=subscription, P=policy, Q=queue(), T=topic()))
    done = [name for name, status in harness.events() if status == "CREATE_COMPLETE"]
    assert sorted(done[:2]) == ["Q", "T"]
    assert done[-1] == "stack"
    assert harness.state() == "CREATE_COMPLETE"


def test_a_stack_reports_each_step_of_a_resource(harness: CloudFormationHarness) -> None:
    key = harness.create(body(Q=queue()), ClientRequestToken="token")
    events = list(reversed(harness.cloudformation("DescribeStackEvents", StackName="stack")["StackEvents"]))
    assert [
        (event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason")) for event in events
    ] == [
        ("stack", "CREATE_IN_PROGRESS", "User Initiated"),
        ("Q", "CREATE_IN_PROGRESS", None),
        ("Q", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("Q", "CREATE_COMPLETE", None),
        ("stack", "CREATE_COMPLETE", None),
    ]
    assert events[0]["PhysicalResourceId"] == key
    assert events[1]["PhysicalResourceId"] == ""
    assert events[2]["PhysicalResourceId"].startswith("http")
    assert {event["ClientRequestToken"] for event in events} == {"token"}


def test_a_stack_id_is_an_arn_and_finds_the_stack(harness: CloudFormationHarness) -> None:
    key = harness.create(body(Q=queue()))
    assert key.startswith(f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/stack/")
    assert harness.stack(key)["StackName"] == "stack"


def test_a_resource_without_a_name_is_named_after_its_stack(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue(), F=queue(FifoQueue=True)))
    fifo, plain = sorted(harness.queues())
    assert fifo.startswith("stack-F-")
    assert fifo.endswith(".fifo")
    assert plain.startswith("stack-Q-")
    assert len(plain) == len("stack-Q-") + 12


def test_a_duplicate_stack_name_is_refused(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    with pytest.raises(AwsError, match=r"Stack \[stack\] already exists") as caught:
        harness.create(body(Q=queue()))
    assert caught.value.code == "AlreadyExistsException"


def test_a_repeated_request_with_the_same_token_starts_nothing_new(harness: CloudFormationHarness) -> None:
    first = harness.create(body(Q=queue()), ClientRequestToken="once")
    assert harness.create(body(Q=queue()), ClientRequestToken="once") == first
    assert len(harness.queues()) == 1


@pytest.mark.parametrize("name", ["1stack", "a_b", "x" * 129])
def test_an_invalid_stack_name_is_refused(harness: CloudFormationHarness, name: str) -> None:
    with pytest.raises(AwsError, match="failed to satisfy constraint"):
        harness.create(body(Q=queue()), name=name)


def test_a_stack_with_a_failed_resource_is_rolled_back(harness: CloudFormationHarness) -> None:
    bad = BAD | {"DependsOn": "Good"}
    harness.create(body(Good=queue(), Bad=bad))
    assert harness.state() == "ROLLBACK_COMPLETE"
    assert harness.queues() == []
    assert ("Bad", "CREATE_FAILED") in harness.events()
    expected = "The following resource(s) failed to create: [Bad]. Rollback requested by user."
    assert expected in harness.reasons()
    assert harness.events()[-1] == ("stack", "ROLLBACK_COMPLETE")


def test_a_failed_stack_is_kept_if_on_failure_is_do_nothing(harness: CloudFormationHarness) -> None:
    harness.create(body(Good=queue(), Bad=BAD | {"DependsOn": "Good"}), OnFailure="DO_NOTHING")
    assert harness.state() == "CREATE_FAILED"
    assert len(harness.queues()) == 1


def test_a_failed_stack_is_deleted_if_on_failure_is_delete(harness: CloudFormationHarness) -> None:
    key = harness.create(body(Good=queue(), Bad=BAD | {"DependsOn": "Good"}), OnFailure="DELETE")
    deleted = harness.stack(key)
    assert deleted["StackStatus"] == "DELETE_COMPLETE"
    assert ("DeletionTime" in deleted, "ChangeSetId" in deleted) == (True, False)
    assert harness.queues() == []


def test_a_failed_stack_without_rollback_can_be_continued_by_an_update(harness: CloudFormationHarness) -> None:
    harness.create(body(Good=queue(), Bad=BAD | {"DependsOn": "Good"}), DisableRollback=True)
    assert harness.state() == "CREATE_FAILED"
    harness.update(body(Good=queue(), Bad=queue()))
    assert harness.state() == "UPDATE_COMPLETE"
    assert len(harness.queues()) == 2


def test_an_unknown_property_fails_its_resource(harness: CloudFormationHarness) -> None:
    task = {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {"ContainerDefinitions": [{"Name": "main", "Image": "busybox", "Imagination": "x"}]},
    }
    harness.create(body(T=task))
    assert harness.state() == "ROLLBACK_COMPLETE"
    assert any("extraneous key [Imagination] is not permitted" in reason for reason in harness.reasons())


def test_a_stack_does_not_adopt_a_resource_of_another_stack(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue(QueueName="one")), name="first")
    harness.create(body(Q=queue(QueueName="one")), name="second")
    assert harness.state("second") == "ROLLBACK_COMPLETE"
    assert harness.queues() == ["one"]
    assert any("already exists in stack" in reason for reason in harness.reasons("second"))


def test_resources_of_a_stack_are_deleted_in_reverse_order(harness: CloudFormationHarness) -> None:
    policy = {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Q"}], "PolicyDocument": {}}}
    key = harness.create(body(P=policy, Q=queue()))
    harness.delete()
    gone = [name for name, status in harness.events(key) if status == "DELETE_COMPLETE"]
    assert gone == ["P", "Q", "stack"]
    assert harness.queues() == []


def test_a_deleted_stack_is_found_only_by_its_id(harness: CloudFormationHarness) -> None:
    key = harness.create(body(Q=queue()))
    harness.delete()
    with pytest.raises(AwsError, match="Stack with id stack does not exist"):
        harness.stack()
    assert harness.state(key) == "DELETE_COMPLETE"
    assert harness.cloudformation("DescribeStacks")["Stacks"] == []
    assert [each["StackStatus"] for each in harness.cloudformation("ListStacks")["StackSummaries"]] == [
        "DELETE_COMPLETE"
    ]
    assert harness.cloudformation("ListStacks", StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"] == []


def test_a_deleted_stack_is_removed_after_ninety_days(harness: CloudFormationHarness) -> None:
    key = harness.create(body(Q=queue()))
    harness.delete()
    harness.advance(90 * DAY + 1)
    with pytest.raises(AwsError, match="does not exist"):
        harness.stack(key)
    assert harness.rows("SELECT count(*) FROM stack_events") == [(0,)]


def test_a_stack_whose_resource_was_deleted_by_hand_can_be_deleted(harness: CloudFormationHarness) -> None:
    key = harness.create(body(Q=queue()))
    harness.call("sqs", "DeleteQueue", QueueUrl=harness.physical("Q"))
    harness.delete()
    assert harness.state(key) == "DELETE_COMPLETE"


def test_deleting_a_missing_stack_changes_nothing(harness: CloudFormationHarness) -> None:
    key = harness.create(body(Q=queue()))
    harness.delete("nobody")
    assert harness.state(key) == "CREATE_COMPLETE"
    assert harness.rows("SELECT count(*) FROM stacks") == [(1,)]


def test_a_protected_stack_is_not_deleted(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()), EnableTerminationProtection=True)
    with pytest.raises(AwsError, match="TerminationProtection is enabled"):
        harness.delete()
    harness.cloudformation("UpdateTerminationProtection", StackName="stack", EnableTerminationProtection=False)
    harness.delete()
    assert harness.queues() == []


def test_a_retained_resource_survives_its_stack(harness: CloudFormationHarness) -> None:
    key = harness.create(body(Q=queue() | {"DeletionPolicy": "Retain"}))
    harness.delete()
    assert harness.state(key) == "DELETE_COMPLETE"
    assert ("Q", "DELETE_SKIPPED") in harness.events(key)
    assert len(harness.queues()) == 1


def test_a_resource_retained_except_on_create_is_deleted_with_a_failed_creation(harness: CloudFormationHarness) -> None:
    retained = queue() | {"DeletionPolicy": "RetainExceptOnCreate"}
    harness.create(body(Q=retained, Bad=BAD | {"DependsOn": "Q"}))
    assert harness.state() == "ROLLBACK_COMPLETE"
    assert harness.queues() == []


def test_a_resource_that_cannot_be_deleted_fails_the_deletion_and_can_be_retained(
    harness: CloudFormationHarness,
) -> None:
    rule = {
        "Type": "AWS::Events::Rule",
        "Properties": {"Name": "nightly", "ScheduleExpression": "rate(1 day)"},
    }
    key = harness.create(body(R=rule, Q=queue()))
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:other"}
    harness.call("events", "PutTargets", Rule="nightly", Targets=[target])
    with pytest.raises(AwsError, match="only when the stack is in the DELETE_FAILED state"):
        harness.delete(RetainResources=["R"])
    harness.delete()
    assert harness.state() == "DELETE_FAILED"
    assert harness.queues() == []
    assert harness.stack()["StackStatusReason"] == "The following resource(s) failed to delete: [R]. "
    harness.delete(RetainResources=["R"])
    assert harness.state(key) == "DELETE_COMPLETE"
    assert ("R", "DELETE_SKIPPED") in harness.events(key)


def test_tags_of_a_stack_are_added_to_its_resources(harness: CloudFormationHarness) -> None:
    own = queue(Tags=[{"Key": "who", "Value": "me"}])
    harness.create(body(Q=own), Tags=[{"Key": "who", "Value": "stack"}, {"Key": "cost", "Value": "1"}])
    tags = harness.call("sqs", "ListQueueTags", QueueUrl=harness.physical("Q"))["Tags"]
    assert tags == {"who": "me", "cost": "1"}
    assert harness.stack()["Tags"] == [{"Key": "who", "Value": "stack"}, {"Key": "cost", "Value": "1"}]


def test_unsimulated_resources_are_recorded_and_reported(
    harness: CloudFormationHarness, caplog: pytest.LogCaptureFixture
) -> None:
    text = dumps(
        {
            "Resources": {
                "Role": ROLE,
                "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
                "Own": {"Type": "Custom::Thing", "Properties": {"ServiceToken": "arn:aws:lambda:x"}},
                "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}},
            },
            "Outputs": {
                "Role": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}},
                "Vpc": {"Value": {"Ref": "Vpc"}},
                "Own": {"Value": {"Fn::GetAtt": ["Own", "Anything"]}},
                "Parameter": {"Value": {"Fn::GetAtt": ["Parameter", "Value"]}},
            },
        }
    )
    harness.create(text, Capabilities=["CAPABILITY_IAM"])
    outputs = harness.outputs()
    assert outputs["Role"].startswith(f"arn:aws:iam::{ACCOUNT}:role/stack-Role-")
    assert outputs["Vpc"].startswith("vpc-")
    assert outputs["Own"]
    assert outputs["Parameter"] == "v"
    assert "not simulated" in harness.stack()["StackStatusReason"]
    assert harness.reasons().count("Recorded; not simulated here.") == 2
    assert any("stack stack: not simulated: " in record.message for record in caplog.records)


def test_a_template_with_roles_needs_a_capability(harness: CloudFormationHarness) -> None:
    with pytest.raises(AwsError) as caught:
        harness.create(body(R=ROLE))
    assert (caught.value.code, caught.value.message) == (
        "InsufficientCapabilitiesException",
        "Requires capabilities : [CAPABILITY_IAM]",
    )
    named = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r"}}
    with pytest.raises(AwsError, match="CAPABILITY_NAMED_IAM"):
        harness.create(body(R=named), Capabilities=["CAPABILITY_IAM"])


def test_a_value_exported_by_another_stack_is_imported(harness: CloudFormationHarness) -> None:
    exporting = {
        "Resources": {"Q": queue()},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Q", "Arn"]}, "Export": {"Name": "the-queue"}}},
    }
    importing = body(T=topic(DisplayName={"Fn::ImportValue": "the-queue"}))
    key = harness.create(dumps(exporting), name="first")
    harness.create(importing, name="second")
    assert harness.state("second") == "CREATE_COMPLETE"
    assert harness.cloudformation("ListImports", ExportName="the-queue")["Imports"] == ["second"]
    (export,) = harness.cloudformation("ListExports")["Exports"]
    assert (export["Name"], export["ExportingStackId"]) == ("the-queue", key)
    harness.delete("first")
    assert harness.state("first") == "DELETE_FAILED"
    assert "is in use by second" in harness.stack("first")["StackStatusReason"]
    harness.delete("second")
    harness.delete("first")
    assert harness.cloudformation("ListExports")["Exports"] == []


def test_an_export_name_belongs_to_one_stack(harness: CloudFormationHarness) -> None:
    exporting = dumps({"Resources": {"Q": queue()}, "Outputs": {"O": {"Value": "v", "Export": {"Name": "x"}}}})
    harness.create(exporting, name="first")
    harness.create(exporting, name="second")
    assert harness.state("second") == "ROLLBACK_COMPLETE"
    assert any(
        "Export with name x is already exported by stack first" in reason for reason in harness.reasons("second")
    )


def test_importing_a_missing_export_fails_the_resource(harness: CloudFormationHarness) -> None:
    harness.create(body(T=topic(DisplayName={"Fn::ImportValue": "none"})))
    assert "No export named none found." in harness.reasons()


def test_a_stack_uses_its_parameters_and_masks_no_echo_values(harness: CloudFormationHarness) -> None:
    text = dumps(
        {
            "Parameters": {
                "Name": {"Type": "String"},
                "Secret": {"Type": "String", "NoEcho": True, "Default": "s"},
                "Delay": {"Type": "Number", "Default": 3},
            },
            "Resources": {"Q": queue(QueueName={"Ref": "Name"}, DelaySeconds={"Ref": "Delay"})},
        }
    )
    harness.create(text, values={"Name": "mine"})
    url = harness.physical("Q")
    attributes = harness.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]
    assert attributes == {"DelaySeconds": "3"}
    shown = {each["ParameterKey"]: each["ParameterValue"] for each in harness.stack()["Parameters"]}
    assert shown == {"Name": "mine", "Secret": "****", "Delay": "3"}


def test_stack_policies_are_validated_and_stored(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()), StackPolicyBody='{"Statement": []}')
    assert harness.cloudformation("GetStackPolicy", StackName="stack") == {"StackPolicyBody": '{"Statement": []}'}
    harness.cloudformation("SetStackPolicy", StackName="stack", StackPolicyBody=dumps(OPEN))
    assert harness.cloudformation("GetStackPolicy", StackName="stack") == {"StackPolicyBody": dumps(OPEN)}
    for wrong in ("{", "[]", '{"Statement": 1}', '{"Statement": [1]}', '{"Statement": [{"Effect": "Perhaps"}]}'):
        with pytest.raises(AwsError, match="Error validating stack policy"):
            harness.cloudformation("SetStackPolicy", StackName="stack", StackPolicyBody=wrong)


def test_resources_are_described_by_logical_and_physical_id(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue(), T=topic()))
    arn = harness.physical("T")
    (found,) = harness.cloudformation("DescribeStackResources", PhysicalResourceId=arn, LogicalResourceId="T")[
        "StackResources"
    ]
    assert (found["ResourceType"], found["StackName"]) == ("AWS::SNS::Topic", "stack")
    listed = harness.cloudformation("ListStackResources", StackName="stack")["StackResourceSummaries"]
    assert [each["LogicalResourceId"] for each in listed] == ["Q", "T"]
    with pytest.raises(AwsError, match="Resource Nothing does not exist for stack stack"):
        harness.cloudformation("DescribeStackResource", StackName="stack", LogicalResourceId="Nothing")


def test_stack_events_are_paginated(harness: CloudFormationHarness) -> None:
    harness.create(body(**{f"Q{number}": queue() for number in range(40)}))
    first = harness.cloudformation("DescribeStackEvents", StackName="stack")
    second = harness.cloudformation("DescribeStackEvents", StackName="stack", NextToken=first["NextToken"])
    keys = [event["EventId"] for page in (first, second) for event in page["StackEvents"]]
    assert len(keys) == 2 + 3 * 40
    assert "NextToken" not in second


def test_stacks_are_paginated(harness: CloudFormationHarness) -> None:
    for number in range(105):
        harness.create(body(Q=queue()), name=f"stack{number}")
    first = harness.cloudformation("ListStacks")
    second = harness.cloudformation("ListStacks", NextToken=first["NextToken"])
    names = [each["StackName"] for page in (first, second) for each in page["StackSummaries"]]
    assert len(set(names)) == 105
    with pytest.raises(AwsError, match="NextToken"):
        harness.cloudformation("ListStacks", NextToken="what")


def test_a_stack_that_is_created_within_its_timeout_is_kept(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()), TimeoutInMinutes=1)
    harness.advance(61_000)
    assert harness.state() == "CREATE_COMPLETE"
    assert harness.rows("SELECT * FROM timers WHERE service = 'cloudformation'") == []


def test_eventbridge_receives_events_of_stacks_and_resources(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    published = [
        (event.detail_type, event.detail["status-details"]["status"])
        for event in harness.published_events("aws.cloudformation")
    ]
    assert published[0] == ("CloudFormation Stack Status Change", "CREATE_IN_PROGRESS")
    assert ("CloudFormation Resource Status Change", "CREATE_COMPLETE") in published
    assert published[-1] == ("CloudFormation Stack Status Change", "CREATE_COMPLETE")


def test_a_property_without_effect_is_reported(harness: CloudFormationHarness) -> None:
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"FieldIndexPolicies": [{"Fields": ["id"]}]}}
    harness.create(body(Group=group))
    assert harness.state() == "CREATE_COMPLETE"
    assert "Not simulated here: FieldIndexPolicies." in harness.reasons()


def test_inline_policies_are_set_on_their_queue_and_topic(harness: CloudFormationHarness) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Sid": "a"}]}
    on_queue = {"Queue": {"Ref": "Q"}, "PolicyDocument": policy}
    on_topic = {"TopicArn": {"Ref": "T"}, "PolicyDocument": policy}
    resources = {
        "Q": queue(),
        "T": topic(),
        "OnQueue": {"Type": "AWS::SQS::QueueInlinePolicy", "Properties": on_queue},
        "OnTopic": {"Type": "AWS::SNS::TopicInlinePolicy", "Properties": on_topic},
    }
    harness.create(body(**resources))
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    url, topic_arn = harness.physical("Q"), harness.physical("T")
    assert (harness.physical("OnQueue"), harness.physical("OnTopic")) == (url, topic_arn)
    found = harness.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    assert loads(found) == policy
    assert loads(harness.call("sns", "GetTopicAttributes", TopicArn=topic_arn)["Attributes"]["Policy"]) == policy
    harness.update(body(Q=queue(), T=topic()))
    assert "Policy" not in harness.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_an_update_changes_the_capacity_providers_of_a_cluster(harness: CloudFormationHarness) -> None:
    def cluster(*providers: str) -> str:
        return body(C={"Type": "AWS::ECS::Cluster", "Properties": {"CapacityProviders": list(providers)}})

    harness.create(cluster("FARGATE"))
    harness.update(cluster("FARGATE", "FARGATE_SPOT"))
    (found,) = harness.call("ecs", "DescribeClusters", clusters=[harness.physical("C")])["clusters"]
    assert found["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]


def test_fargate_capacity_providers_are_associated_with_a_cluster(harness: CloudFormationHarness) -> None:
    properties = {
        "Cluster": {"Ref": "C"},
        "CapacityProviders": ["FARGATE_SPOT"],
        "DefaultCapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}],
    }
    associations = {"Type": "AWS::ECS::ClusterCapacityProviderAssociations", "Properties": properties}
    resources = {"C": {"Type": "AWS::ECS::Cluster"}, "A": associations}
    harness.create(body(**resources))
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    (found,) = harness.call("ecs", "DescribeClusters", clusters=[harness.physical("C")])["clusters"]
    assert found["defaultCapacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]


def test_a_cluster_has_the_capacity_provider_of_an_auto_scaling_group(harness: CloudFormationHarness) -> None:
    group = {"AutoScalingGroupArn": "group", "ManagedScaling": {"Status": "ENABLED", "TargetCapacity": 80}}
    provider = {"Type": "AWS::ECS::CapacityProvider", "Properties": {"AutoScalingGroupProvider": group}}
    properties = {
        "Cluster": {"Ref": "C"},
        "CapacityProviders": [{"Ref": "P"}, "FARGATE"],
        "DefaultCapacityProviderStrategy": [{"CapacityProvider": {"Ref": "P"}, "Weight": 1}],
    }
    associations = {"Type": "AWS::ECS::ClusterCapacityProviderAssociations", "Properties": properties}
    resources = {"C": {"Type": "AWS::ECS::Cluster"}, "P": provider, "A": associations}
    harness.create(body(**resources))
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    name = harness.physical("P")
    (cluster,) = harness.call("ecs", "DescribeClusters", clusters=[harness.physical("C")])["clusters"]
    assert cluster["capacityProviders"] == [name, "FARGATE"]
    group["ManagedScaling"]["TargetCapacity"] = 90  # type: ignore[index]
    harness.update(body(**resources))
    (found,) = harness.call("ecs", "DescribeCapacityProviders", capacityProviders=[name])["capacityProviders"]
    assert found["autoScalingGroupProvider"]["managedScaling"]["targetCapacity"] == 90
    assert found["autoScalingGroupProvider"]["autoScalingGroupArn"] == "group"
    harness.call("cloudformation", "DeleteStack", StackName="stack")
    (found,) = harness.call("ecs", "DescribeCapacityProviders", capacityProviders=[name])["capacityProviders"]
    assert found["status"] == "INACTIVE"
