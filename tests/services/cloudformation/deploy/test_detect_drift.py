"""The detection of drift compares what a template sets with what its resources have now."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.cloudformation.resource_types.read_properties import call_if_found
from lamplighter.services.cloudformation.resource_types.registry import RESOURCE_TYPES
from tests.engine_harness import ACCOUNT
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue, topic

ROLE = f"arn:aws:iam::{ACCOUNT}:role/a"
QUEUE_ARN = {"Fn::GetAtt": ["Queue", "Arn"]}
TAGS = [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}]
DEFINITION = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${Word}", "End": True}}}
IAM = ["CAPABILITY_IAM"]
ALLOWED = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
TRUST = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
EVERY_TYPE: Json = {
    "Queue": queue(DelaySeconds=3, VisibilityTimeout="40", SqsManagedSseEnabled=True, Tags=TAGS),
    "Topic": topic(DisplayName="d", Tags=TAGS, Subscription=[{"Protocol": "sqs", "Endpoint": QUEUE_ARN}]),
    "Subscription": {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": {"Ref": "Topic"},
            "Protocol": "email",
            "Endpoint": "a@example.com",
            "FilterPolicy": {"a": ["b"]},
            "FilterPolicyScope": "MessageBody",
        },
    },
    "Rule": {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Description": "d",
            "EventPattern": {"source": ["a", "b"]},
            "State": "DISABLED",
            "Tags": TAGS,
            "Targets": [{"Id": "2", "Arn": QUEUE_ARN, "Input": '{"a": 1}'}, {"Id": "1", "Arn": QUEUE_ARN}],
        },
    },
    "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus", "Description": "d"}},
    "Archive": {
        "Type": "AWS::Events::Archive",
        "Properties": {"SourceArn": {"Fn::GetAtt": "Bus.Arn"}, "RetentionDays": 3, "EventPattern": {"source": ["a"]}},
    },
    "Connection": {
        "Type": "AWS::Events::Connection",
        "Properties": {
            "AuthorizationType": "API_KEY",
            "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}},
        },
    },
    "Destination": {
        "Type": "AWS::Events::ApiDestination",
        "Properties": {
            "ConnectionArn": {"Fn::GetAtt": "Connection.Arn"},
            "HttpMethod": "POST",
            "InvocationEndpoint": "https://example.com/",
            "InvocationRateLimitPerSecond": 5,
        },
    },
    "Schedule": {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "ScheduleExpression": "rate(1 day)",
            "ScheduleExpressionTimezone": "UTC",
            "State": "DISABLED",
            "GroupName": {"Ref": "Group"},
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": QUEUE_ARN, "RoleArn": ROLE, "Input": "{}", "RetryPolicy": {"MaximumRetryAttempts": 3}},
        },
    },
    "Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": "group"}},
    "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7, "Tags": TAGS}},
    "Filter": {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": "Logs"},
            "FilterPattern": "{ $.a = * }",
            "MetricTransformations": [
                {
                    "MetricName": "m",
                    "MetricNamespace": "n",
                    "MetricValue": "1",
                    "Unit": "Count",
                    "Dimensions": [{"Key": "a", "Value": "$.a"}],
                }
            ],
        },
    },
    "Bucket": {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "VersioningConfiguration": {"Status": "Enabled"},
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": True},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "LifecycleConfiguration": {"Rules": [{"Id": "old", "Status": "Enabled", "ExpirationInDays": 7}]},
            "CorsConfiguration": {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAge": 5}]},
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
            },
            "Tags": TAGS,
        },
    },
    "Parameter": {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Value": "one", "Description": "d", "AllowedPattern": "o.*"},
    },
    "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Description": "d", "Tags": TAGS}},
    "Repository": {
        "Type": "AWS::ECR::Repository",
        "Properties": {
            "ImageTagMutability": "IMMUTABLE",
            "ImageScanningConfiguration": {"ScanOnPush": True},
            "Tags": TAGS,
        },
    },
    "Policy": {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": {"Version": "2012-10-17", "Statement": [ALLOWED]}, "Description": "d"},
    },
    "Role": {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [TRUST]},
            "Description": "d",
            "MaxSessionDuration": 7200,
            "Policies": [
                {"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [ALLOWED]}},
                {"PolicyName": "a", "PolicyDocument": {"Version": "2012-10-17", "Statement": [ALLOWED]}},
            ],
            "ManagedPolicyArns": [{"Ref": "Policy"}],
            "Tags": TAGS,
        },
    },
    "Alarm": {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "MetricName": "m",
            "Namespace": "n",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1.5,
            "ComparisonOperator": "GreaterThanThreshold",
            "Statistic": "Sum",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "Topic"}],
            "Dimensions": [{"Name": "a", "Value": "b"}],
            "Tags": TAGS,
        },
    },
    "Composite": {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {"AlarmRule": {"Fn::Sub": "ALARM(${Alarm})"}, "ActionsEnabled": False},
    },
    "Machine": {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": ROLE,
            "Definition": DEFINITION,
            "DefinitionSubstitutions": {"Word": "w"},
            "Tags": TAGS,
            "TracingConfiguration": {"Enabled": False},
        },
    },
    "Version": {
        "Type": "AWS::StepFunctions::StateMachineVersion",
        "Properties": {"StateMachineArn": {"Ref": "Machine"}},
    },
    "Alias": {
        "Type": "AWS::StepFunctions::StateMachineAlias",
        "Properties": {
            "Name": "live",
            "RoutingConfiguration": [{"StateMachineVersionArn": {"Ref": "Version"}, "Weight": 100}],
        },
    },
    "Activity": {"Type": "AWS::StepFunctions::Activity", "Properties": {"Name": "activity", "Tags": TAGS}},
    "Cluster": {
        "Type": "AWS::ECS::Cluster",
        "Properties": {"ClusterSettings": [{"Name": "containerInsights", "Value": "disabled"}], "Tags": TAGS},
    },
    "Task": {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {
            "Family": "f",
            "Cpu": "256",
            "Memory": "512",
            "RequiresCompatibilities": ["FARGATE"],
            "NetworkMode": "awsvpc",
            "ExecutionRoleArn": ROLE,
            "Tags": TAGS,
            "ContainerDefinitions": [
                {
                    "Name": "main",
                    "Image": "busybox",
                    "Command": ["a", "b"],
                    "Essential": True,
                    "Environment": [{"Name": "B", "Value": "1"}, {"Name": "A", "Value": "2"}],
                    "DockerLabels": {"x": "y"},
                }
            ],
        },
    },
}


def detect(harness: CloudFormationHarness, **params: Json) -> Json:
    """Detect drift on the stack, and return the description of the detection."""
    key = harness.cloudformation("DetectStackDrift", StackName="stack", **params)["StackDriftDetectionId"]
    harness.settle()
    return harness.cloudformation("DescribeStackDriftDetectionStatus", StackDriftDetectionId=key)


def drifts(harness: CloudFormationHarness, **params: Json) -> dict[str, Json]:
    """Return the results for the stack's resources by logical ID."""
    found = harness.cloudformation("DescribeStackResourceDrifts", StackName="stack", **params)["StackResourceDrifts"]
    return {each["LogicalResourceId"]: each for each in found}


def test_a_new_stack_is_in_sync_whatever_its_types(harness: CloudFormationHarness) -> None:
    harness.create(dumps({"Resources": EVERY_TYPE}), Tags=[{"Key": "stack", "Value": "s"}], Capabilities=IAM)
    assert harness.state() == "CREATE_COMPLETE"
    assert harness.stack()["DriftInformation"] == {"StackDriftStatus": "NOT_CHECKED"}
    found = detect(harness)
    different = {name: each["PropertyDifferences"] for name, each in drifts(harness).items()}
    assert {name: each for name, each in different.items() if each} == {}
    assert (found["DetectionStatus"], found["StackDriftStatus"]) == ("DETECTION_COMPLETE", "IN_SYNC")
    assert found["DriftedStackResourceCount"] == 0
    readable = {name for name, kind in RESOURCE_TYPES.items() if kind.present is not None}
    assert {each["ResourceType"] for each in drifts(harness).values()} == readable
    assert harness.stack()["DriftInformation"]["StackDriftStatus"] == "IN_SYNC"


def test_changed_removed_and_added_values_are_named_with_their_places(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue(DelaySeconds=1, VisibilityTimeout=30, Tags=TAGS), T=topic()))
    url = harness.physical("Q")
    harness.call("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "7"})
    harness.call("sqs", "UntagQueue", QueueUrl=url, TagKeys=["a"])
    harness.call("sqs", "TagQueue", QueueUrl=url, Tags={"c": "3"})
    found = detect(harness)
    assert (found["StackDriftStatus"], found["DriftedStackResourceCount"]) == ("DRIFTED", 1)
    drift = drifts(harness, StackResourceDriftStatusFilters=["MODIFIED"])["Q"]
    assert drift["PropertyDifferences"] == [
        {"PropertyPath": "/DelaySeconds", "ExpectedValue": "1", "ActualValue": "7", "DifferenceType": "NOT_EQUAL"},
        {
            "PropertyPath": "/Tags/1",
            "DifferenceType": "REMOVE",
            "ExpectedValue": '{"Key":"a","Value":"2"}',
            "ActualValue": "null",
        },
        {
            "PropertyPath": "/Tags/2",
            "DifferenceType": "ADD",
            "ExpectedValue": "null",
            "ActualValue": '{"Key":"c","Value":"3"}',
        },
    ]
    assert loads(drift["ExpectedProperties"])["DelaySeconds"] == 1
    assert loads(drift["ActualProperties"])["DelaySeconds"] == 7
    resource = harness.cloudformation("DescribeStackResource", StackName="stack", LogicalResourceId="Q")
    assert resource["StackResourceDetail"]["DriftInformation"]["StackResourceDriftStatus"] == "MODIFIED"
    assert drifts(harness)["T"]["StackResourceDriftStatus"] == "IN_SYNC"


def test_a_resource_that_was_deleted_outside_its_stack_is_deleted(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue(), L=EVERY_TYPE["Logs"]))
    harness.call("sqs", "DeleteQueue", QueueUrl=harness.physical("Q"))
    harness.call("logs", "DeleteLogGroup", logGroupName=harness.physical("L"))
    assert detect(harness)["DriftedStackResourceCount"] == 2
    found = drifts(harness)["Q"]
    assert found["StackResourceDriftStatus"] == "DELETED"
    assert "ActualProperties" not in found


def test_a_single_resource_is_checked_at_once(harness: CloudFormationHarness) -> None:
    parameter = {"Type": "AWS::Lambda::Function", "Properties": {}}
    harness.create(body(Q=queue(DelaySeconds=1), P=parameter))
    url = harness.physical("Q")
    harness.call("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "2"})
    answer = harness.cloudformation("DetectStackResourceDrift", StackName="stack", LogicalResourceId="Q")
    assert answer["StackResourceDrift"]["StackResourceDriftStatus"] == "MODIFIED"
    assert harness.stack()["DriftInformation"]["StackDriftStatus"] == "DRIFTED"
    with pytest.raises(AwsError, match="not supported for resource"):
        harness.cloudformation("DetectStackResourceDrift", StackName="stack", LogicalResourceId="P")
    with pytest.raises(AwsError, match="Resource X does not exist"):
        detect(harness, LogicalResourceIds=["X"])


def test_only_the_named_resources_are_checked(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue(), R=queue()))
    detect(harness, LogicalResourceIds=["R"])
    assert list(drifts(harness)) == ["R"]


def test_an_update_forgets_the_results(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    detect(harness)
    harness.update(body(Q=queue(DelaySeconds=1)))
    assert drifts(harness) == {}
    assert harness.stack()["DriftInformation"] == {"StackDriftStatus": "NOT_CHECKED"}


def test_a_stack_in_another_operation_is_not_checked(harness: CloudFormationHarness) -> None:
    harness.create(body(Q=queue()))
    key = harness.cloudformation("DetectStackDrift", StackName="stack")["StackDriftDetectionId"]
    harness.cloudformation("UpdateStack", StackName="stack", TemplateBody=body(Q=queue(DelaySeconds=1)))
    with pytest.raises(AwsError, match="cannot be performed"):
        harness.cloudformation("DetectStackDrift", StackName="stack")
    harness.settle()
    status = harness.cloudformation("DescribeStackDriftDetectionStatus", StackDriftDetectionId=key)["DetectionStatus"]
    assert status in ("DETECTION_COMPLETE", "DETECTION_FAILED")
    with pytest.raises(AwsError, match="does not exist"):
        harness.cloudformation("DescribeStackDriftDetectionStatus", StackDriftDetectionId="nobody")


def test_the_results_of_a_large_stack_come_in_pages(harness: CloudFormationHarness) -> None:
    harness.create(body(**{f"Q{number}": queue() for number in range(120)}))
    assert detect(harness)["DriftedStackResourceCount"] == 0
    first = harness.cloudformation("DescribeStackResourceDrifts", StackName="stack")
    rest = drifts(harness, NextToken=first["NextToken"])
    assert (len(first["StackResourceDrifts"]), len(rest)) == (100, 20)


def test_what_was_changed_in_buckets_parameters_and_roles_is_found(harness: CloudFormationHarness) -> None:
    names = ("Bucket", "Parameter", "Secret", "Repository", "Policy", "Role")
    harness.create(dumps({"Resources": {name: EVERY_TYPE[name] for name in names}}), Capabilities=IAM)
    bucket, role = {"Bucket": harness.physical("Bucket")}, {"RoleName": harness.physical("Role")}
    harness.call("s3", "DeleteBucketCors", **bucket)
    harness.call("s3", "PutBucketVersioning", **bucket, VersioningConfiguration={"Status": "Suspended"})
    harness.call("ssm", "PutParameter", Name=harness.physical("Parameter"), Value="other", Overwrite=True)
    harness.call("iam", "DeleteRolePolicy", **role, PolicyName="a")
    harness.call("secretsmanager", "DeleteSecret", SecretId=harness.physical("Secret"))
    changed_tags = {"repositoryName": harness.physical("Repository"), "imageTagMutability": "MUTABLE"}
    harness.call("ecr", "PutImageTagMutability", **changed_tags)
    assert detect(harness)["DriftedStackResourceCount"] == 5
    found = drifts(harness)
    assert found["Policy"]["StackResourceDriftStatus"] == "IN_SYNC"
    assert found["Secret"]["StackResourceDriftStatus"] == "DELETED"
    changed = {
        name: {each["PropertyPath"] for each in found[name]["PropertyDifferences"]}
        for name in ("Bucket", "Parameter", "Repository", "Role")
    }
    assert changed == {
        "Bucket": {"/CorsConfiguration", "/VersioningConfiguration/Status"},
        "Parameter": {"/Value"},
        "Repository": {"/ImageTagMutability"},
        "Role": {"/Policies/1"},
    }


def test_an_error_of_a_service_is_no_missing_setting() -> None:
    plan = call_if_found("GetBucketCors", {"Bucket": "b"})
    assert next(plan) == ("GetBucketCors", {"Bucket": "b"})
    with pytest.raises(AwsError, match="denied"):
        plan.throw(AwsError("denied", code="AccessDenied"))
