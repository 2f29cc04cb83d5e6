"""List the properties that identify a resource, by type, as the import of existing resources names them.

They are the primary identifiers of AWS's registry. See
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html.
"""

from collections.abc import Mapping

IDENTIFIERS: Mapping[str, tuple[str, ...]] = {
    "AWS::CloudWatch::Alarm": ("AlarmName",),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmName",),
    "AWS::ECS::Cluster": ("ClusterName",),
    "AWS::ECS::ClusterCapacityProviderAssociations": ("Cluster",),
    "AWS::ECS::TaskDefinition": ("TaskDefinitionArn",),
    "AWS::Events::ApiDestination": ("Name",),
    "AWS::Events::Archive": ("ArchiveName",),
    "AWS::Events::Connection": ("Name",),
    "AWS::Events::EventBus": ("Name",),
    "AWS::Events::EventBusPolicy": ("EventBusName", "StatementId"),
    "AWS::Events::Rule": ("Arn",),
    "AWS::Logs::LogGroup": ("LogGroupName",),
    "AWS::Logs::LogStream": ("LogGroupName", "LogStreamName"),
    "AWS::Logs::MetricFilter": ("LogGroupName", "FilterName"),
    "AWS::Logs::ResourcePolicy": ("PolicyName",),
    "AWS::SNS::Subscription": ("Arn",),
    "AWS::SNS::Topic": ("TopicArn",),
    "AWS::SNS::TopicInlinePolicy": ("TopicArn",),
    "AWS::SNS::TopicPolicy": ("Id",),
    "AWS::SQS::Queue": ("QueueUrl",),
    "AWS::SQS::QueueInlinePolicy": ("Queue",),
    "AWS::SQS::QueuePolicy": ("Id",),
    "AWS::Scheduler::Schedule": ("Name",),
    "AWS::Scheduler::ScheduleGroup": ("Name",),
    "AWS::StepFunctions::Activity": ("Arn",),
    "AWS::StepFunctions::StateMachine": ("Arn",),
    "AWS::StepFunctions::StateMachineAlias": ("Arn",),
    "AWS::StepFunctions::StateMachineVersion": ("Arn",),
    "AWS::ECR::Repository": ("RepositoryName",),
    "AWS::IAM::ManagedPolicy": ("PolicyArn",),
    "AWS::IAM::Role": ("RoleName",),
    "AWS::S3::Bucket": ("BucketName",),
    "AWS::S3::BucketPolicy": ("Bucket",),
    "AWS::SSM::Parameter": ("Name",),
    "AWS::SecretsManager::Secret": ("Id",),
}
