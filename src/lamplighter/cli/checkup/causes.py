"""What a failure means whose words are known: what went wrong, and what to do.

The words are ECS's, IAM's and Step Functions':
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """One known cause."""

    words: re.Pattern[str]
    means: str
    advice: str


def _cause(words: str, means: str, advice: str) -> Cause:
    return Cause(re.compile(words, re.IGNORECASE | re.DOTALL), means, advice)


NO_WAY = "i/o timeout|context deadline exceeded|request canceled|connection issue|dial tcp|connection timed out"
WAY_OUT = "public-ip: true in a public subnet, or a NAT gateway, or VPC endpoints; and let its group out"

PLATFORM = _cause(
    r"CannotPull\w*Error.*(?:no matching manifest|platform|exec format)",
    "the image is for another kind of processor",
    "build it for that of the job, or say architecture: arm64",
)
HERE = (
    PLATFORM,
    _cause(
        rf"CannotPull\w*Error.*(?:{NO_WAY}|no such host|connection refused)",
        "Docker found no way to the registry of its image",
        "say `docker pull` with it on this box, and look at the box's network, its DNS, its proxy",
    ),
    _cause(
        r"CannotPull\w*Error.*(?:toomanyrequests|rate limit|429)",
        "the registry lets nobody without a login pull that often",
        "say `docker login` on this box, or build the image here: an `image:` that is a folder",
    ),
    _cause(
        r"CannotPull\w*Error.*(?:403|forbidden|denied|no basic auth|not authorized|unauthorized)",
        "there is no such image, or Docker on this box may not pull it",
        "look at its name; say `docker login` for its registry on this box",
    ),
    _cause(
        r"CannotPull\w*Error.*(?:not found|manifest unknown|404|repository does not exist)|No such image",
        "there is no such image",
        "look at its name and tag; `lamplighter up` builds those that are folders",
    ),
    _cause(r"CannotPull\w*Error", "Docker could not pull the image", "say `docker pull` with it on this box"),
)
"""What means something else, or is mended otherwise, where Docker of this box runs the containers."""

CAUSES = (
    _cause(
        r"not authorized to perform: iam:PassRole",
        "the role of the state machine may not pass the role of the task: the article's trap",
        "allow iam:PassRole on that role if iam:PassedToService is ecs-tasks.amazonaws.com",
    ),
    _cause(
        r"unable to assume the (?:provided )?role|authorized to assume the provided role",
        "a role does not trust who has to take it on, or is gone",
        "let its trust policy allow sts:AssumeRole to ecs-tasks.amazonaws.com (tasks), states.amazonaws.com (machines)",
    ),
    _cause(
        r"unable to pull secrets or registry auth.*AccessDenied|unable to retrieve (?:secret|ecr).*not authorized",
        "the execution role may not read a secret, or may not log in to ECR",
        "allow it ssm:GetParameters or secretsmanager:GetSecretValue on the secret, ecr:GetAuthorizationToken on *",
    ),
    _cause(
        rf"unable to (?:pull secrets or registry auth|retrieve).*(?:{NO_WAY})",
        "the task found no way to Secrets Manager, SSM or ECR",
        WAY_OUT,
    ),
    _cause(
        r"ResourceInitializationError.*(?:ResourceNotFoundException|ParameterNotFound|can't find the specified secret"
        r"|invalid ssm parameters)",
        "a secret that the job names is not there",
        "put it there, or mend its name under `secrets:`",
    ),
    _cause(
        r"ResourceInitializationError.*log group does not exist",
        "the log group of the job is not there",
        "deploy again, or make it: aws logs create-log-group",
    ),
    _cause(rf"CannotPull\w*Error.*(?:{NO_WAY})", "the task found no way to the registry of its image", WAY_OUT),
    _cause(
        r"CannotPull\w*Error.*(?:toomanyrequests|rate limit|429)",
        "the registry lets nobody without a login pull that often",
        "put the image into ECR: an `image:` that is a folder goes there",
    ),
    PLATFORM,
    _cause(
        r"CannotPull\w*Error.*(?:403|forbidden|denied|no basic auth|not authorized|unauthorized)",
        "the execution role may not pull the image, or there is no such image for it",
        "look at the image's name; allow ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on its repository",
    ),
    _cause(
        r"CannotPull\w*Error.*(?:not found|manifest unknown|404|repository does not exist)|No such image",
        "there is no such image",
        "look at its name and tag; `lamplighter deploy` pushes those that are folders",
    ),
    _cause(r"CannotPull\w*Error", "the image could not be pulled", "look at its name, and at the task's way out"),
    _cause(
        r"exec format error", "the image is for another kind of processor", "build it anew, or say architecture: arm64"
    ),
    _cause(
        r"OutOfMemory|exit code:? 137|\"ExitCode\":\s*137",
        "the container was killed: it took more memory than it has, or did not stop when it was told to",
        "give it more: memory: 1024",
    ),
    _cause(
        r"executable file not found|no such file or directory|exit code:? 127|\"ExitCode\":\s*127",
        "the program that the job names is not in its image",
        "look at `command:` and `entrypoint:`",
    ),
    _cause(
        r"Capacity is unavailable|RESOURCE:(?:CPU|MEMORY|ENI)|no container instances",
        "AWS had no room for the task",
        "retry: {infra: {attempts: 5, interval: 1m, backoff: 2}}; more subnets in other zones",
    ),
    _cause(
        r"SpotInterruption|Your Spot Task was interrupted",
        "AWS took its spot capacity back",
        "retry: {spot: {attempts: 3, interval: 1m}}, or launch: fargate",
    ),
    _cause(
        r"TaskDefinition (?:is inactive|not found)|Unable to describe task definition",
        "the task definition that the machine names is gone",
        "deploy again",
    ),
    _cause(
        r"AccessDenied|not authorized to perform|is not authorized",
        "somebody may not do what was asked",
        "the message names who, what and on what: allow it in the policy of that role",
    ),
    _cause(r"States\.Timeout|TimedOut|TIMED_OUT", "it took longer than it may", "raise `timeout:` or `deadline:`"),
)
"""The plainest first: the first that fits counts."""


def cause(text: str, *, here: bool = False) -> Cause | None:
    """The known cause that a failure's words speak of; `here`: on an engine of ours, rather than on AWS."""
    return next((each for each in (*(HERE if here else ()), *CAUSES) if each.words.search(text)), None)
