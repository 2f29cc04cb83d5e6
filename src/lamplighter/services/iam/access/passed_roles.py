"""Find the roles that a call passes to a service, for which the caller needs iam:PassRole.

RunTask passes the roles of its task definition, unless it overrides them: this is the permission that the policies
which the Step Functions console creates lack.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/CWE_IAM_role.html.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json

TASKS = "ecs-tasks.amazonaws.com"
TASK_ROLES = ("executionRoleArn", "taskRoleArn")


def passed_roles(service: str, operation: str, params: Json) -> Iterator[tuple[str, str]]:
    """Yield the roles in a call's own parameters, each with the service to which it is passed."""
    match service, operation:
        case "ecs", "RegisterTaskDefinition":
            yield from ((params[each], TASKS) for each in TASK_ROLES if params.get(each))
        case "states", "CreateStateMachine" | "UpdateStateMachine" | "TestState":
            yield from _given(params, "roleArn", "states.amazonaws.com")
        case "events", "PutRule":
            yield from _given(params, "RoleArn", "events.amazonaws.com")
        case "events", "PutTargets":
            for target in params.get("Targets", []):
                yield from _given(target, "RoleArn", "events.amazonaws.com")
        case "scheduler", "CreateSchedule" | "UpdateSchedule":
            yield from _given(params.get("Target", {}), "RoleArn", "scheduler.amazonaws.com")
        case "logs", "PutSubscriptionFilter" | "PutDestination":
            yield from _given(params, "roleArn", "logs.amazonaws.com")
        case "cloudformation", "CreateStackSet" | "UpdateStackSet":
            yield from _given(params, "AdministrationRoleARN", "cloudformation.amazonaws.com")
        case "cloudformation", _:
            yield from _given(params, "RoleARN", "cloudformation.amazonaws.com")
        case _:
            return


def _given(params: Json, name: str, service: str) -> Iterator[tuple[str, str]]:
    if params.get(name):
        yield str(params[name]), service


def task_roles(params: Json, definition: Json) -> list[str]:
    """Return the roles that RunTask passes: those of the overrides, else those of the task definition."""
    overrides = params.get("overrides") or {}
    found = (overrides.get(each) or definition.get(each) for each in TASK_ROLES)
    return list(dict.fromkeys(str(each) for each in found if each))
