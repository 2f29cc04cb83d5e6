"""Stacks are made and deleted as on AWS, and tell of it as there."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from tests.engines import ACCOUNT, DAY, REGION
from tests.services.cloudformation.office import Office, body, queue, topic

OPEN: Json = {"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}
BAD = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 99_999}}
ROLE: Json = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}


def test_a_stack_is_made_one_resource_after_what_it_refers_to(office: Office) -> None:
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
    office.create(body(A=subscription, P=policy, Q=queue(), T=topic()))
    done = [name for name, status in office.events() if status == "CREATE_COMPLETE"]
    assert sorted(done[:2]) == ["Q", "T"]
    assert done[-1] == "stack"
    assert office.state() == "CREATE_COMPLETE"


def test_a_stack_tells_each_step_of_a_resource(office: Office) -> None:
    key = office.create(body(Q=queue()), ClientRequestToken="token")
    told = list(reversed(office.cf("DescribeStackEvents", StackName="stack")["StackEvents"]))
    assert [
        (event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason")) for event in told
    ] == [
        ("stack", "CREATE_IN_PROGRESS", "User Initiated"),
        ("Q", "CREATE_IN_PROGRESS", None),
        ("Q", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("Q", "CREATE_COMPLETE", None),
        ("stack", "CREATE_COMPLETE", None),
    ]
    assert told[0]["PhysicalResourceId"] == key
    assert told[1]["PhysicalResourceId"] == ""
    assert told[2]["PhysicalResourceId"].startswith("http")
    assert {event["ClientRequestToken"] for event in told} == {"token"}


def test_the_id_of_a_stack_is_an_arn_and_finds_it(office: Office) -> None:
    key = office.create(body(Q=queue()))
    assert key.startswith(f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/stack/")
    assert office.stack(key)["StackName"] == "stack"


def test_a_resource_without_a_name_is_named_after_its_stack(office: Office) -> None:
    office.create(body(Q=queue(), F=queue(FifoQueue=True)))
    fifo, plain = sorted(office.queues())
    assert fifo.startswith("stack-F-")
    assert fifo.endswith(".fifo")
    assert plain.startswith("stack-Q-")
    assert len(plain) == len("stack-Q-") + 12


def test_a_name_of_a_stack_that_is_there_is_refused(office: Office) -> None:
    office.create(body(Q=queue()))
    with pytest.raises(AwsError, match=r"Stack \[stack\] already exists") as caught:
        office.create(body(Q=queue()))
    assert caught.value.code == "AlreadyExistsException"


def test_the_same_request_again_begins_nothing_new(office: Office) -> None:
    first = office.create(body(Q=queue()), ClientRequestToken="once")
    assert office.create(body(Q=queue()), ClientRequestToken="once") == first
    assert len(office.queues()) == 1


@pytest.mark.parametrize("name", ["1stack", "a_b", "x" * 129])
def test_what_is_no_name_is_refused(office: Office, name: str) -> None:
    with pytest.raises(AwsError, match="failed to satisfy constraint"):
        office.create(body(Q=queue()), name=name)


def test_a_stack_of_which_a_resource_fails_is_rolled_back(office: Office) -> None:
    bad = BAD | {"DependsOn": "Good"}
    office.create(body(Good=queue(), Bad=bad))
    assert office.state() == "ROLLBACK_COMPLETE"
    assert office.queues() == []
    assert ("Bad", "CREATE_FAILED") in office.events()
    told = "The following resource(s) failed to create: [Bad]. Rollback requested by user."
    assert told in office.reasons()
    assert office.events()[-1] == ("stack", "ROLLBACK_COMPLETE")


def test_a_failed_stack_is_left_as_it_is_where_nothing_is_to_be_done(office: Office) -> None:
    office.create(body(Good=queue(), Bad=BAD | {"DependsOn": "Good"}), OnFailure="DO_NOTHING")
    assert office.state() == "CREATE_FAILED"
    assert len(office.queues()) == 1


def test_a_failed_stack_is_deleted_where_that_is_asked_for(office: Office) -> None:
    key = office.create(body(Good=queue(), Bad=BAD | {"DependsOn": "Good"}), OnFailure="DELETE")
    assert office.state(key) == "DELETE_COMPLETE"
    assert office.queues() == []


def test_a_failed_stack_is_gone_on_with_where_rollback_is_disabled(office: Office) -> None:
    office.create(body(Good=queue(), Bad=BAD | {"DependsOn": "Good"}), DisableRollback=True)
    assert office.state() == "CREATE_FAILED"
    office.update(body(Good=queue(), Bad=queue()))
    assert office.state() == "UPDATE_COMPLETE"
    assert len(office.queues()) == 2


def test_a_property_that_a_type_does_not_have_fails_its_resource(office: Office) -> None:
    task = {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {"ContainerDefinitions": [{"Name": "main", "Image": "busybox", "Imagination": "x"}]},
    }
    office.create(body(T=task))
    assert office.state() == "ROLLBACK_COMPLETE"
    assert any("extraneous key [Imagination] is not permitted" in reason for reason in office.reasons())


def test_a_stack_does_not_take_what_is_another_stacks(office: Office) -> None:
    office.create(body(Q=queue(QueueName="one")), name="first")
    office.create(body(Q=queue(QueueName="one")), name="second")
    assert office.state("second") == "ROLLBACK_COMPLETE"
    assert office.queues() == ["one"]
    assert any("already exists in stack" in reason for reason in office.reasons("second"))


def test_a_stack_is_deleted_in_the_reverse_of_its_order(office: Office) -> None:
    policy = {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Q"}], "PolicyDocument": {}}}
    key = office.create(body(P=policy, Q=queue()))
    office.delete()
    gone = [name for name, status in office.events(key) if status == "DELETE_COMPLETE"]
    assert gone == ["P", "Q", "stack"]
    assert office.queues() == []


def test_a_deleted_stack_is_found_by_its_id_only(office: Office) -> None:
    key = office.create(body(Q=queue()))
    office.delete()
    with pytest.raises(AwsError, match="Stack with id stack does not exist"):
        office.stack()
    assert office.state(key) == "DELETE_COMPLETE"
    assert office.cf("DescribeStacks")["Stacks"] == []
    assert [each["StackStatus"] for each in office.cf("ListStacks")["StackSummaries"]] == ["DELETE_COMPLETE"]
    assert office.cf("ListStacks", StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"] == []


def test_a_deleted_stack_is_forgotten_after_ninety_days(office: Office) -> None:
    key = office.create(body(Q=queue()))
    office.delete()
    office.advance(90 * DAY + 1)
    with pytest.raises(AwsError, match="does not exist"):
        office.stack(key)
    assert office.rows("SELECT count(*) FROM stack_events") == [(0,)]


def test_what_was_deleted_by_hand_keeps_nobody_from_deleting_its_stack(office: Office) -> None:
    key = office.create(body(Q=queue()))
    office.call("sqs", "DeleteQueue", QueueUrl=office.physical("Q"))
    office.delete()
    assert office.state(key) == "DELETE_COMPLETE"


def test_a_stack_that_is_not_there_is_deleted_already(office: Office) -> None:
    office.delete("nobody")


def test_a_protected_stack_is_not_deleted(office: Office) -> None:
    office.create(body(Q=queue()), EnableTerminationProtection=True)
    with pytest.raises(AwsError, match="TerminationProtection is enabled"):
        office.delete()
    office.cf("UpdateTerminationProtection", StackName="stack", EnableTerminationProtection=False)
    office.delete()
    assert office.queues() == []


def test_a_resource_that_is_to_stay_stays(office: Office) -> None:
    key = office.create(body(Q=queue() | {"DeletionPolicy": "Retain"}))
    office.delete()
    assert office.state(key) == "DELETE_COMPLETE"
    assert ("Q", "DELETE_SKIPPED") in office.events(key)
    assert len(office.queues()) == 1


def test_a_resource_that_stays_except_on_create_goes_with_a_failed_creation(office: Office) -> None:
    kept = queue() | {"DeletionPolicy": "RetainExceptOnCreate"}
    office.create(body(Q=kept, Bad=BAD | {"DependsOn": "Q"}))
    assert office.state() == "ROLLBACK_COMPLETE"
    assert office.queues() == []


def test_a_resource_that_cannot_be_deleted_fails_the_deletion_and_can_be_left_behind(office: Office) -> None:
    rule = {
        "Type": "AWS::Events::Rule",
        "Properties": {"Name": "nightly", "ScheduleExpression": "rate(1 day)"},
    }
    key = office.create(body(R=rule, Q=queue()))
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:other"}
    office.call("events", "PutTargets", Rule="nightly", Targets=[target])
    with pytest.raises(AwsError, match="only when the stack is in the DELETE_FAILED state"):
        office.delete(RetainResources=["R"])
    office.delete()
    assert office.state() == "DELETE_FAILED"
    assert office.queues() == []
    assert office.stack()["StackStatusReason"] == "The following resource(s) failed to delete: [R]. "
    office.delete(RetainResources=["R"])
    assert office.state(key) == "DELETE_COMPLETE"
    assert ("R", "DELETE_SKIPPED") in office.events(key)


def test_tags_of_a_stack_are_tags_of_its_resources(office: Office) -> None:
    own = queue(Tags=[{"Key": "who", "Value": "me"}])
    office.create(body(Q=own), Tags=[{"Key": "who", "Value": "stack"}, {"Key": "cost", "Value": "1"}])
    tags = office.call("sqs", "ListQueueTags", QueueUrl=office.physical("Q"))["Tags"]
    assert tags == {"who": "me", "cost": "1"}
    assert office.stack()["Tags"] == [{"Key": "who", "Value": "stack"}, {"Key": "cost", "Value": "1"}]


def test_what_means_nothing_here_is_recorded_and_said_to_be_so(
    office: Office, caplog: pytest.LogCaptureFixture
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
    office.create(text, Capabilities=["CAPABILITY_IAM"])
    outputs = office.outputs()
    assert outputs["Role"].startswith(f"arn:aws:iam::{ACCOUNT}:role/stack-Role-")
    assert outputs["Vpc"].startswith("vpc-")
    assert outputs["Own"]
    assert outputs["Parameter"] == "v"
    assert "not simulated" in office.stack()["StackStatusReason"]
    assert office.reasons().count("Recorded; not simulated here.") == 4
    assert any("stack stack: not simulated: " in record.message for record in caplog.records)


def test_a_template_with_roles_needs_a_capability(office: Office) -> None:
    with pytest.raises(AwsError) as caught:
        office.create(body(R=ROLE))
    assert (caught.value.code, caught.value.message) == (
        "InsufficientCapabilitiesException",
        "Requires capabilities : [CAPABILITY_IAM]",
    )
    named = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r"}}
    with pytest.raises(AwsError, match="CAPABILITY_NAMED_IAM"):
        office.create(body(R=named), Capabilities=["CAPABILITY_IAM"])


def test_a_value_that_another_stack_exports_is_imported(office: Office) -> None:
    exporting = {
        "Resources": {"Q": queue()},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Q", "Arn"]}, "Export": {"Name": "the-queue"}}},
    }
    importing = body(T=topic(DisplayName={"Fn::ImportValue": "the-queue"}))
    key = office.create(dumps(exporting), name="first")
    office.create(importing, name="second")
    assert office.state("second") == "CREATE_COMPLETE"
    assert office.cf("ListImports", ExportName="the-queue")["Imports"] == ["second"]
    (export,) = office.cf("ListExports")["Exports"]
    assert (export["Name"], export["ExportingStackId"]) == ("the-queue", key)
    office.delete("first")
    assert office.state("first") == "DELETE_FAILED"
    assert "is in use by second" in office.stack("first")["StackStatusReason"]
    office.delete("second")
    office.delete("first")
    assert office.cf("ListExports")["Exports"] == []


def test_an_export_belongs_to_one_stack(office: Office) -> None:
    exporting = dumps({"Resources": {"Q": queue()}, "Outputs": {"O": {"Value": "v", "Export": {"Name": "x"}}}})
    office.create(exporting, name="first")
    office.create(exporting, name="second")
    assert office.state("second") == "ROLLBACK_COMPLETE"
    assert any("Export with name x is already exported by stack first" in reason for reason in office.reasons("second"))


def test_an_export_that_nobody_has_fails_what_imports_it(office: Office) -> None:
    office.create(body(T=topic(DisplayName={"Fn::ImportValue": "none"})))
    assert "No export named none found." in office.reasons()


def test_a_stack_hears_its_parameters_and_hides_what_is_hidden(office: Office) -> None:
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
    office.create(text, values={"Name": "mine"})
    url = office.physical("Q")
    attributes = office.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]
    assert attributes == {"DelaySeconds": "3"}
    shown = {each["ParameterKey"]: each["ParameterValue"] for each in office.stack()["Parameters"]}
    assert shown == {"Name": "mine", "Secret": "****", "Delay": "3"}


def test_policies_of_stacks_are_kept(office: Office) -> None:
    office.create(body(Q=queue()), StackPolicyBody='{"Statement": []}')
    assert office.cf("GetStackPolicy", StackName="stack") == {"StackPolicyBody": '{"Statement": []}'}
    office.cf("SetStackPolicy", StackName="stack", StackPolicyBody=dumps(OPEN))
    assert office.cf("GetStackPolicy", StackName="stack") == {"StackPolicyBody": dumps(OPEN)}
    for wrong in ("{", "[]", '{"Statement": 1}', '{"Statement": [1]}', '{"Statement": [{"Effect": "Perhaps"}]}'):
        with pytest.raises(AwsError, match="Error validating stack policy"):
            office.cf("SetStackPolicy", StackName="stack", StackPolicyBody=wrong)


def test_resources_are_described_by_name_and_by_what_they_are(office: Office) -> None:
    office.create(body(Q=queue(), T=topic()))
    arn = office.physical("T")
    (found,) = office.cf("DescribeStackResources", PhysicalResourceId=arn, LogicalResourceId="T")["StackResources"]
    assert (found["ResourceType"], found["StackName"]) == ("AWS::SNS::Topic", "stack")
    listed = office.cf("ListStackResources", StackName="stack")["StackResourceSummaries"]
    assert [each["LogicalResourceId"] for each in listed] == ["Q", "T"]
    with pytest.raises(AwsError, match="Resource Nothing does not exist for stack stack"):
        office.cf("DescribeStackResource", StackName="stack", LogicalResourceId="Nothing")


def test_events_come_in_pages(office: Office) -> None:
    office.create(body(**{f"Q{number}": queue() for number in range(40)}))
    first = office.cf("DescribeStackEvents", StackName="stack")
    second = office.cf("DescribeStackEvents", StackName="stack", NextToken=first["NextToken"])
    keys = [event["EventId"] for page in (first, second) for event in page["StackEvents"]]
    assert len(keys) == 2 + 3 * 40
    assert "NextToken" not in second


def test_stacks_come_in_pages(office: Office) -> None:
    for number in range(105):
        office.create(body(Q=queue()), name=f"stack{number}")
    first = office.cf("ListStacks")
    second = office.cf("ListStacks", NextToken=first["NextToken"])
    names = [each["StackName"] for page in (first, second) for each in page["StackSummaries"]]
    assert len(set(names)) == 105
    with pytest.raises(AwsError, match="NextToken"):
        office.cf("ListStacks", NextToken="what")


def test_a_stack_that_is_done_in_time_stays(office: Office) -> None:
    office.create(body(Q=queue()), TimeoutInMinutes=1)
    office.advance(61_000)
    assert office.state() == "CREATE_COMPLETE"
    assert office.rows("SELECT * FROM timers WHERE service = 'cloudformation'") == []


def test_eventbridge_hears_of_stacks_and_resources(office: Office) -> None:
    office.create(body(Q=queue()))
    told = [
        (event.detail_type, event.detail["status-details"]["status"]) for event in office.heard("aws.cloudformation")
    ]
    assert told[0] == ("CloudFormation Stack Status Change", "CREATE_IN_PROGRESS")
    assert ("CloudFormation Resource Status Change", "CREATE_COMPLETE") in told
    assert told[-1] == ("CloudFormation Stack Status Change", "CREATE_COMPLETE")


def test_what_of_a_resource_has_no_effect_here_is_said(office: Office) -> None:
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"FieldIndexPolicies": [{"Fields": ["id"]}]}}
    office.create(body(Group=group))
    assert office.state() == "CREATE_COMPLETE"
    assert "Not simulated here: FieldIndexPolicies." in office.reasons()


def test_policies_of_one_queue_and_one_topic_are_theirs(office: Office) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Sid": "a"}]}
    on_queue = {"Queue": {"Ref": "Q"}, "PolicyDocument": policy}
    on_topic = {"TopicArn": {"Ref": "T"}, "PolicyDocument": policy}
    resources = {
        "Q": queue(),
        "T": topic(),
        "OnQueue": {"Type": "AWS::SQS::QueueInlinePolicy", "Properties": on_queue},
        "OnTopic": {"Type": "AWS::SNS::TopicInlinePolicy", "Properties": on_topic},
    }
    office.create(body(**resources))
    assert office.state() == "CREATE_COMPLETE", office.reasons()
    url, topic_arn = office.physical("Q"), office.physical("T")
    assert (office.physical("OnQueue"), office.physical("OnTopic")) == (url, topic_arn)
    found = office.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    assert loads(found) == policy
    assert loads(office.call("sns", "GetTopicAttributes", TopicArn=topic_arn)["Attributes"]["Policy"]) == policy
    office.update(body(Q=queue(), T=topic()))
    assert "Policy" not in office.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_a_cluster_s_capacity_providers_follow_its_template(office: Office) -> None:
    def cluster(*providers: str) -> str:
        return body(C={"Type": "AWS::ECS::Cluster", "Properties": {"CapacityProviders": list(providers)}})

    office.create(cluster("FARGATE"))
    office.update(cluster("FARGATE", "FARGATE_SPOT"))
    (found,) = office.call("ecs", "DescribeClusters", clusters=[office.physical("C")])["clusters"]
    assert found["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]


def test_providers_of_fargate_are_associated_with_a_cluster(office: Office) -> None:
    properties = {
        "Cluster": {"Ref": "C"},
        "CapacityProviders": ["FARGATE_SPOT"],
        "DefaultCapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}],
    }
    associations = {"Type": "AWS::ECS::ClusterCapacityProviderAssociations", "Properties": properties}
    resources = {"C": {"Type": "AWS::ECS::Cluster"}, "A": associations}
    office.create(body(**resources))
    assert office.state() == "CREATE_COMPLETE", office.reasons()
    (found,) = office.call("ecs", "DescribeClusters", clusters=[office.physical("C")])["clusters"]
    assert found["defaultCapacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
