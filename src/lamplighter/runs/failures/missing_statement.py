"""Read the statement that a role lacks from the words with which AWS denies a call.

Works for the denials of this engine and of AWS: "User: … is not authorized to perform: ecs:RunTask on resource: …
because no identity-based policy allows the ecs:RunTask action". An explicit deny lacks no statement.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps

_DENIAL = re.compile(
    r"User: (?P<user>\S+) is not authorized to perform: (?P<action>[A-Za-z0-9-]+:[A-Za-z0-9]+)"
    r"(?: on resource: (?P<resource>\S+))?(?P<why>[^(]{0,80})"
)
_NOT_MISSING = ("explicit deny", "permissions boundary", "session policy", "service control policy")
"""Parts of the reasons of denials that an added statement does not end."""
_TASK_ID = re.compile(r":task/([^/*]+)/.*")
_ROLE = re.compile(r"assumed-role/([^/]+)/")
ECS_TASKS = "ecs-tasks.amazonaws.com"


@dataclass(frozen=True, slots=True)
class MissingStatement:
    """A statement to add to a policy of a role."""

    role: str
    """The name of the role; empty if a user was denied."""
    statement: Mapping[str, Json]

    def __str__(self) -> str:
        where = f"a policy of the role {self.role}" if self.role else "a policy of this user"
        return f"add to {where}: {dumps(self.statement)}"


def missing_statement(text: str, passed_to: str = "") -> MissingStatement | None:
    """Return the statement whose absence a denial in a text states, or None if the text has no such denial.

    `passed_to` is the service to which a role is passed, which AWS's text does not name; a text about ECS implies it.
    """
    found = _DENIAL.search(text)
    if found is None or any(each in found["why"] for each in _NOT_MISSING):
        return None
    action, resource = found["action"], (found["resource"] or "*").rstrip(".,;")
    prefix, _, name = action.partition(":")
    role = _ROLE.search(found["user"])
    given: dict[str, Json] = {"Effect": "Allow", "Action": f"{prefix.lower()}:{name}", "Resource": _widen(resource)}
    service = passed_to or (ECS_TASKS if "ECS" in text else "")
    if action == "iam:PassRole" and service:
        given["Condition"] = {"StringEquals": {"iam:PassedToService": service}}
    return MissingStatement(role[1] if role else "", given)


def _widen(resource: str) -> str:
    """Return a resource for similar calls: all revisions of a task definition, all tasks of a cluster, a log group."""
    if ":log-group:" in resource:
        return f"{resource.partition(':log-stream:')[0]}:*"
    if ":task-definition/" in resource and resource.count(":") > 5:
        return f"{resource.rpartition(':')[0]}:*"
    return _TASK_ID.sub(r":task/\1/*", resource)
