"""Say under which role a task's call is made: the state machine's own, or the one in the state's Credentials.

A state with Credentials needs sts:AssumeRole on that role, whose trust policy must name the machine's role. Without a
guard, that is, unless the engine enforces IAM, nothing is computed. See
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html.
"""

from dataclasses import dataclass, replace

from lamplighter.base.aws.role_session import RoleSession, Signer
from lamplighter.bus import Bus, Caller, caller_of
from lamplighter.store.db import Reader

SERVICE_PRINCIPAL = "states.amazonaws.com"


@dataclass(frozen=True, slots=True)
class TaskRoles:
    """The roles of a task."""

    machine: str
    """The role of the state machine."""
    task: str
    """The role of the state's Credentials, or the machine's."""


def caller_of_task(bus: Bus, reader: Reader, execution: str, roles: TaskRoles) -> Caller:
    """Return who makes a task's call. Raises AccessDenied if the machine's role may not assume the task's."""
    caller = replace(caller_of(execution), origin=execution)
    if bus.guard is None:
        return caller
    own = _with_session(
        caller,
        RoleSession(roles.machine, _session_name(execution), service=SERVICE_PRINCIPAL, source=machine_of(execution)),
    )
    if roles.task == roles.machine:
        return own
    assumed = {"RoleArn": roles.task, "RoleSessionName": _session_name(execution)}
    bus.check_access(reader, own, "sts", "AssumeRole", assumed)
    bus.check_trust(reader, own, assumed)
    return _with_session(caller, RoleSession(roles.task, _session_name(execution), source=machine_of(execution)))


def caller_of_test(bus: Bus, caller: Caller, role: str | None) -> Caller:
    """Return who makes the call of a tested state: the role in the request, or the caller of TestState."""
    if bus.guard is None:
        return replace(caller, signer=None)
    if role is None:
        return caller
    return _with_session(caller, RoleSession(role, "TestState", service=SERVICE_PRINCIPAL))


def machine_of(execution: str) -> str:
    """Return the ARN of an execution's state machine."""
    parts = execution.split(":")
    return ":".join([*parts[:5], "stateMachine", parts[6].partition("/")[0]])


def _session_name(execution: str) -> str:
    return execution.split(":")[7][:64]


def _with_session(caller: Caller, session: RoleSession) -> Caller:
    return replace(caller, signer=Signer(session=session))
