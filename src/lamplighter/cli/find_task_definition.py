"""Find the latest task definition of a family, which may not exist yet."""

from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import ClientError

NO_SUCH_FAMILY = "ClientException"
"""The code of DescribeTaskDefinition for a family without an active task definition."""


def find_task_definition(ecs: Json, family: str) -> Json | None:
    """Return the latest active task definition of a family, or None; `ecs` is a client. Raises `CALL_ERRORS`."""
    try:
        return ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
    except ClientError as error:
        if error.response["Error"]["Code"] != NO_SUCH_FAMILY:
            raise
        return None
