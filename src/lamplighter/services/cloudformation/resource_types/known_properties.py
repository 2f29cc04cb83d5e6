"""List the properties that a template may set, by type, as AWS's registry has them.

A property that is not in the list is an error, as on AWS: otherwise a misspelled one would have no effect. See
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html.
"""

from collections.abc import Mapping

from lamplighter.services.cloudformation.errors import ResourceFailed

PROPERTIES: Mapping[str, frozenset[str]] = {
    kind: frozenset(names.split())
    for kind, names in {
        "AWS::CloudWatch::Alarm": (
            "ActionConfiguration ActionsEnabled AlarmActions AlarmDescription AlarmName ComparisonOperator "
            "DatapointsToAlarm Dimensions EvaluateLowSampleCountPercentile EvaluationCriteria "
            "EvaluationInterval EvaluationPeriods EvaluationWindow ExtendedStatistic InsufficientDataActions "
            "MetricName Metrics Namespace OKActions Period Statistic Tags Threshold ThresholdMetricId "
            "TreatMissingData Unit WarmUpConfiguration"
        ),
        "AWS::CloudWatch::CompositeAlarm": (
            "ActionConfiguration ActionsEnabled ActionsSuppressor ActionsSuppressorExtensionPeriod "
            "ActionsSuppressorWaitPeriod AlarmActions AlarmDescription AlarmName AlarmRule "
            "InsufficientDataActions OKActions Tags"
        ),
        "AWS::CloudWatch::Dashboard": "DashboardBody DashboardName Tags",
        "AWS::ECR::Repository": (
            "EmptyOnDelete EncryptionConfiguration ImageScanningConfiguration ImageTagMutability "
            "ImageTagMutabilityExclusionFilters LifecyclePolicy RepositoryName RepositoryPolicyText Tags"
        ),
        "AWS::ECS::CapacityProvider": ("AutoScalingGroupProvider ClusterName ManagedInstancesProvider Name Tags"),
        "AWS::ECS::Cluster": (
            "CapacityProviders ClusterName ClusterSettings Configuration DefaultCapacityProviderStrategy "
            "ServiceConnectDefaults Tags"
        ),
        "AWS::ECS::ClusterCapacityProviderAssociations": "CapacityProviders Cluster DefaultCapacityProviderStrategy",
        "AWS::ECS::TaskDefinition": (
            "ContainerDefinitions Cpu EnableFaultInjection EphemeralStorage ExecutionRoleArn Family "
            "InferenceAccelerators IpcMode Memory NetworkMode PidMode PlacementConstraints "
            "ProxyConfiguration RequiresCompatibilities RuntimePlatform Tags TaskRoleArn Volumes"
        ),
        "AWS::Events::ApiDestination": (
            "ConnectionArn Description HttpMethod InvocationEndpoint InvocationRateLimitPerSecond Name"
        ),
        "AWS::Events::Archive": ("ArchiveName Description EventPattern KmsKeyIdentifier RetentionDays SourceArn"),
        "AWS::Events::Connection": (
            "AuthParameters AuthorizationType Description InvocationConnectivityParameters KmsKeyIdentifier Name"
        ),
        "AWS::Events::EventBus": (
            "DeadLetterConfig Description EventSourceName KmsKeyIdentifier LogConfig Name Policy Tags"
        ),
        "AWS::Events::EventBusPolicy": "Action Condition EventBusName Principal Statement StatementId",
        "AWS::Events::Rule": (
            "Description EventBusName EventPattern Name RoleArn ScheduleExpression State Tags Targets"
        ),
        "AWS::IAM::ManagedPolicy": "Description Groups ManagedPolicyName Path PolicyDocument Roles Users",
        "AWS::IAM::Policy": "Groups PolicyDocument PolicyName Roles Users",
        "AWS::IAM::Role": (
            "AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration Path "
            "PermissionsBoundary Policies RoleName Tags"
        ),
        "AWS::IAM::RolePolicy": "PolicyDocument PolicyName RoleName",
        "AWS::IAM::ServiceLinkedRole": "AWSServiceName CustomSuffix Description",
        "AWS::Logs::LogGroup": (
            "BearerTokenAuthenticationEnabled DataProtectionPolicy DeletionProtectionEnabled "
            "FieldIndexPolicies KmsKeyId LogGroupClass LogGroupName ResourcePolicyDocument RetentionInDays "
            "Tags"
        ),
        "AWS::Logs::LogStream": "LogGroupName LogStreamName",
        "AWS::Logs::MetricFilter": (
            "ApplyOnTransformedLogs EmitSystemFieldDimensions FieldSelectionCriteria FilterName "
            "FilterPattern LogGroupName MetricTransformations"
        ),
        "AWS::Logs::ResourcePolicy": "PolicyDocument PolicyName",
        "AWS::S3::Bucket": (
            "AbacStatus AccelerateConfiguration AccessControl AnalyticsConfigurations BucketEncryption "
            "BucketName BucketNamePrefix BucketNamespace CorsConfiguration IntelligentTieringConfigurations "
            "InventoryConfigurations LifecycleConfiguration LoggingConfiguration MetadataConfiguration "
            "MetadataTableConfiguration MetricsConfigurations NotificationConfiguration "
            "ObjectLockConfiguration ObjectLockEnabled OwnershipControls PublicAccessBlockConfiguration "
            "ReplicationConfiguration Tags VersioningConfiguration WebsiteConfiguration"
        ),
        "AWS::S3::BucketPolicy": "Bucket PolicyDocument",
        "AWS::SNS::Subscription": (
            "DeliveryPolicy Endpoint FilterPolicy FilterPolicyScope Protocol RawMessageDelivery "
            "RedrivePolicy Region ReplayPolicy SubscriptionRoleArn TopicArn"
        ),
        "AWS::SNS::Topic": (
            "ArchivePolicy ContentBasedDeduplication DataProtectionPolicy DeliveryStatusLogging DisplayName "
            "FifoThroughputScope FifoTopic KmsMasterKeyId MaximumMessageSize SignatureVersion Subscription "
            "Tags TopicName TracingConfig"
        ),
        "AWS::SNS::TopicInlinePolicy": "PolicyDocument TopicArn",
        "AWS::SNS::TopicPolicy": "PolicyDocument Topics",
        "AWS::SQS::Queue": (
            "ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit "
            "KmsDataKeyReusePeriodSeconds KmsMasterKeyId MaximumMessageSize MessageRetentionPeriod QueueName "
            "ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy SqsManagedSseEnabled Tags "
            "VisibilityTimeout"
        ),
        "AWS::SQS::QueueInlinePolicy": "PolicyDocument Queue",
        "AWS::SQS::QueuePolicy": "PolicyDocument Queues",
        "AWS::SSM::Parameter": ("AllowedPattern DataType Description Name Policies Tags Tier Type Value"),
        "AWS::Scheduler::Schedule": (
            "Description EndDate FlexibleTimeWindow GroupName KmsKeyArn Name ScheduleExpression "
            "ScheduleExpressionTimezone StartDate State Target"
        ),
        "AWS::Scheduler::ScheduleGroup": "Name Tags",
        "AWS::SecretsManager::ResourcePolicy": "BlockPublicPolicy ResourcePolicy SecretId",
        "AWS::SecretsManager::Secret": (
            "Description GenerateSecretString KmsKeyId Name ReplicaRegions SecretString Tags Type"
        ),
        "AWS::StepFunctions::Activity": "EncryptionConfiguration Name Tags",
        "AWS::StepFunctions::StateMachine": (
            "Definition DefinitionS3Location DefinitionString DefinitionSubstitutions "
            "EncryptionConfiguration LoggingConfiguration RoleArn StateMachineName StateMachineType Tags "
            "TracingConfiguration"
        ),
        "AWS::StepFunctions::StateMachineAlias": (
            "DeploymentPreference Description Name RoutingConfiguration StateMachineArn"
        ),
        "AWS::StepFunctions::StateMachineVersion": "Description StateMachineArn StateMachineRevisionId",
    }.items()
}


def check_properties(logical: str, kind: str, given: Mapping[str, object]) -> None:
    """Raise `ResourceFailed` for a property that the type does not have."""
    known = PROPERTIES.get(kind)
    unknown = sorted(given.keys() - known) if known is not None else []
    if unknown:
        raise ResourceFailed(
            f"Properties validation failed for resource {logical} with message: "
            f"#: extraneous key [{unknown[0]}] is not permitted"
        )
