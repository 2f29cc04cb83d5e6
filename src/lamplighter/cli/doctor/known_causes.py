"""Explain a failure whose message is known: what failed, and what to do.

The messages are those of ECS, IAM and Step Functions:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html.
"""

from lamplighter.cli.doctor.image_pull_causes import AWS_CAUSES, LOCAL_CAUSES, NETWORK_ADVICE, NETWORK_ERRORS
from lamplighter.cli.doctor.known_cause import KnownCause, make_cause

KNOWN_CAUSES = (
    make_cause(
        r"not authorized to perform: iam:PassRole",
        "the role of the state machine may not pass the role of the task: AWS's console forgets iam:PassRole",
        "allow iam:PassRole on that role if iam:PassedToService is ecs-tasks.amazonaws.com",
    ),
    make_cause(
        r"unable to assume the (?:provided )?role|authorized to assume the provided role",
        "a role does not exist, or does not trust the service that assumes it",
        "let its trust policy allow sts:AssumeRole to ecs-tasks.amazonaws.com (tasks), states.amazonaws.com (machines)",
    ),
    make_cause(
        r"unable to pull secrets or registry auth.*AccessDenied|unable to retrieve (?:secret|ecr).*not authorized",
        "the execution role may not read a secret, or may not log in to ECR",
        "allow it ssm:GetParameters or secretsmanager:GetSecretValue on the secret, ecr:GetAuthorizationToken on *",
    ),
    make_cause(
        rf"unable to (?:pull secrets or registry auth|retrieve).*(?:{NETWORK_ERRORS})",
        "the task cannot reach Secrets Manager, SSM or ECR",
        NETWORK_ADVICE,
    ),
    make_cause(
        r"ResourceInitializationError.*(?:ResourceNotFoundException|ParameterNotFound|can't find the specified secret"
        r"|invalid ssm parameters)",
        "a secret that the job names does not exist",
        "create it, or correct its name under `secrets:`",
    ),
    make_cause(
        r"ResourceInitializationError.*log group does not exist",
        "the log group of the job does not exist",
        "deploy again, or create it: aws logs create-log-group",
    ),
    *AWS_CAUSES,
    make_cause(
        r"exec format error", "the image is for another kind of processor", "build it again, or use architecture: arm64"
    ),
    make_cause(
        r"OutOfMemory|exit code:? 137|\"ExitCode\":\s*137",
        "the container was killed: it exceeded its memory, or did not stop in time",
        "give it more memory: memory: 1024",
    ),
    make_cause(
        r"executable file not found|no such file or directory|exit code:? 127|\"ExitCode\":\s*127",
        "the program that the job names is not in its image",
        "check `command:` and `entrypoint:`",
    ),
    make_cause(
        r"Capacity is unavailable|RESOURCE:(?:CPU|MEMORY|ENI)|no container instances",
        "AWS had no capacity for the task",
        "retry: {infra: {attempts: 5, interval: 1m, backoff: 2}}; more subnets in other zones",
    ),
    make_cause(
        r"SpotInterruption|Your Spot Task was interrupted",
        "AWS took its spot capacity back",
        "retry: {spot: {attempts: 3, interval: 1m}}, or launch: fargate",
    ),
    make_cause(
        r"TaskDefinition (?:is inactive|not found)|Unable to describe task definition",
        "the task definition that the state machine names does not exist",
        "deploy again",
    ),
    make_cause(
        r"AccessDenied|not authorized to perform|is not authorized",
        "a permission is missing",
        "the message names the caller, the action and the resource: allow the action in the policy of that role",
    ),
    make_cause(r"States\.Timeout|TimedOut|TIMED_OUT", "it exceeded its timeout", "raise `timeout:` or `deadline:`"),
)
"""The known causes, the most specific first: the first match counts."""


def find_cause(text: str, *, runs_locally: bool = False) -> KnownCause | None:
    """Return the known cause that matches a failure's text, or None.

    `runs_locally` is whether a lamplighter engine ran the task; then the causes of the local Docker are tried first.
    """
    return next(
        (each for each in (*(LOCAL_CAUSES if runs_locally else ()), *KNOWN_CAUSES) if each.pattern.search(text)), None
    )
