"""List what the commands for AWS call themselves: for a person who only reads, and for one who deploys.

What CloudFormation calls for a stack's resources is in `permissions.json`. A test runs the commands with exactly these.
"""

from collections.abc import Mapping

READ_CALLS: Mapping[str, str] = {
    "cloudformation": "DescribeStacks DescribeStackEvents DescribeStackResource DescribeStackResources "
    "ListStackResources GetTemplate ListChangeSets DescribeChangeSet DetectStackDrift DetectStackResourceDrift "
    "DescribeStackDriftDetectionStatus DescribeStackResourceDrifts",
    "states": "ListStateMachines DescribeStateMachine DescribeStateMachineForExecution ListTagsForResource "
    "ListExecutions DescribeExecution GetExecutionHistory ListMapRuns DescribeMapRun",
    "ecs": "ListClusters DescribeClusters ListTasks DescribeTasks DescribeTaskDefinition ListTaskDefinitions "
    "ListTaskDefinitionFamilies",
    "logs": "DescribeLogGroups DescribeLogStreams GetLogEvents FilterLogEvents ListTagsForResource",
    "scheduler": "ListSchedules GetSchedule ListScheduleGroups",
    "events": "ListEventBuses DescribeEventBus ListRules DescribeRule ListRuleNamesByTarget ListTargetsByRule",
    "sns": "ListTopics GetTopicAttributes ListSubscriptionsByTopic GetSubscriptionAttributes",
    "sqs": "ListQueues GetQueueUrl GetQueueAttributes ListDeadLetterSourceQueues ListMessageMoveTasks",
    "cloudwatch": "DescribeAlarms GetMetricData GetMetricStatistics",
    "iam": "GetRole ListRolePolicies GetRolePolicy ListAttachedRolePolicies GetPolicy GetPolicyVersion "
    "ListAccountAliases GetAccountSummary",
    "ec2": "DescribeRouteTables DescribeSubnets",
    "ecr": "DescribeRepositories DescribeImages",
    "s3": "ListBucket GetObject",
    "ssm": "DescribeParameters",
    "secretsmanager": "DescribeSecret",
    "servicequotas": "GetServiceQuota ListServiceQuotas",
}
"""The actions of all commands that only show something, by the prefix of their service."""
DEPLOY_CALLS: Mapping[str, str] = {
    "cloudformation": "CreateChangeSet DeleteChangeSet ExecuteChangeSet CreateStack UpdateStack DeleteStack "
    "TagResource",
    "states": "StopExecution",
    "ecs": "StopTask DeregisterTaskDefinition",
    "scheduler": "UpdateSchedule",
    "logs": "DeleteLogGroup",
    "iam": "CreateServiceLinkedRole",
    "ecr": "CreateRepository TagResource GetAuthorizationToken BatchCheckLayerAvailability BatchGetImage "
    "InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage",
    "s3": "PutObject",
}
"""The further actions of `deploy`, `rollback`, `destroy` and `prune`. CreateStack is for the bucket for templates."""


def list_actions(calls: Mapping[str, str]) -> set[str]:
    """Return the actions of a table, as a policy spells them."""
    return {f"{service}:{name}" for service, names in calls.items() for name in names.split()}
