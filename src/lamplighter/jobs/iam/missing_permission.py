"""Explain why a state machine fails without a permission: the error, the reason, and the statement to add.

Guarantees an explanation of the most frequent case: the policy that the console creates for a machine with
`ecs:runTask.sync` has no `iam:PassRole`, and whether that fails depends on the task definition.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.iam.required_calls import CallContext, required_calls
from lamplighter.lang.iam_policy.evaluate import IamCall, allows_action_somewhere, evaluate_policy

MANAGED_RULE_REASON = "Step Functions uses a managed rule to learn that the task of `.sync` has stopped."
REASONS = {
    "iam:PassRole": (
        "RunTask passes this role to the task, and ECS requires iam:PassRole for that. The policy that the AWS console "
        "creates for a state machine lacks it, so a task definition with a role fails."
    ),
    "ecs:TagResource": "RunTask tags the task because of PropagateTags or Tags.",
    "events:PutRule": MANAGED_RULE_REASON,
    "events:PutTargets": MANAGED_RULE_REASON,
    "events:DescribeRule": MANAGED_RULE_REASON,
    "ecs:StopTask": "A timeout, or a run that is stopped, stops the task; without it the task keeps running.",
    "ecs:DescribeTasks": "`.sync` also polls its task, because events may be lost.",
}


@dataclass(frozen=True, slots=True)
class MissingPermission:
    """A call that no statement allows."""

    call: IamCall
    error: str
    """The error with which the run fails."""
    reason: str
    statement: Json
    """The statement to add to the policy of the machine's role."""

    def __str__(self) -> str:
        return f"{self.error}\n  {self.reason}\n  add: {dumps(self.statement)}"


def missing_permissions(
    definition: Json, statements: Iterable[Json], context: CallContext, role: str = "the-role"
) -> list[MissingPermission]:
    """Return every call of a machine that the role does not allow.

    If only a run knows a call's resource (`*`), any statement that allows the action is enough.
    """
    known = list(statements)
    found = []
    for call in required_calls(definition, context):
        decision = evaluate_policy(known, call)
        if not decision.allowed and not ("*" in call.resource and allows_action_somewhere(known, call.action)):
            reason = REASONS.get(call.action, "The definition calls it.")
            found.append(
                MissingPermission(call, _error(call, decision.reason, context, role), reason, allowing_statement(call))
            )
    return found


def allowing_statement(call: IamCall) -> Json:
    """Return the narrowest statement that allows a call and similar calls."""
    resource = call.resource
    context = {key: value for key, value in call.context.items() if not key.startswith("aws:ResourceTag/")}
    if call.action == "ecs:RunTask":
        resource = f"{resource.rsplit(':', 1)[0]}:*" if resource.count(":") > 5 else f"{resource}:*"
    if ":task/" in resource:
        resource = f"{resource.rsplit('/', 1)[0]}/*"
    given: Json = {"Effect": "Allow", "Action": call.action, "Resource": resource}
    if call.action == "ecs:TagResource":
        context.pop("ecs:cluster", None)
    operator = "ArnEquals" if "ecs:cluster" in context else "StringEquals"
    return {**given, "Condition": {operator: context}} if context else given


def _error(call: IamCall, reason: str, context: CallContext, role: str) -> str:
    account = context.machine.split(":")[4]
    return (
        f"AccessDeniedException: User: arn:aws:sts::{account}:assumed-role/{role}/a-run is not authorized to perform: "
        f"{call.action} on resource: {call.resource} because {reason}"
    )
