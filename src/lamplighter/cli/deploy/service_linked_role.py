"""Create the service-linked role of ECS, which clusters with capacity providers need and new accounts do not have.

Guarantees that a failure here does not end the deployment: a user who may not create the role is shown what may follow.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html.
"""

from collections.abc import Callable

import typer
from botocore.exceptions import ClientError
from rich.console import Console

from lamplighter.base.json_text import Json
from lamplighter.cli.target import CALL_ERRORS, Target, explain_error

SERVICE, NAME = "ecs.amazonaws.com", "AWSServiceRoleForECS"
CLUSTER = "AWS::ECS::Cluster"
MAKE = f"aws iam create-service-linked-role --aws-service-name {SERVICE}"
SETTLING = 5
"""Pauses after the role is created, until all parts of AWS know it."""


def is_needed(template: Json) -> bool:
    """Return whether a template creates a cluster."""
    return any(each["Type"] == CLUSTER for each in template["Resources"].values())


def create_role(where: Target, console: Console, pause: Callable[[], object]) -> None:
    """Create the role if it does not exist; on an error, print how to create it and continue."""
    try:
        where.client("iam").create_service_linked_role(AWSServiceName=SERVICE)
    except CALL_ERRORS as error:
        if not _is_there(error):
            typer.echo(
                f"lamplighter: the role {NAME} could not be created ({explain_error(error, where)}): "
                f"if the account does not have it, the cluster fails; a user with the permission has to run `{MAKE}`",
                err=True,
            )
        return
    console.print(f"created the role {NAME}, which ECS needs once in every account", soft_wrap=True)
    for _ in range(SETTLING):
        pause()


def _is_there(error: Exception) -> bool:
    told = error.response["Error"] if isinstance(error, ClientError) else {}
    return "has been taken" in told.get("Message", "") or told.get("Code") == "EntityAlreadyExists"
