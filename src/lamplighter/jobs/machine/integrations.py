"""List the AWS calls that generated states make, as placeholders that the template replaces.

Guarantees definitions for every partition. Step Functions rejects a `Resource` of another partition ("The resource
belongs to a different partition"), and only the stack knows its partition. A placeholder is a whole value, as cfn-lint
requires. See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html.
"""

from collections.abc import Mapping

from lamplighter.jobs.names import placeholder

CALLS: Mapping[str, str] = {
    "RunTaskCall": "ecs:runTask.sync",
    "PublishCall": "sns:publish",
    "StartExecutionCall": "states:startExecution",
    "DescribeExecutionCall": "aws-sdk:sfn:describeExecution",
    "ListExecutionsCall": "aws-sdk:sfn:listExecutions",
    "StopExecutionCall": "aws-sdk:sfn:stopExecution",
    "DescribeTasksCall": "aws-sdk:ecs:describeTasks",
    "GetLogEventsCall": "aws-sdk:cloudwatchlogs:getLogEvents",
    "GetExecutionHistoryCall": "aws-sdk:sfn:getExecutionHistory",
    "DescribeRuleCall": "aws-sdk:eventbridge:describeRule",
    "ListSubscriptionsByTopicCall": "aws-sdk:sns:listSubscriptionsByTopic",
}
"""The calls by the names of their placeholders; placeholders of jobs and channels never end in `Call`."""
(
    RUN_TASK, PUBLISH, START_EXECUTION, DESCRIBE_EXECUTION, LIST_EXECUTIONS, STOP_EXECUTION, DESCRIBE_TASKS, READ_LOG,
    READ_HISTORY, DESCRIBE_RULE, LIST_SUBSCRIPTIONS,
) = map(placeholder, CALLS)  # fmt: skip


def integration_resource(call: str, partition: str) -> str:
    """Return the `Resource` of a Task that makes a call."""
    return f"arn:{partition}:states:::{CALLS[call]}"


def resolve_calls(definition: str, partition: str = "aws") -> str:
    """Return a definition's text with its calls inserted, so that Step Functions' rules can check it."""
    for call in CALLS:
        definition = definition.replace(placeholder(call), integration_resource(call, partition))
    return definition
