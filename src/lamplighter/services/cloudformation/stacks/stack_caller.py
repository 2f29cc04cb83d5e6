"""Say who makes the calls of a stack's operation: the role of the stack, or else the caller who began the operation.

Guarantees AWS's rule: "CloudFormation always uses this role for all future operations on the stack. If no role is
available, CloudFormation uses a temporary session that is generated from your user credentials." A caller without a
session, that is, a key of the credentials file, limits nothing. This has an effect only if the engine enforces IAM.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html.
"""

from dataclasses import asdict, replace

from lamplighter.base.aws import arn
from lamplighter.base.aws.role_session import RoleSession, Signer
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Bus, Caller
from lamplighter.services.cloudformation.errors import StackValidationError
from lamplighter.services.cloudformation.tables.stacks import SERVICE, Stack
from lamplighter.store.db import Reader

SERVICE_PRINCIPAL = "cloudformation.amazonaws.com"
SESSION_NAME = "AWSCloudFormation"
"""The name of the session of a stack's role."""


def acting_for(stack: Stack, caller: Caller) -> Stack:
    """Return a stack whose operation is made for a caller from now on."""
    session = None if caller.session is None else asdict(caller.session)
    return stack if stack.body.get("session") == session else replace(stack, body=stack.body | {"session": session})


def acting_for_engine(stack: Stack) -> Stack:
    """Return a stack whose calls the engine makes for itself; nothing limits them."""
    return replace(stack, plan=stack.plan | {"role": None}, body=stack.body | {"session": None})


def with_role(stack: Stack, params: Json) -> Stack:
    """Return a stack with the role that a request names, or with the one that it has."""
    return replace(stack, plan=stack.plan | {"role": params["RoleARN"]}) if params.get("RoleARN") else stack


def stack_caller(stack: Stack) -> Caller:
    """Return the caller for whom the calls of a stack's operation are made."""
    session = _session(stack)
    return Caller(stack.account, stack.region, signer=None if session is None else Signer(session=session))


def _session(stack: Stack) -> RoleSession | None:
    role = (stack.plan or {}).get("role")
    if role:
        return RoleSession(role, SESSION_NAME, service=SERVICE_PRINCIPAL, source=stack.id)
    stored = stack.body.get("session")
    if stored is None:
        return None
    lists = {name: tuple(stored[name]) for name in ("policies", "called_via")}
    session = RoleSession(**{**stored, **lists, "tags": tuple((name, value) for name, value in stored["tags"])})
    via = session.called_via
    return session if SERVICE_PRINCIPAL in via else replace(session, called_via=(*via, SERVICE_PRINCIPAL))


def check_stack_role(bus: Bus, reader: Reader, stack: Stack) -> None:
    """Raise `StackValidationError` if the engine enforces IAM and CloudFormation cannot assume the stack's role."""
    if bus.guard is None or not stack.plan.get("role"):
        return
    source = stack.id or arn.build(SERVICE, stack.region, stack.account, f"stack/{stack.name}/*")
    session = RoleSession(stack.plan["role"], SESSION_NAME, service=SERVICE_PRINCIPAL, source=source)
    try:
        bus.guard.check_role(reader, SERVICE, session)
    except AwsError:
        raise StackValidationError(f"Role {session.role} is invalid or cannot be assumed") from None
