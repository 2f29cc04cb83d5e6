"""Say for whom ECS makes its own calls for a task: under the task execution role, if the engine enforces IAM.

ECS reads secrets under that role. On Fargate it also pulls images from ECR and sends logs under it; on EC2 it does both
under the role of the instance, which is this machine. A task without an execution role is not limited.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html.
"""

import re
from dataclasses import replace

from lamplighter.base.aws.role_session import RoleSession, Signer
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Bus, Caller, caller_of
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.store.db import Reader

SERVICE_PRINCIPAL = "ecs-tasks.amazonaws.com"
ECR = "ecr"
_ECR_IMAGE = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)")
REGISTRY_ERROR = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
)


def execution_caller(bus: Bus, task: Task, definition: Json) -> Caller:
    """Return the caller for whom ECS reads the secrets of a task."""
    caller = caller_of(task.arn)
    role = task.body["overrides"].get("executionRoleArn") or definition.get("executionRoleArn")
    if bus.guard is None or not role:
        return caller
    session = RoleSession(role, task.arn.rpartition("/")[2], service=SERVICE_PRINCIPAL, source=task.arn)
    return replace(caller, signer=Signer(session=session))


def agent_caller(bus: Bus, task: Task, definition: Json) -> Caller:
    """Return the caller for whom ECS pulls images and sends logs."""
    return caller_of(task.arn) if task.launch_type == "EC2" else execution_caller(bus, task, definition)


def denied_image(bus: Bus, reader: Reader, caller: Caller, image: str) -> str | None:
    """Return in ECS's words why an image of this account's ECR must not be pulled; None if it may."""
    found = None if caller.session is None else _repository(bus, reader, caller, image)
    if found is None:
        return None
    region, repository = found
    owner = replace(caller, region=region)
    try:
        bus.check_access(reader, owner, ECR, "GetAuthorizationToken", {})
    except AwsError as error:
        return (
            f"{REGISTRY_ERROR}unable to retrieve ecr registry auth: service call has been retried 1 time(s): "
            f"{error.code}: {error.message}"
        )
    try:
        for operation in ("BatchGetImage", "GetDownloadUrlForLayer"):
            bus.check_access(reader, owner, ECR, operation, {"repositoryName": repository})
    except AwsError as error:
        return (
            f"CannotPullContainerError: Error response from daemon: pull access denied for {image.partition(':')[0]}, "
            f"repository does not exist or may require 'docker login': denied: {error.message}"
        )
    return None


def _repository(bus: Bus, reader: Reader, caller: Caller, image: str) -> tuple[str, str] | None:
    """Return the region and the name of the repository that an image names, on AWS or on this engine, or None."""
    found = _ECR_IMAGE.match(image)
    if found is not None:
        return (found[2], found[3]) if found[1] == caller.account else None
    head, _, rest = image.partition("@")[0].partition("/")
    name = rest.partition(":")[0]
    if not name or not bus.serves(ECR, "DescribeRepositories"):
        return None
    try:
        (known,) = bus.read(reader, caller, ECR, "DescribeRepositories", {"repositoryNames": [name]})["repositories"]
    except AwsError:
        return None
    return (caller.region, name) if known["repositoryUri"] == f"{head}/{name}" else None
