"""Check a state machine's role when the machine is created or changed, if the engine enforces IAM.

Step Functions must be able to assume the role. The role of a machine with `.sync` must be able to create the managed
rule with which Step Functions learns that the work has ended: without that, AWS refuses the machine, too.
The role of a machine that logs must be able to manage log deliveries.
See https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html.
"""

from lamplighter.base.aws.role_session import RoleSession, Signer
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Bus, Caller, caller_of
from lamplighter.services.states.integrations.task_caller_role import SERVICE_PRINCIPAL
from lamplighter.store.db import Reader

MANAGED_RULES = {
    ":::ecs:runTask.sync": "StepFunctionsGetEventsForECSTaskRule",
    ":::states:startExecution.sync": "StepFunctionsGetEventsForStepFunctionsExecutionRule",
}
"""The rules that Step Functions manages in the customer's account, by a part of the resources that need them."""
RULE_OPERATIONS = {"PutRule": "Name", "DescribeRule": "Name", "PutTargets": "Rule"}
"""The operations on a managed rule, each with its parameter that names the rule."""


LOG_OPERATIONS = (
    *("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries"),
    *("PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"),
)
"""What the role of a machine with a log group must be allowed to do, on all resources.

See https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy.
"""


class NoLogDestination(AwsError):
    """The role may not send logs."""

    code = "AccessDeniedException"

    def __init__(self) -> None:
        super().__init__("The state machine IAM Role is not authorized to access the Log Destination")


class NoManagedRule(AwsError):
    """The role may not create the managed rule."""

    code = "AccessDeniedException"

    def __init__(self, role: str) -> None:
        super().__init__(f"'{role}' is not authorized to create managed-rule.")


def check_machine_role(bus: Bus, reader: Reader, machine: str, role: str, definition: str, logging: Json) -> None:
    """Raise AccessDenied unless a machine can use its role; do nothing if the engine does not enforce IAM."""
    if bus.guard is None:
        return
    session = RoleSession(role, "create", service=SERVICE_PRINCIPAL, source=machine)
    own = caller_of(machine)
    caller = Caller(own.account, own.region, signer=Signer(session=session))
    bus.guard.check_role(reader, "states", session)
    for resource, rule in MANAGED_RULES.items():
        if resource in definition:
            _check_rule(bus, reader, caller, role, rule)
    if logging and logging.get("level", "OFF") != "OFF":
        _check_logs(bus, reader, caller)


def _check_logs(bus: Bus, reader: Reader, caller: Caller) -> None:
    for operation in LOG_OPERATIONS:
        try:
            bus.check_access(reader, caller, "logs", operation, {})
        except AwsError:
            raise NoLogDestination from None


def _check_rule(bus: Bus, reader: Reader, caller: Caller, role: str, rule: str) -> None:
    for operation, parameter in RULE_OPERATIONS.items():
        try:
            bus.check_access(reader, caller, "events", operation, {parameter: rule})
        except AwsError:
            raise NoManagedRule(role) from None
