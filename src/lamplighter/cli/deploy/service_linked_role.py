"""Create the service-linked role of ECS, which clusters with capacity providers need and new accounts do not have.

Guarantees that a failure here does not end the deployment: a user who may not create the role is shown what may follow.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html.
"""

from collections.abc import Callable

import typer
from rich.console import Console

from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import CALL_ERRORS, ClientError
from lamplighter.cli.target import Target, explain_error

SERVICE_NAME, ROLE_NAME = "ecs.amazonaws.com", "AWSServiceRoleForECS"
CLUSTER = "AWS::ECS::Cluster"
CREATE_COMMAND = f"aws iam create-service-linked-role --aws-service-name {SERVICE_NAME}"
PROPAGATION_PAUSES = 5
"""Pauses after the role is created, until all parts of AWS know it."""


def is_needed(template: Json) -> bool:
    """Return whether a template creates a cluster."""
    return any(each["Type"] == CLUSTER for each in template["Resources"].values())


def create_role(target: Target, console: Console, pause: Callable[[], object]) -> None:
    """Create the role if it does not exist; on an error, print how to create it and continue."""
    try:
        target.client("iam").create_service_linked_role(AWSServiceName=SERVICE_NAME)
    except CALL_ERRORS as error:
        if not _role_exists(error):
            typer.echo(
                f"lamplighter: the role {ROLE_NAME} could not be created ({explain_error(error, target)}): "
                "if the account does not have it, the cluster fails; "
                f"a user with the permission has to run `{CREATE_COMMAND}`",
                err=True,
            )
        return
    console.print(f"created the role {ROLE_NAME}, which ECS needs once in every account", soft_wrap=True)
    for _ in range(PROPAGATION_PAUSES):
        pause()


def _role_exists(error: Exception) -> bool:
    details = error.response["Error"] if isinstance(error, ClientError) else {}
    return "has been taken" in details.get("Message", "") or details.get("Code") == "EntityAlreadyExists"
