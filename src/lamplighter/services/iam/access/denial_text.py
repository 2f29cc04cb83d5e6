"""Word a denial as AWS does, with each service's error code.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html.
"""

from collections.abc import Mapping

from lamplighter.base.errors import AwsError

CODES: Mapping[str, tuple[str, int]] = {
    "ecs": ("AccessDeniedException", 400),
    "events": ("AccessDeniedException", 400),
    "logs": ("AccessDeniedException", 400),
    "scheduler": ("AccessDeniedException", 403),
    "secretsmanager": ("AccessDeniedException", 400),
    "ecr": ("AccessDeniedException", 400),
    "ssm": ("AccessDeniedException", 400),
    "sns": ("AuthorizationError", 403),
    "states": ("AccessDeniedException", 400),
}
"""The code and the HTTP status of a denial, by service."""
QUERY_CODE = "AccessDenied", 403
"""Those of CloudFormation, CloudWatch, IAM, S3, SQS and STS."""


class Denied(AwsError):
    """A call that a role's policies do not allow."""

    def __init__(self, service: str, message: str) -> None:
        code, status = CODES.get(service, QUERY_CODE)
        super().__init__(message, code=code, status=status)


def denial_text(user: str, action: str, resource: str, reason: str = "") -> str:
    """Return AWS's message, in which two services spell their actions in their own way, and ECR names any resource.

    `reason` is `with an explicit deny in …`, or `because no … policy allows the {} action`; STS does not give any.
    """
    prefix, _, name = action.partition(":")
    shown = {"sns": f"SNS:{name}", "sqs": action.lower()}.get(prefix, action)
    about = "" if resource == "*" and prefix != "ecr" else f" on resource: {resource}"
    return f"User: {user} is not authorized to perform: {shown}{about} {reason.format(shown)}".rstrip()
