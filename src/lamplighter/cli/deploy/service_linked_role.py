"""The service-linked role of ECS, which a cluster with capacity providers needs and a new account does not have.

Promises that a deployment fails for nothing here: who may not make the role, or cannot, is told what may follow. See
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html.
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
"""Pauses until a role that was just made is known everywhere in AWS."""


def is_needed(template: Json) -> bool:
    """Whether a template makes a cluster."""
    return any(each["Type"] == CLUSTER for each in template["Resources"].values())


def create_role(where: Target, console: Console, pause: Callable[[], object]) -> None:
    """Make the role unless it is there."""
    try:
        where.client("iam").create_service_linked_role(AWSServiceName=SERVICE)
    except CALL_ERRORS as error:
        if not _is_there(error):
            typer.echo(
                f"lamplighter: the role {NAME} could not be made ({explain_error(error, where)}): "
                f"if the account has none, the cluster fails; somebody who may has to say `{MAKE}`",
                err=True,
            )
        return
    console.print(f"made the role {NAME}, which ECS needs once in every account", soft_wrap=True)
    for _ in range(SETTLING):
        pause()


def _is_there(error: Exception) -> bool:
    told = error.response["Error"] if isinstance(error, ClientError) else {}
    return "has been taken" in told.get("Message", "") or told.get("Code") == "EntityAlreadyExists"
