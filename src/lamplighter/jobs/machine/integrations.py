"""The calls of AWS that our own states make, as places that the template fills in.

Promises definitions for every partition: Step Functions refuses a `Resource` of another than its own ("The resource
belongs to a different partition"), and only the stack knows in which it is. Places are whole values, as cfn-lint wants.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html.
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
    "GetLogEventsCall": "aws-sdk:cloudwatchlogs:getLogEvents",
    "GetExecutionHistoryCall": "aws-sdk:sfn:getExecutionHistory",
}
"""By the name of its place; those of jobs and channels end otherwise."""
RUN_TASK, PUBLISH, START, DESCRIBE, LIST, STOP, READ_LOG, HISTORY = map(placeholder, CALLS)


def integration_resource(call: str, partition: str) -> str:
    """The `Resource` of a Task that makes a call."""
    return f"arn:{partition}:states:::{CALLS[call]}"


def resolve_calls(definition: str, partition: str = "aws") -> str:
    """A definition's text with its calls filled in, as Step Functions would judge it in any partition."""
    for call in CALLS:
        definition = definition.replace(placeholder(call), integration_resource(call, partition))
    return definition
