"""Say about which resources IAM decides for its own operations: names of roles and policies lack their paths."""

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.iam.access.needed_permission import ANY
from lamplighter.services.iam.entities import entity_arn
from lamplighter.services.iam.tables import roles
from lamplighter.store.db import Reader


def iam_resource(reader: Reader, caller: Caller, operation: str, params: Json) -> str:
    """Return the ARN about which IAM decides for one of its operations, or *."""
    path = params.get("Path", "/")
    if operation.startswith(("List", "GetAccount")) and not params.keys() & {"RoleName", "PolicyArn"}:
        return ANY
    if "RoleName" in params:
        role = roles.get(reader, caller.account, params["RoleName"])
        return entity_arn(caller.account, "role", path, params["RoleName"]) if role is None else role.arn
    if "PolicyName" in params:
        return entity_arn(caller.account, "policy", path, params["PolicyName"])
    if operation == "CreateServiceLinkedRole":
        return entity_arn(caller.account, "role", f"/aws-service-role/{params.get('AWSServiceName')}/", "*")
    return str(params.get("PolicyArn") or params.get("PolicySourceArn") or ANY)
